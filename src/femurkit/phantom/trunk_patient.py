"""A whole synthetic trunk as a CT of clinical resolution, and the exact truth about its femora.

Bones from the pelvis to the feet are the full surfaces, rendered as for a phantom of the hips; the
rest of the body is painted from simple solids at 2 mm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid, resample
from femurkit.phantom.anatomy import Anatomy
from femurkit.phantom.bone_hu import draw_bone_hu
from femurkit.phantom.canvas import Canvas
from femurkit.phantom.coarse_scan import canvas_for
from femurkit.phantom.hip_bones import draw_hips
from femurkit.phantom.render import depths, scan
from femurkit.phantom.scanner import draw_scanner
from femurkit.phantom.shapes import Bone, FemurFrame
from femurkit.phantom.trunk import draw_trunk, paint
from femurkit.phantom.views import View, draw_view
from femurkit.solid import voxelise
from femurkit.volume import Volume

PAINT_MM = 2.0
LATTICE_MM = 1.5
AIR_HU = -1024


@dataclass(frozen=True, eq=False)
class PaintedSoft:
    """Soft tissue, and simple bones, that a canvas holds; to_scanner: (4, 4) from its space."""

    canvas: Canvas
    to_scanner: np.ndarray

    def hu(self, grid: Grid) -> np.ndarray:
        """float32 (z, y, x) on a grid in the scanner's space."""
        source = Grid(self.canvas.grid.shape, self.to_scanner @ self.canvas.grid.affine)
        return resample(self.canvas.hu, source, grid, outside=-1000.0)


@dataclass(frozen=True, eq=False)
class SeenFemur:
    """What is true of a femur that a scan holds something of. LPS mm of the volume.

    proximal_ml: in the scan, down to 25 mm below the lesser trochanter; complete: whether all of
    that lies in the scan.
    """

    side: Side
    head: np.ndarray
    head_radius: float
    trochanter: np.ndarray
    proximal_ml: float
    complete: bool


@dataclass(frozen=True, eq=False)
class PhantomTrunk:
    """A CT, its labels (uint8 (z, y, x): 1 left, 2 right femur, all of it), and each femur whose
    proximal part the scan holds some of.
    """

    volume: Volume
    labels: np.ndarray
    femora: dict[Side, SeenFemur]
    view: View


def make_trunk(
    seed: int, *, number: int = 1, spacing_mm: tuple[float, float, float] | None = None,
    below_trochanter_mm: float = 25.0,
) -> PhantomTrunk:  # fmt: skip
    """Draw trunk `number` of a seed; the same arguments give the same trunk.

    spacing_mm: (z, y, x), drawn if not given. Hip implants are left out.
    """
    rng = np.random.default_rng([seed, number, 20])
    trunk = draw_trunk(draw_hips(rng), rng)
    view = draw_view(trunk, rng, step_mm=4.0)
    scanner = draw_scanner(rng, spacing_mm)
    canvas = canvas_for(trunk, view, step_mm=PAINT_MM)
    paint(canvas, trunk, rng, with_hips=False)
    to_scanner = np.linalg.inv(view.to_patient)
    low, high = view.grid.bounds_mm()
    shape = np.maximum(np.ceil((high - low)[::-1] / scanner.spacing_mm).astype(int), 8)
    grid = Grid.aligned(tuple(shape), scanner.spacing_mm, low)
    soft = PaintedSoft(canvas, to_scanner)
    bones = tuple(_moved(bone, to_scanner) for bone in trunk.hips.bones)
    hu = draw_bone_hu(rng, float(np.clip(1 - 0.6 * trunk.plan.mineral, 0, 1)))
    anatomy = Anatomy(bones, soft, hu, _lowest_skin(soft, view), int(rng.integers(2**31)))
    scanner = replace(scanner, table=view.table == "behind", rods=False)
    seen = scan(anatomy, scanner, grid, rng, bones=depths(anatomy, grid, lattice_mm=LATTICE_MM))
    inside = _circle(grid, view.circle_mm)
    seen[:, ~inside] = AIR_HU
    labels = np.zeros(grid.shape, np.uint8)
    femora = {}
    for bone in anatomy.femurs.values():
        part = _label(labels, bone, grid, inside, below_trochanter_mm)
        if part is not None:
            femora[part.side] = part
    return PhantomTrunk(Volume(seen, grid), labels, femora, view)


def _label(
    labels: np.ndarray, bone: Bone, grid: Grid, inside: np.ndarray, below_mm: float
) -> SeenFemur | None:
    """Mark one femur in place; None if nothing of its proximal part is in the scan."""
    assert bone.frame is not None and bone.side is not None
    frame, vertices = bone.frame, bone.mesh.vertices
    proximal = vertices[(vertices - frame.trochanter) @ frame.down < below_mm]
    at = np.rint(grid.to_index(proximal)).astype(int)
    within = ((at >= 0) & (at < grid.shape)).all(1)
    within[within] &= inside[tuple(at[within][:, 1:].T)]
    window = grid.window_around(vertices.min(0), vertices.max(0))
    if any(w.stop <= w.start for w in window):
        return None
    part = grid.crop([w.start for w in window], [w.stop for w in window])
    femur = voxelise(bone.mesh, part) & inside[window[1:]]
    labels[window][femur] = bone.side.label
    below = (part.to_world(np.argwhere(femur)) - frame.trochanter) @ frame.down
    volume = float((below < below_mm).sum()) * grid.voxel_mm3 / 1000
    if volume == 0:
        return None
    return SeenFemur(
        bone.side, frame.head, frame.head_radius, frame.trochanter, volume, bool(within.all())
    )


def _moved(bone: Bone, affine: np.ndarray) -> Bone:
    """A bone through a turn and a scale."""
    scale = float(np.cbrt(np.linalg.det(affine[:3, :3])))
    mesh, frame = bone.mesh.transformed(affine), bone.frame
    if frame is not None:
        turn, shift = affine[:3, :3], affine[:3, 3]
        frame = FemurFrame(
            turn @ frame.head + shift, frame.head_radius * scale, turn @ frame.trochanter + shift,
            *(turn @ d / scale for d in (frame.down, frame.lateral, frame.neck)),
        )  # fmt: skip
    return replace(bone, mesh=mesh, thickness_mm=bone.thickness_mm * scale, frame=frame)


def _lowest_skin(soft: PaintedSoft, view: View) -> float:
    """LPS y where the table begins."""
    body = np.flatnonzero((soft.hu(view.grid) > -300).mean((0, 2)) > 0.02)
    row = int(body[-1]) if len(body) else view.grid.shape[1] - 1
    return float(view.grid.to_world([0, row, 0])[1]) + 4


def _circle(grid: Grid, radius_mm: float | None) -> np.ndarray:
    """Pixels (y, x) within the field of view."""
    _, ny, nx = grid.shape
    _, dy, dx = grid.spacing_mm
    y, x = (np.arange(ny) - (ny - 1) / 2) * dy, (np.arange(nx) - (nx - 1) / 2) * dx
    away = np.hypot(y[:, None], x[None])
    return np.asarray(away < (np.inf if radius_mm is None else radius_mm))
