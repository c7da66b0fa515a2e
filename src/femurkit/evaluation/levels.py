"""Scores by the level along the body: slice areas, and a stretch between two levels."""

from __future__ import annotations

import numpy as np

from femurkit.evaluation.rows import Row
from femurkit.evaluation.voxels import scores, voxels_of
from femurkit.geometry import Grid
from femurkit.volume import Mask


def overlap_between_levels(
    pred: np.ndarray, truth: np.ndarray, grid: Grid, low_mm: float, high_mm: float
) -> Row:
    """Scores of the voxels whose centres lie at low_mm <= LPS z <= high_mm.

    pred, truth: (z, y, x) bool (or one label of 0 and others) on the grid. Returns dsc, assd_mm,
    hd95_mm, volume_ml and truth_volume_ml. Distances go from the border voxels between the levels
    to the other mask's whole border, so the two levels themselves are no ends of the bone.
    None where there is nothing to score: for dsc no voxel of either mask between the levels, for
    distances no border voxel there or an empty mask. Raises ValueError if shapes differ.
    """
    found = voxels_of(Mask(pred.astype(bool), grid), Mask(truth.astype(bool), grid))
    height = found.points_mm[:, 2]
    return scores(found, (height >= low_mm) & (height <= high_mm))


def slice_areas_cm2(array: np.ndarray, grid: Grid) -> np.ndarray:
    """Area of a mask (z, y, x) bool in each slice, (slices,) cm².

    Slices stand on the grid axis that runs most along the body (LPS z), in the order of the grid.
    """
    along = _along(grid)
    others = tuple(axis for axis in range(3) if axis != along)
    pixel_mm2 = grid.voxel_mm3 / grid.spacing_mm[along]
    return np.asarray(np.count_nonzero(array, axis=others) * pixel_mm2 / 100)


def slice_levels_mm(grid: Grid) -> np.ndarray:
    """LPS z of the middle of each slice of slice_areas_cm2, (slices,) mm."""
    along = _along(grid)
    index = np.tile((np.array(grid.shape) - 1) / 2, (grid.shape[along], 1))
    index[:, along] = np.arange(grid.shape[along])
    return np.asarray(grid.to_world(index)[:, 2])


def _along(grid: Grid) -> int:
    return int(np.abs(grid.affine[2, :3]).argmax())
