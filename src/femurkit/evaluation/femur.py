"""One femur against the truth: every score, whole and by region."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from femurkit.anatomy import Side
from femurkit.errors import DegenerateShape
from femurkit.evaluation.distance import pooled
from femurkit.evaluation.joint_gap import JointGap, joint_gap
from femurkit.evaluation.levels import slice_areas_cm2
from femurkit.evaluation.overlap import overlap
from femurkit.evaluation.regional import regional
from femurkit.evaluation.rows import Row
from femurkit.evaluation.voxels import Voxels, voxels_of
from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.solid import faces, uncut
from femurkit.surface.periosteal import outline_of
from femurkit.surface.regions import Regions, regions_of
from femurkit.volume import Mask, Volume


@dataclass(frozen=True, eq=False)
class Femur:
    """One femur compared: its row, and what it was made from.

    Surfaces are the periosteal solids of the masks, LPS mm; None where a mask has none.
    """

    row: Row
    pred: Mask
    truth: Mask
    pred_mesh: Mesh | None
    truth_mesh: Mesh | None


def compare_femur(pred: Mask, truth: Mask, side: Side, *, ct: Volume | None = None) -> Femur:
    """All scores of one femur; truth holds at least a voxel. Raises ValueError if grids differ.

    The row holds the overlap over the whole volume, distances in mm, volumes, surface areas and
    slice areas, then the same by region (regional.regional). Areas are those of the largest part
    of each mask, made a surface in the same way. An empty prediction has a dsc of 0, an area of 0
    and no distances.
    """
    voxels = voxels_of(pred, truth)
    shares = asdict(overlap(pred.array, truth.array))
    pred_mesh, truth_mesh = _surface(pred), _surface(truth)
    error = pred.volume_ml - truth.volume_ml
    areas = [slice_areas_cm2(mask.array, truth.grid) for mask in (pred, truth)]
    row: Row = {
        "side": side.value,
        **shares,
        "average_precision": shares["precision"],
        **_distances(voxels),
        "volume_ml": pred.volume_ml,
        "truth_volume_ml": truth.volume_ml,
        "volume_error_ml": error,
        "volume_error_percent": 100 * error / truth.volume_ml,
        **area_columns(pred_mesh, truth_mesh, truth.grid),
        "largest_slice_area_difference_cm2": float(np.abs(areas[0] - areas[1]).max()),
        **regional(voxels, _parts(truth_mesh, side, ct)),
    }
    return Femur(row, pred, truth, pred_mesh, truth_mesh)


def _parts(truth: Mesh | None, side: Side, ct: Volume | None) -> tuple[Regions, JointGap] | str:
    """Regions and joint gap of the true femur, or why there are none."""
    if truth is None:
        return "the truth has no surface"
    regions = regions_of(truth, side)
    if isinstance(regions, str):
        return regions
    return regions, joint_gap(truth, side, regions.axes.centre_mm, regions.junction, ct=ct)


def area_columns(pred: Mesh | None, truth: Mesh | None, grid: Grid) -> Row:
    """Areas of the bone's surface in mm², and their difference; None without a truth.

    grid: of the scan, at whose faces a bone is cut; the flat ends do not count.

    A prediction without a surface has an area of 0, as it has a volume of 0.
    """
    ends = faces(grid)
    found = uncut(pred, ends).area_mm2 if pred else 0.0
    true = uncut(truth, ends).area_mm2 if truth else None
    return {
        "surface_area_mm2": found,
        "truth_area_mm2": true,
        "area_error_mm2": found - true if true else None,
        "area_error_percent": 100 * (found / true - 1) if true else None,
    }


def _surface(mask: Mask) -> Mesh | None:
    try:
        return outline_of(mask)
    except DegenerateShape:
        return None


def _distances(voxels: Voxels) -> Row:
    """assd_mm, hd95_mm and hd_mm of the whole femur, None if there is no prediction."""
    ways = [way[~np.isnan(way)] for way in (voxels.to_truth_mm, voxels.to_pred_mm)]
    if not all(way.size for way in ways):
        return dict.fromkeys(("assd_mm", "hd95_mm", "hd_mm"))
    return asdict(pooled(*ways))
