"""Scores of each region of one femur, as flat columns."""

from __future__ import annotations

from femurkit.evaluation.joint_gap import JointGap
from femurkit.evaluation.rows import Row
from femurkit.evaluation.voxels import Voxels, scores
from femurkit.surface.regions import REGIONS, Regions

PARTS = ("head", "joint_gap", *REGIONS[1:])
"""The joint gap is a part of the head, counted in both."""

SCORES = ("dsc", "assd_mm", "hd95_mm", "volume_ml", "truth_volume_ml")


def regional(voxels: Voxels, parts: tuple[Regions, JointGap] | str) -> Row:
    """Columns like head_dsc and joint_gap_assd_mm; how the joint gap was found; why none are there.

    The regions are those of the truth; a voxel of the prediction belongs to the region in which
    its centre lies. All scores are None if there are none, but a reason.
    """
    if isinstance(parts, str):
        empty = {f"{part}_{name}": None for part in PARTS for name in SCORES}
        return {**empty, "joint_gap_by": None, "no_regions": parts}
    regions, gap = parts
    region = regions.at(voxels.points_mm)
    chosen = {name: region == number for number, name in enumerate(REGIONS)}
    chosen["joint_gap"] = chosen["head"].copy()
    chosen["joint_gap"][chosen["head"]] = gap.holds(voxels.points_mm[chosen["head"]])
    out: Row = {}
    for part in PARTS:
        out |= {f"{part}_{name}": value for name, value in scores(voxels, chosen[part]).items()}
    return {**out, "joint_gap_by": gap.by, "no_regions": None}
