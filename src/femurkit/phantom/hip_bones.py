"""The bones from the pelvis to the feet as a trunk's painter needs them: depths on a 4 mm lattice.

They cost seconds to draw, so that several scans are made of one pair of hips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.phantom.bone_hu import draw_bone_hu
from femurkit.phantom.canvas import Canvas
from femurkit.phantom.joint import Joint, draw_joint, in_any_posture
from femurkit.phantom.pose import assembled
from femurkit.phantom.shapes import Bone, FemurFrame
from femurkit.phantom.soft import DrawnBody, draw_body, draw_soft_hu
from femurkit.solid import voxelise

STEP_MM = 4.0
MARGIN_MM = 8.0
KNEES_MM = 10.0
"""Least distance between the two femora: scans of legs show the knees, which never touch."""


@dataclass(frozen=True, eq=False)
class LatticeBone:
    """One bone on a lattice of its own. depth: below its surface, mm; shaft, head: float32 shares
    of a femur that are shaft and head; all (z, y, x).
    """

    kind: str
    side: Side | None
    grid: Grid
    depth: np.ndarray
    shaft: np.ndarray | None
    head: np.ndarray | None
    frame: FemurFrame | None


@dataclass(frozen=True, eq=False)
class Hips:
    """Bones and soft tissue from the pelvis down; hip midpoint at the origin, LPS mm.

    base: middle of the sacrum's upper end. legs: for each side knee, ankle and toes (3, 3).
    """

    bones: tuple[Bone, ...]
    lattice: tuple[LatticeBone, ...]
    soft: DrawnBody
    base: np.ndarray
    legs: tuple[np.ndarray, ...]


def draw_hips(rng: np.random.Generator) -> Hips:
    """Hips of anybody."""
    bones = assembled(rng, lambda: {side: _joint(rng) for side in Side}, knees_apart_mm=KNEES_MM)
    pelvis = next(b.mesh for b in bones if b.kind == "pelvis")
    middle = pelvis.vertices[np.abs(pelvis.vertices[:, 0]) < 12]
    base = middle[middle[:, 2] > middle[:, 2].max() - 14].mean(0)
    legs = tuple(_leg(b.mesh) for b in bones if b.kind == "tibia")
    lattice = tuple(_on_lattice(b) for b in bones)
    return Hips(tuple(bones), lattice, draw_body(rng, bones, draw_soft_hu(rng)), base, legs)


def _joint(rng: np.random.Generator) -> Joint:
    """As a supine patient's, or in any posture."""
    joint = draw_joint(rng, float(rng.uniform(0.3, 1)) if rng.random() < 0.25 else 0.0)
    return joint if rng.random() < 0.6 else in_any_posture(joint, rng)


def _leg(tibia: Mesh) -> np.ndarray:
    """Knee, ankle and toes (3, 3) of a lower leg."""
    heights = tibia.vertices[:, 2]
    knee = tibia.vertices[heights > heights.max() - 12].mean(0)
    ankle = tibia.vertices[heights < heights.min() + 15].mean(0)
    return np.stack([knee, ankle, ankle + [0, -130, -60]])


def _on_lattice(bone: Bone) -> LatticeBone:
    low = np.floor((bone.mesh.vertices.min(0) - MARGIN_MM) / STEP_MM) * STEP_MM
    high = bone.mesh.vertices.max(0) + MARGIN_MM
    shape = np.ceil((high - low) / STEP_MM).astype(int)[::-1] + 1
    grid = Grid.aligned(tuple(shape), (STEP_MM,) * 3, low)
    fine = Grid.aligned(tuple(2 * shape), (STEP_MM / 2,) * 3, low - STEP_MM / 4)
    nz, ny, nx = grid.shape
    share = voxelise(bone.mesh, fine).reshape(nz, 2, ny, 2, nx, 2).mean((1, 3, 5))
    inner, outer = share > 0.5, share <= 0.5
    deep = (distance_transform_edt(inner) - distance_transform_edt(outer)) * STEP_MM
    deep -= np.sign(deep) * STEP_MM / 2
    edge = (share > 0) & (share < 1)
    depth = np.where(edge, (share - 0.5) * STEP_MM, deep).astype(np.float32)
    if bone.kind != "femur" or bone.frame is None:
        return LatticeBone(bone.kind, bone.side, grid, depth, None, None, None)
    frame = bone.frame
    points = grid.to_world(np.indices(grid.shape).reshape(3, -1).T).reshape(*grid.shape, 3)
    below = (points - frame.trochanter) @ frame.down
    away = np.linalg.norm(points - frame.head, axis=-1) / frame.head_radius
    end = float(((bone.mesh.vertices - frame.trochanter) @ frame.down).max())
    shaft = 1 / (1 + np.exp(-(below - 12) / 10))
    if end > 250:
        shaft *= 1 / (1 + np.exp((below - (end - 80)) / 10))
    head = 1 / (1 + np.exp((away - 0.95) / 0.06))
    return LatticeBone(
        bone.kind, bone.side, grid, depth, shaft.astype(np.float32), head.astype(np.float32), frame
    )


def lay_hips(canvas: Canvas, hips: Hips, rng: np.random.Generator, *, mineral: float) -> None:
    """Paint the bones of the hips and legs; canvas: on the lattice of STEP_MM.

    mineral: 1 for usual bones, 0.4 porotic, 1.4 dense.
    """
    hu = draw_bone_hu(rng, float(np.clip(1.0 - 0.6 * mineral, 0, 1)))
    shaft_mm = float(rng.uniform(3.5, 8.0)) * (0.4 + 0.6 * mineral)
    thin_mm = float(rng.uniform(0.3, 1.6))
    for bone in hips.lattice:
        found = _overlap(canvas, bone.grid)
        if found is None:
            continue
        window, part = found
        inner: np.ndarray | float
        thick: np.ndarray | float
        if bone.shaft is not None and bone.head is not None:
            shaft, head = bone.shaft[part], bone.head[part]
            inner = hu.neck + (0.5 * (hu.head + hu.rim) - hu.neck) * head
            inner = inner + (hu.marrow - inner) * shaft
            thick = thin_mm + (shaft_mm - thin_mm) * shaft
        elif bone.kind == "tibia":
            inner, thick = 0.5 * (hu.metaphysis + hu.marrow), 0.5 * shaft_mm
        else:
            inner, thick = hu.pelvis, float(rng.uniform(0.8, 1.8))
        depth = bone.depth[part]
        share = canvas.share(depth)
        core = canvas.share(depth - thick)
        target = hu.cortex * share + (inner - hu.cortex) * core
        canvas.hu[window] += target - canvas.hu[window] * share
        if bone.kind != "femur":
            np.maximum(canvas.bone[window], share, out=canvas.bone[window])


def _overlap(
    canvas: Canvas, grid: Grid
) -> tuple[tuple[slice, slice, slice], tuple[slice, slice, slice]] | None:
    """Windows of the canvas and of a lattice that are the same voxels."""
    shift = np.rint((grid.origin_mm - canvas.origin) / STEP_MM).astype(int)[::-1]
    start = np.maximum(shift, 0)
    stop = np.minimum(shift + grid.shape, canvas.grid.shape)
    if (stop <= start).any():
        return None
    a, b, c = (slice(int(i), int(j)) for i, j in zip(start, stop, strict=True))
    d, e, f = (slice(int(i), int(j)) for i, j in zip(start - shift, stop - shift, strict=True))
    return (a, b, c), (d, e, f)
