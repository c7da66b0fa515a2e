"""Labels from their own grid onto that of the CT."""

from __future__ import annotations

import numpy as np

from femurkit.errors import LabelsElsewhere
from femurkit.geometry import Grid, resample

ON_LATTICE = 0.02
"""Voxel centres of two grids that lie closer than this, in voxels of the CT, are the same."""
LEAST_WITHIN = 0.5
"""Share of the label that must lie inside the CT; less is a label of another scan."""
SAMPLE = 200_000
"""As many voxels tell where a label lies."""


def share_within(points_mm: np.ndarray, grid: Grid) -> float:
    """Share of LPS points (n, 3) that lie between the outer faces of a grid."""
    index = grid.to_index(points_mm)
    return float(((index >= -0.5) & (index <= np.array(grid.shape) - 0.5)).all(-1).mean())


def refuse_elsewhere(share: float) -> None:
    """Raise LabelsElsewhere unless enough of the label lies inside the CT."""
    if share < LEAST_WITHIN:
        raise LabelsElsewhere(
            f"{share:.0%} of the label inside the CT",
            expected=f"at least {LEAST_WITHIN:.0%}",
            remedy="Export the labels in the space of this CT, or name the CT they were drawn on.",
        )


def onto(
    labels: np.ndarray, grid: Grid, ct: Grid, *, sparse: bool
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels (z, y, x) uint8 on the CT's grid, and what was done to bring them there.

    Labels whose voxels are voxels of the CT are copied, whatever their order and extent. sparse:
    slices between those of the labels stay empty, as for formats that leave out what is empty.
    Others are interpolated, each label by itself: linear, at least one half. Raises
    LabelsElsewhere if most of the label lies outside the CT.
    """
    at = np.argwhere(labels)
    if grid.same_as(ct) or not len(at):
        return (labels if grid.same_as(ct) else np.zeros(ct.shape, np.uint8)), ()
    within = share_within(grid.to_world(at[:: len(at) // SAMPLE + 1]), ct)
    refuse_elsewhere(within)
    notes = [f"{1 - within:.0%} of the label lies outside the CT"] if within < 0.995 else []
    out = np.zeros(ct.shape, np.uint8)
    if _on_lattice(grid, ct, sparse):
        places = np.rint(ct.to_index(grid.to_world(at))).astype(int)
        inside = ((places >= 0) & (places < ct.shape)).all(1)
        out[tuple(places[inside].T)] = labels[tuple(at[inside].T)]
        return out, tuple(notes)
    window = ct.window_around(*_bounds_mm(at, grid), margin=1)
    target = ct.crop([w.start for w in window], [w.stop for w in window])
    best = np.full(target.shape, 0.5, np.float32)
    for value in np.unique(labels[labels > 0]):
        share = resample((labels == value).astype(np.float32), grid, target, outside=0.0)
        out[window][share >= best] = value
        np.maximum(best, share, out=best)
    return out, (*notes, "labels interpolated from another grid onto that of the CT")


def _bounds_mm(at: np.ndarray, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """LPS bounds of voxels (n, 3), one voxel beyond their outermost centres."""
    low, high = at.min(0) - 1, at.max(0) + 2
    return grid.crop(low, high).bounds_mm()


def _on_lattice(grid: Grid, ct: Grid, sparse: bool) -> bool:
    """Whether every voxel of the labels is one of the CT, and none of the CT lies between."""
    index = np.linalg.inv(ct.affine) @ grid.affine
    steps = np.rint(index[:3, :3])
    far = np.array(grid.shape)[None] * abs(index[:3, :3] - steps)
    if far.max() > ON_LATTICE or abs(index[:3, 3] - np.rint(index[:3, 3])).max() > ON_LATTICE:
        return False
    permuted = ((steps != 0).sum(0) == 1).all() and ((steps != 0).sum(1) == 1).all()
    most = abs(steps).max(axis=1)  # along the CT's slices, rows, columns
    return bool(permuted and (most[1:] == 1).all() and (sparse or most[0] == 1))
