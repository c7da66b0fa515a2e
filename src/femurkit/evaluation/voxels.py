"""Two masks as one list of voxels, so that any part of the femur can be scored by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.evaluation.distance import border, nearest_mm, pooled
from femurkit.evaluation.rows import Row
from femurkit.surface.islands import bounding_window
from femurkit.volume import Mask


@dataclass(frozen=True, eq=False)
class Voxels:
    """Every voxel that lies in one of two masks or in both, n of them.

    points_mm: (n, 3) LPS of the centres. pred, truth: (n,) bool, whether it is in that mask.
    to_truth_mm: (n,) distance of a border voxel of pred to the border of truth, nan for all other
    voxels; to_pred_mm: the reverse. The borders are those of the whole masks.
    """

    points_mm: np.ndarray
    pred: np.ndarray
    truth: np.ndarray
    to_truth_mm: np.ndarray
    to_pred_mm: np.ndarray
    voxel_mm3: float


def voxels_of(pred: Mask, truth: Mask) -> Voxels:
    """List the voxels of two masks on one grid. Raises ValueError if the grids differ.

    Distances are between voxel centres, as in distance.surface_distance; all nan if either mask
    is empty.
    """
    if not pred.grid.same_as(truth.grid):
        raise ValueError("the masks are on different grids")
    either = pred.array | truth.array
    window = bounding_window(either)
    a, b = pred.array[window], truth.array[window]
    index = np.argwhere(either[window])
    where = tuple(index.T)
    points = pred.grid.to_world(index + [w.start for w in window])
    on_a, on_b = border(a)[where], border(b)[where]
    to_truth, to_pred = np.full((2, len(points)), np.nan)
    if on_a.any() and on_b.any():
        to_truth[on_a] = nearest_mm(points[on_a], points[on_b])
        to_pred[on_b] = nearest_mm(points[on_b], points[on_a])
    return Voxels(points, a[where], b[where], to_truth, to_pred, pred.grid.voxel_mm3)


def scores(voxels: Voxels, chosen: np.ndarray) -> Row:
    """Overlap, distances and volumes of the chosen voxels, (n,) bool.

    dsc counts them alone. Distances go from their border voxels to the nearest border voxel of
    the other mask, wherever that lies; a bound between chosen and other voxels is no border.
    None where there is nothing to score.
    """
    a, b = voxels.pred & chosen, voxels.truth & chosen
    sizes = int(np.count_nonzero(a)), int(np.count_nonzero(b))
    to_truth, to_pred = voxels.to_truth_mm[chosen], voxels.to_pred_mm[chosen]
    to_truth, to_pred = to_truth[~np.isnan(to_truth)], to_pred[~np.isnan(to_pred)]
    found = pooled(to_truth, to_pred) if to_truth.size or to_pred.size else None
    return {
        "dsc": 2 * int(np.count_nonzero(a & b)) / sum(sizes) if sum(sizes) else None,
        "assd_mm": found.assd_mm if found else None,
        "hd95_mm": found.hd95_mm if found else None,
        "volume_ml": sizes[0] * voxels.voxel_mm3 / 1000,
        "truth_volume_ml": sizes[1] * voxels.voxel_mm3 / 1000,
    }
