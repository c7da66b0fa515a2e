"""One femur of a scan: from the CT to mask, surfaces, measurements, its page and DICOM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from femurkit import __version__
from femurkit.anatomy import Side
from femurkit.bones.likeness import in_body
from femurkit.dicom.write_seg import write_seg
from femurkit.dicom.write_segmented import write_segmented_series
from femurkit.dicom.write_stl import KINDS, write_encapsulated_stl
from femurkit.errors import DegenerateShape
from femurkit.images import write_mask
from femurkit.locate.edges import EDGE_CLAIMS, edges_of_mask
from femurkit.locate.hip import Hip
from femurkit.measure.femur import measure
from femurkit.measure.fracture import fracture_findings, likeness_of_part, without_axes
from femurkit.measure.hollow import why_solid
from femurkit.measure.implant import IN_CANAL, implant_findings, without_metal
from femurkit.measure.likeness import LEFT_OUT_MM, Likeness, likeness
from femurkit.mesh import Mesh
from femurkit.remark import Remark, remarks_on
from femurkit.report.build import femur_page, remarks
from femurkit.report.content import FemurPage
from femurkit.segment.joint import Refined, refined
from femurkit.segment.uncertainty import uncertainty as doubt
from femurkit.segment.weights import Network
from femurkit.segment.whole import predict_whole
from femurkit.sources import Scan
from femurkit.steps import Steps
from femurkit.surface.cortex import Cortex, cortex
from femurkit.surface.field import Ready
from femurkit.surface.files import SurfaceFiles
from femurkit.surface.fragments import mask_of, outlined_pieces
from femurkit.surface.hollow import Hollow, hollow, metal_in_shaft, unopened
from femurkit.surface.implant import Implant, ends, implant_of, with_implant
from femurkit.surface.implant_surface import implant_surface
from femurkit.surface.paper import paper_hollow
from femurkit.surface.periosteal import periosteal
from femurkit.surface.smooth import Surface, together
from femurkit.volume import Field, Mask

Recipe = Literal["default", "paper"]
Outline = Literal["edge", "network"]
Slices = Literal["touched", "all"]


@dataclass(frozen=True, eq=False)
class Work:
    """What the making of every femur shares. files: in the folder of the results.

    shipped: whether the network is ours: what one of the user's own draws is shown, whatever it is.
    joint: the network of the third pass, over the hip joint, if there is one.
    """

    scan: Scan
    network: Network
    weights_hash: str
    recipe: Recipe
    outline: Outline
    files: SurfaceFiles
    slices: Slices
    uncertainty: bool
    shipped: bool
    steps: Steps
    joint: Network | None = None


@dataclass(frozen=True, eq=False)
class Femur:
    """One femur, everything about it written to its own folder. implant: if there is one."""

    side: Side
    mask: Mask
    measured: dict[str, Any]
    page: FemurPage
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...]
    implant: Implant | None = None


@dataclass(frozen=True, eq=False)
class Drawn:
    """A femur as mask and surfaces. written: what to know of the surfaces' files, by name; pieces:
    of bone that it is in; metal: the surface of the implant; head_undecided: see Refined.
    """

    side: Side
    files: SurfaceFiles
    probability: Field
    mask: Mask
    outline: Mesh
    hollow: Mesh
    alike: Likeness
    written: dict[str, Any]
    no_canal: str | None
    notes: tuple[str, ...]
    implant: Implant | None = None
    metal: Mesh | None = None
    pieces: int = 1
    head_undecided: float | None = None


@dataclass(frozen=True, eq=False)
class Measured:
    """A femur as drawn, with its cortex and measurements, and what was found on it."""

    drawn: Drawn
    wall: Cortex | str
    measured: dict[str, Any]
    findings: tuple[Remark, ...]

    @property
    def side(self) -> Side:
        """Left or right."""
        return self.drawn.side


def draw_femur(work: Work, hip: Hip) -> Drawn:
    """A femur from the CT to its mask and surfaces, which are written."""
    steps, side, volume = work.steps, hip.side, work.scan.volume
    files = work.files.within(side.value)
    with steps(f"{side.value}: segment"):
        probability, implant = hip.probability, hip.implant
        if probability is None:
            probability = predict_whole(volume, hip.box, network=work.network)
            implant = implant_of(probability, volume)
        if implant is not None:
            probability = with_implant(probability, implant)
    with steps(f"{side.value}: mask"):
        drawn = Refined(probability, None)
        if work.joint is not None:
            drawn = refined(probability, volume, side, network=work.joint)
        pieces = outlined_pieces(drawn.field, volume, edge=work.outline == "edge")
        mask = mask_of(pieces)
        write_mask(mask.array.view("uint8"), volume.grid, files.folder / "mask.nii.gz")
        if work.uncertainty:
            doubtful = doubt(probability, mask)
            write_mask(doubtful, volume.grid, files.folder / "uncertainty.nii.gz")
    with steps(f"{side.value}: surfaces"):
        smoothing = files.options.smoothing(pieces[0].smoothing)
        pieces = tuple(replace(piece, smoothing=smoothing) for piece in pieces)
        solids = [periosteal(piece) for piece in pieces]
        solid = together(solids)
        planes = (*files.planes, *(ends(implant, side) if implant is not None else ()))
        shown = in_body(volume)
        alike = likeness(solids[0].mesh, side, planes, shown=shown)
        if not alike.is_femur:
            alike = likeness_of_part(solids[0].mesh, side, planes, shown=shown) or alike
        if alike.apart.out_mm > LEFT_OUT_MM and work.shipped:
            raise DegenerateShape(f"the outline there is not that of a femur. {alike.out_text}")
        inner = _hollow(work, pieces, mask, solid, implant)
        surfaces = {"femur": solid, "femur_hollow": inner.surface}
        if implant is not None:
            surfaces["implant"] = implant_surface(implant, volume)
            write_mask(
                implant.mask.array.view("uint8"), volume.grid, files.folder / "implant_mask.nii.gz"
            )
        written = {name: files.write(surface, name) for name, surface in surfaces.items()}
    return Drawn(
        side,
        files,
        probability,
        mask,
        solid.mesh,
        inner.mesh,
        alike,
        written,
        why_solid(inner),
        inner.notes,
        implant,
        surfaces["implant"].mesh if implant is not None else None,
        len(pieces),
        drawn.undecided,
    )


def _hollow(
    work: Work, pieces: Sequence[Ready], mask: Mask, solid: Surface, implant: Implant | None
) -> Hollow:
    """The hollow bone, or the solid one where metal or a fracture hides the canal."""
    if len(pieces) > 1:
        return unopened(solid, "The bone is in pieces: no canal opened.")
    if implant is not None and metal_in_shaft(pieces[0], implant.within):
        return unopened(solid, f"{IN_CANAL.capitalize()}: no canal opened.")
    if work.recipe == "paper":
        return paper_hollow(work.scan.volume, mask)
    return hollow(pieces[0], work.scan.volume, solid)


def measure_femur(work: Work, drawn: Drawn) -> Measured:
    """A femur's measurements."""
    steps, side, volume = work.steps, drawn.side, work.scan.volume
    with steps(f"{side.value}: cortex"):
        implant = drawn.implant
        seen = volume if implant is None else without_metal(volume, implant)
        wall = cortex(drawn.outline, seen)
        drawn.files.write_cortex(drawn.outline, wall)
    with steps(f"{side.value}: measure"):
        measured = measure(
            side, drawn.mask, drawn.outline, drawn.hollow, volume,
            probability=drawn.probability, cortex=wall, alike=drawn.alike, no_canal=drawn.no_canal,
            implant=implant, pieces=drawn.pieces, head_undecided=drawn.head_undecided,
        )  # fmt: skip
        measured = without_axes(measured, drawn.pieces) | {"surfaces": drawn.written}
    findings = (
        *remarks_on(edges_of_mask(drawn.mask, volume), EDGE_CLAIMS),
        *implant_findings(implant, measured),
        *fracture_findings(
            drawn.outline, side, seen, measured, pieces=drawn.pieces, metal=implant is not None
        ),
    )
    return Measured(drawn, wall, measured, findings)


def picture_femur(work: Work, found: Measured) -> Femur:
    """A femur with its page of the report."""
    drawn, measured, side = found.drawn, found.measured, found.side
    said = (*map(str, found.findings), *drawn.notes)
    notes = [f"{side.value.capitalize()} hip: {note}" for note in said]
    with work.steps(f"{side.value}: pictures"):
        page = femur_page(
            work.scan.volume, side, periosteal=drawn.outline, hollow=drawn.hollow,
            measured=measured, cortex=found.wall, notes=notes, implant=drawn.metal,
        )  # fmt: skip
    told = (*notes, *remarks(measured))
    return Femur(side, drawn.mask, measured, page, found.findings, told, drawn.implant)


def write_slices(work: Work, drawn: Drawn) -> None:
    """The segmented CT, and the surfaces as DICOM; nothing if the scan was none."""
    series, side, files = work.scan.series, drawn.side, drawn.files
    if series is None:
        return
    with work.steps(f"{side.value}: segmented CT"):
        write_segmented_series(
            series, drawn.mask, files.folder / "ct", side=side, slices=work.slices
        )
        for name in drawn.written:
            write_encapsulated_stl(
                series, files.stl(name), files.folder / f"{name}_stl.dcm",
                side=side, kind=KINDS[name],
            )  # fmt: skip


def write_segmentation(work: Work, femurs: Sequence[Drawn | Femur]) -> None:
    """All of them as one DICOM Segmentation; nothing if there are none or the scan was none."""
    if work.scan.series is None or not femurs:
        return
    with work.steps("segmentation object"):
        write_seg(
            work.scan.series,
            {femur.side: femur.mask for femur in femurs},
            work.files.folder / "segmentation.dcm",
            weights_hash=work.weights_hash,
            version=__version__,
            implants={f.side: f.implant.mask for f in femurs if f.implant is not None},
        )
