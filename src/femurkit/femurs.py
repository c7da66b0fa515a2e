"""The femurs of a scan, from hip to files. What can run side by side does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from femurkit import __version__
from femurkit.anatomy import Side
from femurkit.dicom.common import quiet
from femurkit.dicom.write_seg import write_seg
from femurkit.dicom.write_segmented import write_segmented_series
from femurkit.dicom.write_stl import write_encapsulated_stl
from femurkit.errors import DegenerateShape, NoFemurFound
from femurkit.hips.edges import EDGE_CLAIMS, edges_of_mask
from femurkit.hips.locate import Hip
from femurkit.images import write_mask
from femurkit.measure.femur import measure
from femurkit.measure.hollow import why_solid
from femurkit.measure.likeness import Likeness, likeness
from femurkit.mesh import Mesh
from femurkit.remark import Remark, remarks_on
from femurkit.report.build import femur_page, remarks
from femurkit.report.content import FemurPage
from femurkit.segment.uncertainty import uncertainty as doubt
from femurkit.segment.weights import Network
from femurkit.segment.whole import predict_whole
from femurkit.sources import Scan
from femurkit.steps import Steps
from femurkit.surface.cortex import Cortex, cortex
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import to_mask
from femurkit.surface.files import SurfaceFiles
from femurkit.surface.hollow import hollow
from femurkit.surface.paper import paper_hollow
from femurkit.surface.periosteal import periosteal
from femurkit.threads import threads
from femurkit.volume import Field, Mask

Recipe = Literal["default", "paper"]
Outline = Literal["edge", "network"]
Slices = Literal["touched", "all"]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Work:
    """What the making of every femur shares. files: in the folder of the results.

    shipped: whether the network is ours: what one of the user's own draws is shown, whatever it is.
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


@dataclass(frozen=True, eq=False)
class Femur:
    """One femur, everything about it written to its own folder."""

    side: Side
    mask: Mask
    measured: dict[str, Any]
    page: FemurPage
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A femur as mask and surfaces. written: what to know of the surfaces' files, by name."""

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


@dataclass(frozen=True, eq=False)
class _Measured:
    """A femur as drawn, with its cortex and measurements, and what cuts it."""

    drawn: _Drawn
    wall: Cortex | str
    measured: dict[str, Any]
    cut: tuple[Remark, ...]

    @property
    def side(self) -> Side:
        """Left or right."""
        return self.drawn.side


def make_femurs(work: Work, hips: Sequence[Hip]) -> tuple[list[Femur], list[str]]:
    """Every femur that can be made, and what to know: about each, and why one could not be made.

    Raises NoFemurFound if none can.
    """
    # Quiet around all of them: a thread that ends its own quiet would end that of the others.
    with quiet(), ThreadPoolExecutor(threads()) as pool:
        try:
            femurs, why = _made(work, hips, pool)
        except BaseException:
            work.steps.stop()
            raise
    made = {femur.side for femur in femurs}
    for hip in hips:
        if hip.side not in made:
            shutil.rmtree(work.files.folder / hip.side.value, ignore_errors=True)
    if not femurs:
        raise NoFemurFound(" ".join(why))
    return femurs, [*why, *(note for femur in femurs for note in femur.notes)]


def _made(
    work: Work, hips: Sequence[Hip], pool: ThreadPoolExecutor
) -> tuple[list[Femur], list[str]]:
    """The same, by the threads of a pool."""
    # DICOM is written by Python, which one thread runs at a time; the rest is mostly not. So one is
    # begun beside the other, and what is waited for longest comes first. Each waits for what was
    # begun before it, so there is always one that need not wait.
    drawn = [pool.submit(_or_why, _draw, work, hip) for hip in hips]
    written = [pool.submit(_write_slices, work, each) for each in drawn[:1]]
    measured = [pool.submit(_then, _measure, work, each) for each in drawn]
    written.append(pool.submit(lambda: _write_segmentation(work, _there(drawn))))
    written += [pool.submit(_write_slices, work, each) for each in drawn[1:]]
    pictured = [pool.submit(_then, _picture, work, each) for each in measured]
    for each in written:
        each.result()
    femurs = _there(pictured)
    if len(femurs) < len(_there(drawn)):
        _write_segmentation(work, femurs)
    return femurs, [why for each in pictured if isinstance(why := each.result(), str)]


def _or_why(make: Callable[[Work, Any], T], work: Work, which: Hip | _Drawn | _Measured) -> T | str:
    """What is made of a femur, or in one sentence why it could not be."""
    try:
        return make(work, which)
    except DegenerateShape as error:
        return f"The {which.side.value} femur could not be made: {error}."


def _there(made: Sequence[Future[Any]]) -> list[Any]:
    """What could be made."""
    return [each for m in made if not isinstance(each := m.result(), str)]


def _then(make: Callable[[Work, Any], T], work: Work, before: Future[Any]) -> T | str:
    """The same, of what another thread makes; if that could not be made, why."""
    found = before.result()
    return found if isinstance(found, str) else _or_why(make, work, found)


def _draw(work: Work, hip: Hip) -> _Drawn:
    """A femur from the CT to its mask and surfaces, which are written."""
    steps, side, volume = work.steps, hip.side, work.scan.volume
    files = work.files.within(side.value)
    with steps(f"{side.value}: segment"):
        probability = predict_whole(volume, hip.box, network=work.network)
    with steps(f"{side.value}: mask"):
        ready = outlined(probability, volume, edge=work.outline == "edge")
        mask = to_mask(ready)
        write_mask(mask.array.view("uint8"), volume.grid, files.folder / "mask.nii.gz")
        if work.uncertainty:
            doubtful = doubt(probability, mask)
            write_mask(doubtful, volume.grid, files.folder / "uncertainty.nii.gz")
    with steps(f"{side.value}: surfaces"):
        ready = replace(ready, smoothing=files.options.smoothing(ready.smoothing))
        solid = periosteal(ready)
        alike = likeness(solid.mesh, side, files.planes)
        if not alike.is_femur and work.shipped:
            raise DegenerateShape(f"it is none. {alike.out_text}")
        if work.recipe == "paper":
            inner = paper_hollow(volume, mask)
        else:
            inner = hollow(ready, volume, solid)
        written = {
            name: files.write(surface, name)
            for name, surface in (("femur", solid), ("femur_hollow", inner.surface))
        }
    return _Drawn(
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
    )


def _measure(work: Work, drawn: _Drawn) -> _Measured:
    """A femur's measurements."""
    steps, side, volume = work.steps, drawn.side, work.scan.volume
    with steps(f"{side.value}: cortex"):
        wall = cortex(drawn.outline, volume)
        drawn.files.write_cortex(drawn.outline, wall)
    with steps(f"{side.value}: measure"):
        measured = measure(
            side, drawn.mask, drawn.outline, drawn.hollow, volume,
            probability=drawn.probability, cortex=wall, alike=drawn.alike, no_canal=drawn.no_canal,
        )  # fmt: skip
        measured["surfaces"] = drawn.written
    cut = remarks_on(edges_of_mask(drawn.mask), EDGE_CLAIMS)
    return _Measured(drawn, wall, measured, cut)


def _picture(work: Work, found: _Measured) -> Femur:
    """A femur with its page of the report."""
    drawn, measured, side = found.drawn, found.measured, found.side
    said = (*map(str, found.cut), *drawn.notes)
    notes = [f"{side.value.capitalize()} hip: {note}" for note in said]
    with work.steps(f"{side.value}: pictures"):
        page = femur_page(
            work.scan.volume, side, periosteal=drawn.outline, hollow=drawn.hollow,
            measured=measured, cortex=found.wall, notes=notes,
        )  # fmt: skip
    return Femur(side, drawn.mask, measured, page, found.cut, (*notes, *remarks(measured)))


def _write_slices(work: Work, before: Future[_Drawn | str]) -> None:
    """The segmented CT, and the surfaces as DICOM; nothing if the scan was none."""
    series, drawn = work.scan.series, before.result()
    if series is None or isinstance(drawn, str):
        return
    side, files = drawn.side, drawn.files
    with work.steps(f"{side.value}: segmented CT"):
        write_segmented_series(
            series, drawn.mask, files.folder / "ct", side=side, slices=work.slices
        )
        for name in drawn.written:
            write_encapsulated_stl(
                series, files.stl(name), files.folder / f"{name}_stl.dcm",
                side=side, hollow=name != "femur",
            )  # fmt: skip


def _write_segmentation(work: Work, femurs: Sequence[_Drawn | Femur]) -> None:
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
        )
