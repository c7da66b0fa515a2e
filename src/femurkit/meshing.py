"""Surfaces and measurements of any mask, wherever it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from femurkit.anatomy import Side
from femurkit.dicom.read_seg import is_dicom, read_seg
from femurkit.errors import InputRefused
from femurkit.images import read_mask
from femurkit.measure.femur import measure
from femurkit.measure.hollow import why_solid
from femurkit.mesh import Mesh
from femurkit.output import MESHED, whole_or_nothing
from femurkit.report.build import remarks
from femurkit.report.tables import write_csv, write_json
from femurkit.solid import faces
from femurkit.sources import load
from femurkit.steps import Listener, Steps
from femurkit.surface.cortex import cortex
from femurkit.surface.files import AS_FOUND, SurfaceFiles, SurfaceOptions
from femurkit.surface.head import fit_head
from femurkit.surface.hollow import hollow
from femurkit.surface.periosteal import periosteal, ready_mask
from femurkit.volume import Mask, Volume


@dataclass(frozen=True)
class Meshed:
    """What mesh_mask() did. measurements: one dict a femur, as in measurements.json."""

    measurements: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]


def mesh_mask(
    path: Path,
    out: Path,
    *,
    ct: Path | None = None,
    overwrite: bool = False,
    surfaces: SurfaceOptions = AS_FOUND,
    progress: Listener | None = None,
) -> Meshed:
    """Write out/left and out/right: femur.stl, with a CT also femur_hollow.stl and cortex.vtp (the
    outline with cortical thickness); and measurements.

    path: a mask (NIfTI, NRRD, MetaImage, DICOM SEG) with 1 left and 2 right, or one femur of any
    label, whose side its head tells.
    ct: anything that load() reads; it need not share the mask's grid. surfaces: formats,
    axes and triangles of their files. Raises InputRefused.
    """
    steps = Steps(progress)
    with whole_or_nothing(out, overwrite=overwrite, kind=MESHED, source=path) as to:
        with steps("read"):
            dicom = path.is_file() and is_dicom(path)
            labels, grid = read_seg(path) if dicom else read_mask(path)
            volume = load(ct).volume if ct else None
        rows: list[dict[str, Any]] = []
        warnings: list[str] = []
        for side, label in _femurs(labels):
            with steps(f"label {label}"):
                files = SurfaceFiles(to, surfaces, faces(grid))
                measured, notes = _mesh(Mask(labels == label, grid), side, volume, files)
            rows.append(measured)
            warnings += [*notes, *remarks(measured)]
        write_json(rows, to / "measurements.json")
        write_csv(rows, to / "measurements.csv")
    return Meshed(tuple(rows), tuple(warnings))


def _femurs(labels: np.ndarray) -> list[tuple[Side | None, int]]:
    """Which label is which femur; side None where the label does not say."""
    present = np.flatnonzero(np.bincount(labels.ravel(), minlength=256)[1:]) + 1
    if present.tolist() == [Side.LEFT.label, Side.RIGHT.label]:
        return [(side, side.label) for side in Side]
    if len(present) == 1:
        return [(None, int(present[0]))]
    raise InputRefused(
        f"labels {', '.join(map(str, present))}" if len(present) else "an empty mask",
        expected="1 left and 2 right, or one femur",
        remedy="Keep only the femurs in the mask.",
    )


def _mesh(
    mask: Mask, side: Side | None, volume: Volume | None, files: SurfaceFiles
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Surfaces of one femur, written; its measurements and what to know about them."""
    ready = ready_mask(mask)
    ready = replace(ready, smoothing=files.options.smoothing(ready.smoothing))
    solid = periosteal(ready)
    outline = solid.mesh
    notes: tuple[str, ...] = ()
    if side is None:
        told = side_of(outline)
        side = told or Side.LEFT
        why = "by where its head points" if told else "for want of a head that tells"
        notes = (f"Taken for a {side.value} femur {why}.",)
    files = files.within(side.value)
    written = {"femur": files.write(solid, "femur")}
    if volume is None:
        return {**measure(side, mask, outline), "surfaces": written}, notes
    inner = hollow(ready, volume, solid)
    written["femur_hollow"] = files.write(inner.surface, "femur_hollow")
    wall = cortex(outline, volume)
    files.write_cortex(outline, wall)
    measured = measure(side, mask, outline, inner.mesh, cortex=wall, no_canal=why_solid(inner))
    return {**measured, "surfaces": written}, (*notes, *inner.notes)


def side_of(periosteal: Mesh) -> Side | None:
    """Which femur this is: the side for which a head is found medially, the better fit if both.

    None if there is no head.
    """
    rms = {side: fit_head(periosteal, side).rms_mm for side in Side}
    found = {side: fit for side, fit in rms.items() if fit is not None}
    return min(found, key=lambda side: found[side]) if found else None
