"""The canonical box of one hip at any spacing."""

from __future__ import annotations

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid

STEP = 16
"""The shape of a box is a multiple: networks halve it up to four times."""
LABEL_MARGIN_MM = 15.0
"""Room around labels where they alone say where a hip is; as much as find_hips leaves."""

Bounds = tuple[np.ndarray, np.ndarray]
"""Least and greatest LPS coordinate (3,) in mm, outer voxel faces included."""


def hip_box(bounds_mm: Bounds, side: Side, *, spacing_mm: float, margin_mm: float = 0.0) -> Grid:
    """A canonical grid that covers bounds_mm and a margin: a right hip's is mirrored.

    Its shape is rounded up to a multiple of STEP, evenly on both sides.
    """
    low, high = bounds_mm[0] - margin_mm, bounds_mm[1] + margin_mm
    shape = np.ceil((high - low)[::-1] / spacing_mm - 1e-6).astype(int)
    shape += -shape % STEP
    half = (shape[::-1] - 1) * spacing_mm / 2
    origin = (low + high) / 2 - half * [side.sign, 1, 1]
    return Grid.aligned(
        [int(n) for n in shape], (spacing_mm,) * 3, origin, mirrored=side is Side.RIGHT
    )


def outer_bounds_mm(grid: Grid) -> Bounds:
    """LPS bounds of a grid's outer voxel faces."""
    low, high = grid.bounds_mm()
    half = np.abs(grid.affine[:3, :3]).sum(1) / 2
    return low - half, high + half


def label_bounds_mm(inside: np.ndarray, grid: Grid) -> Bounds:
    """LPS bounds of the outer faces of the voxels inside. inside: (z, y, x) bool, not empty."""
    ends = [np.flatnonzero(inside.any(tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    start = [int(at[0]) for at in ends]
    stop = [int(at[-1]) + 1 for at in ends]
    return outer_bounds_mm(grid.crop(start, stop))


def united(one: Bounds, other: Bounds) -> Bounds:
    """Bounds that hold both."""
    return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])
