"""The whole story: a CT in, two femurs out."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from femurkit import __version__
from femurkit.anatomy import Side
from femurkit.dicom.common import quiet
from femurkit.dicom.write_seg import write_seg
from femurkit.dicom.write_segmented import write_segmented_series
from femurkit.dicom.write_stl import write_encapsulated_stl
from femurkit.errors import DegenerateShape, NoFemurFound
from femurkit.hips.boxes import hips_for
from femurkit.hips.edges import EDGE_CLAIMS, edges_of_mask
from femurkit.hips.locate import Hip
from femurkit.images import write_mask
from femurkit.measure.femur import measure
from femurkit.measure.hollow import why_solid
from femurkit.measure.likeness import likeness
from femurkit.measure.verdict import verdict
from femurkit.output import FEMURS, whole_or_nothing
from femurkit.remark import Remark, remarks_on
from femurkit.report.build import femur_page, remarks
from femurkit.report.content import FemurPage
from femurkit.report.render import write_report
from femurkit.report.run import Run, record_of, report_of
from femurkit.report.tables import write_csv, write_json
from femurkit.result import Result
from femurkit.segment.uncertainty import uncertainty as doubt
from femurkit.segment.weights import Network, fine_network, weights_hash
from femurkit.segment.whole import predict_whole
from femurkit.solid import faces
from femurkit.sources import Gaps, Scan, load
from femurkit.steps import Listener, Steps
from femurkit.surface.cortex import cortex
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import to_mask
from femurkit.surface.files import AS_FOUND, SurfaceFiles, SurfaceOptions
from femurkit.surface.hollow import hollow
from femurkit.surface.paper import paper_hollow
from femurkit.surface.periosteal import periosteal
from femurkit.threads import threads
from femurkit.volume import Mask

Which = Literal["both", "left", "right"]
Recipe = Literal["default", "paper"]
Outline = Literal["edge", "network"]
Slices = Literal["touched", "all"]
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True, eq=False)
class Femur:
    """One femur as it leaves the pipeline."""

    side: Side
    mask: Mask
    measured: dict[str, Any]
    page: FemurPage
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...]


def reconstruct(
    path: Path | str,
    out: Path | str,
    *,
    side: Which = "both",
    recipe: Recipe = "default",
    weights: Path | str | None = None,
    outline: Outline | None = None,
    device: Device = "auto",
    overwrite: bool = False,
    series_uid: str | None = None,
    gaps: Gaps = "refuse",
    anonymize: bool = False,
    slices: Slices = "touched",
    uncertainty: bool = False,
    surfaces: SurfaceOptions = AS_FOUND,
    progress: Listener | None = None,
) -> Result:
    """Turn a hip CT into femurs: masks, segmented DICOM, surfaces, measurements, report.

    path: folder, zip, or NIfTI/NRRD/MetaImage file in HU; never changed. out: a folder that appears
    whole or not at all. recipe: which shipped network segments, and how the hollow bone is made;
    weights: an .onnx from training to use in the network's place. outline: brought to the edges
    that the CT shows, or as the network draws it; not said, the edge for the network of the recipe
    default, whose convention that is. gaps: resample puts in missing slices. anonymize: all that is
    written is de-identified, with UIDs that are new in each run. uncertainty: write the map of the
    network's doubt too. surfaces: formats, axes and triangles of their files.
    progress: called with the name of each step as it begins.
    Raises InputRefused (a subclass says why) or NoFemurFound.
    """
    steps, path, out = Steps(progress), Path(path), Path(out)
    weights = None if weights is None else Path(weights)
    with whole_or_nothing(out, overwrite=overwrite, kind=FEMURS, source=path) as folder:
        network = fine_network(recipe, weights=weights, device=device)
        sha256 = weights_hash(network)
        with steps("read"):
            scan = load(path, series_uid=series_uid, gaps=gaps, anonymize=anonymize)
        with steps("find hips"):
            hips, missing = _wanted(hips_for(network, scan.volume, device=device), side)
        files = SurfaceFiles(folder, surfaces, faces(scan.volume.grid))
        drawn = outline or ("network" if weights or recipe == "paper" else "edge")
        femurs, notes = _femurs(
            _Work(scan, network, recipe, drawn, files, slices, uncertainty, weights is None, steps),
            hips,
        )
        femurs = _judged(femurs, scan.remarks)
        if scan.series is not None:
            with steps("segmentation object"):
                masks = {femur.side: femur.mask for femur in femurs}
                write_seg(
                    scan.series, masks, folder / "segmentation.dcm",
                    weights_hash=sha256, version=__version__,
                )  # fmt: skip
        warnings = (*scan.notes, *missing, *notes)
        settings = {
            "side": side, "recipe": recipe, "network": "given" if weights else "shipped",
            "outline": drawn,
            "device": device, "slices": slices, "gaps": gaps,
            "anonymize": "yes" if anonymize else "no",
            "uncertainty": "yes" if uncertainty else "no",
            **surfaces.told(),
        }  # fmt: skip
        told = [("scan", r) for r in scan.remarks]
        told += [(femur.side.value, r) for femur in femurs for r in femur.remarks]
        run = Run(scan, __version__, sha256, settings, warnings, steps, told)
        with steps("report"):
            write_report(report_of(run, [f.page for f in femurs]), folder / "report.html")
        measurements = tuple(femur.measured for femur in femurs)
        write_json(measurements, folder / "measurements.json")
        write_csv(measurements, folder / "measurements.csv")
        write_json(record_of(run), folder / "run.json")
    return Result(out, measurements, warnings, steps.seconds, steps.elapsed, surfaces.space)


def _wanted(hips: Sequence[Hip], which: Which) -> tuple[list[Hip], list[str]]:
    """The hips asked for, one at least or NoFemurFound; a sentence for each that is not there."""
    chosen = [hip for hip in hips if which in ("both", hip.side.value)]
    if not chosen:
        there = " and ".join(hip.side.value for hip in hips) or "none"
        raise NoFemurFound(f"no {which} femur in this CT (found: {there}). Pass another --side.")
    sides = {side.value for side in Side if which in ("both", side.value)}
    lost = sorted(sides - {hip.side.value for hip in chosen})
    return chosen, [f"no {side} femur was found; only the other was done" for side in lost]


def _judged(femurs: Sequence[Femur], said: Sequence[Remark]) -> list[Femur]:
    """Each with its verdict: what a person should do with it. said: of the scan."""
    out = []
    for femur in femurs:
        other = next((f.measured for f in femurs if f.side is not femur.side), None)
        judged = verdict(femur.measured, other=other, remarks=(*said, *femur.remarks))
        told = {"verdict": judged.word, "verdict_reasons": list(judged.reasons)}
        page = replace(femur.page, verdict=judged)
        out.append(replace(femur, measured=femur.measured | told, page=page))
    return out


@dataclass(frozen=True, eq=False)
class _Work:
    """What the making of every femur shares."""

    scan: Scan
    network: Network
    recipe: Recipe
    outline: Outline
    files: SurfaceFiles
    slices: Slices
    uncertainty: bool
    shipped: bool
    """Whether the network is ours: what one of the user's own draws is shown, whatever it is."""
    steps: Steps


def _femurs(work: _Work, hips: Sequence[Hip]) -> tuple[list[Femur], list[str]]:
    """Every femur that can be made, and what to know: about each, and why one could not be made."""
    # Quiet around all of them: a thread that ends its own quiet would end that of the others.
    with quiet(), ThreadPoolExecutor(min(len(hips), threads())) as pool:
        made = list(pool.map(partial(_femur_or_why, work), hips))
    femurs = [each for each in made if isinstance(each, Femur)]
    notes = [note for each in made for note in (each.notes if isinstance(each, Femur) else [each])]
    if not femurs:
        raise NoFemurFound(" ".join(notes))
    return femurs, notes


def _femur_or_why(work: _Work, hip: Hip) -> Femur | str:
    """A femur, or in one sentence why it could not be made; then nothing of it is left."""
    files = work.files.within(hip.side.value)
    try:
        return _femur(work, hip, files)
    except DegenerateShape as error:
        shutil.rmtree(files.folder, ignore_errors=True)
        return f"The {hip.side.value} femur could not be made: {error}."


def _femur(work: _Work, hip: Hip, files: SurfaceFiles) -> Femur:
    """Everything about one femur, written to its own folder."""
    scan, steps, side = work.scan, work.steps, hip.side
    volume, grid, folder = scan.volume, scan.volume.grid, files.folder
    with steps(f"{side.value}: segment"):
        probability = predict_whole(volume, hip.box, network=work.network)
    with steps(f"{side.value}: mask"):
        ready = outlined(probability, volume, edge=work.outline == "edge")
        mask = to_mask(ready)
        write_mask(mask.array.view("uint8"), grid, folder / "mask.nii.gz")
        if work.uncertainty:
            write_mask(doubt(probability, mask), grid, folder / "uncertainty.nii.gz")
    with steps(f"{side.value}: surfaces"):
        ready = replace(ready, smoothing=files.options.smoothing(ready.smoothing))
        solid = periosteal(ready)
        outline = solid.mesh
        alike = likeness(outline, side, files.planes)
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
    with steps(f"{side.value}: cortex"):
        wall = cortex(outline, volume)
        files.write_cortex(outline, wall)
    with steps(f"{side.value}: measure"):
        measured = measure(
            side,
            mask,
            outline,
            inner.mesh,
            volume,
            probability=probability,
            cortex=wall,
            alike=alike,
            no_canal=why_solid(inner),
        )
        measured["surfaces"] = written
    if scan.series is not None:
        with steps(f"{side.value}: segmented CT"):
            write_segmented_series(scan.series, mask, folder / "ct", side=side, slices=work.slices)
            for name in written:
                write_encapsulated_stl(
                    scan.series, files.read(name), folder / f"{name}_stl.dcm",
                    side=side, hollow=name != "femur",
                )  # fmt: skip
    cut = remarks_on(edges_of_mask(mask), EDGE_CLAIMS)
    notes = [f"{side.value.capitalize()} hip: {note}" for note in (*map(str, cut), *inner.notes)]
    with steps(f"{side.value}: pictures"):
        page = femur_page(
            volume, side,
            periosteal=outline, hollow=inner.mesh, measured=measured, cortex=wall, notes=notes,
        )  # fmt: skip
    return Femur(side, mask, measured, page, cut, (*notes, *remarks(measured)))
