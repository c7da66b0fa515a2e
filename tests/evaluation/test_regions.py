"""Regions of a bone made of a ball and rods, and of a phantom whose landmarks are known."""

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.evaluation.joint_gap import joint_gap
from femurkit.evaluation.regional import PARTS, regional
from femurkit.evaluation.voxels import voxels_of
from femurkit.geometry import Grid
from femurkit.phantom import make_patient
from femurkit.solid import Plane, cut, voxelise
from femurkit.surface.regions import REGIONS, regions_of
from femurkit.volume import Mask, Volume

DOWN = np.array([0.0, 0.0, -1.0])


@pytest.fixture(scope="module")
def bone(femur_like):
    return femur_like(Side.LEFT)


@pytest.fixture(scope="module")
def grid(bone):
    low, high = bone.vertices.min(0) - 16, bone.vertices.max(0) + 16
    return Grid.aligned(np.ceil((high - low)[::-1]).astype(int), (1.0,) * 3, low)


@pytest.fixture(scope="module")
def truth(bone, grid):
    return voxelise(bone, grid)


def neck_axis(side):
    """Of the rod from the head to the corner of the shaft, 48 mm lateral and 32 mm below."""
    return np.array([48.0 * side.sign, 0, -32]) / np.hypot(48, 32)


def angle_deg(a, b):
    return np.degrees(np.arccos(np.clip(a @ b, -1, 1)))


def parts_of(mesh, side=Side.LEFT, ct=None):
    """Regions and joint gap."""
    found = regions_of(mesh, side)
    return found, joint_gap(mesh, side, found.axes.centre_mm, found.junction, ct=ct)


@pytest.mark.parametrize("side", list(Side))
def test_planes_stand_where_the_rods_meet(femur_like, head, side):
    found = regions_of(femur_like(side), side)
    centre, radius = head
    axis, lateral = neck_axis(side), np.array([side.sign, 0, 0])
    assert angle_deg(found.axes.neck, axis) < 1
    assert angle_deg(found.down, DOWN) < 0.5
    at = centre + np.arange(0, 60, 0.1)[:, None] * axis
    ends = [np.argmax(found.at(at) >= k) * 0.1 for k in (1, 2)]
    assert ends[0] == pytest.approx(radius * np.cos(np.deg2rad(50)), abs=0.5)
    assert ends[1] == pytest.approx(2 / 3 * np.hypot(48, 32), abs=1.5)
    shaft = centre + 48 * lateral + np.arange(40, 110, 0.1)[:, None] * DOWN
    assert 40 + 0.1 * np.argmax(found.at(shaft) == 3) == pytest.approx(2.9 * radius, abs=0.5)


def test_every_voxel_has_one_region_and_they_lie_in_order(bone, grid, truth):
    found = regions_of(bone, Side.LEFT)
    regions = found.on(grid)
    assert regions.shape == grid.shape
    heights = [np.nonzero(truth & (regions == k))[0].mean() for k in range(len(REGIONS))]
    assert heights == sorted(heights, reverse=True)
    assert regions.max() == 3
    above = grid.to_index(found.axes.centre_mm + [0, 0, 30]).astype(int)
    assert regions[tuple(above)] == 0, "outside the bone, over the head"


def moved(truth, where, voxels):
    """The part of a mask that lies in `where`, moved along x; the rest as it is."""
    return (truth & ~where) | np.roll(truth & where, voxels, axis=2)


def test_a_shaft_moved_sideways_is_seen_in_the_shaft_alone(bone, grid, truth):
    """Around a rod moved by d, the distance is |d cos|, whose mean is 2 d / pi; on its end 0."""
    found = regions_of(bone, Side.LEFT)
    below = found.lesser[1].depth_mm(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)))
    pred = moved(truth, below > 0.5, 3)
    row = regional(voxels_of(Mask(pred, grid), Mask(truth, grid)), parts_of(bone))
    side, end = 2 * np.pi * 14 * below[truth].max(), np.pi * 14**2
    assert row["shaft_assd_mm"] == pytest.approx(2 * 3 / np.pi * side / (side + end), rel=0.1)
    assert row["shaft_hd95_mm"] == pytest.approx(3, abs=0.2)
    assert row["shaft_volume_ml"] == row["shaft_truth_volume_ml"]
    assert row["head_dsc"] == row["neck_dsc"] == row["trochanter_dsc"] == 1
    assert row["head_assd_mm"] == row["neck_assd_mm"] == row["joint_gap_assd_mm"] == 0
    assert row["trochanter_assd_mm"] < 0.05  # the step at its lower end


def test_a_head_two_voxels_too_high_is_seen_in_the_head(bone, grid, truth, head):
    found = regions_of(bone, Side.LEFT)
    high = found.junction.depth_mm(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))) < -6
    pred = truth | np.roll(truth & high, 2, axis=0)
    row = regional(voxels_of(Mask(pred, grid), Mask(truth, grid)), parts_of(bone))
    assert row["head_volume_ml"] > row["head_truth_volume_ml"]
    assert row["shaft_dsc"] == row["trochanter_dsc"] == row["neck_dsc"] == 1
    assert row["joint_gap_assd_mm"] > row["head_assd_mm"] > 0.2
    assert row["joint_gap_dsc"] < row["head_dsc"] < 1


def test_a_lost_head_scores_nothing_there_and_no_prediction_has_no_distances(bone, grid, truth):
    found = regions_of(bone, Side.LEFT)
    pred = truth & (found.on(grid) != 0)
    row = regional(voxels_of(Mask(pred, grid), Mask(truth, grid)), parts_of(bone))
    assert row["head_dsc"] == row["head_volume_ml"] == 0
    assert row["head_hd95_mm"] > 15
    none = regional(voxels_of(Mask(np.zeros_like(truth), grid), Mask(truth, grid)), parts_of(bone))
    assert none["shaft_dsc"] == 0
    assert none["shaft_assd_mm"] is None


def test_without_a_head_there_are_no_regions_but_a_reason(bone, head, grid, truth):
    found = regions_of(cut(bone, [Plane(head[0] + 60 * DOWN, DOWN)]), Side.LEFT)
    assert isinstance(found, str)
    row = regional(voxels_of(Mask(truth, grid), Mask(truth, grid)), found)
    assert row["no_regions"] == found
    assert {row[f"{part}_dsc"] for part in PARTS} == {None}


def test_a_scan_that_ends_above_the_shaft_still_has_a_neck(bone, head):
    found = regions_of(cut(bone, [Plane(head[0] + 65 * DOWN, -DOWN)]), Side.LEFT)
    assert angle_deg(found.down, DOWN) == 0
    along = head[0] + np.array([5.0, 25, 50])[:, None] * neck_axis(Side.LEFT)
    assert found.at(along).tolist() == [0, 1, 2]


@pytest.mark.parametrize(("gap_mm", "faces"), [(4.0, True), (9.0, False)])
def test_the_gap_is_where_a_bowl_of_bone_stands_close(bone, grid, truth, head, gap_mm, faces):
    """A bowl over the upper half of the head, 8 mm thick."""
    centre, radius = head
    ray = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - centre
    away = np.linalg.norm(ray, axis=-1)
    bowl = (away > radius + gap_mm) & (away < radius + gap_mm + 8) & (ray[..., 2] > 0.3 * away)
    ct = Volume(np.select([truth, bowl], [600, 700], 20).astype(np.int16), grid)
    gap = parts_of(bone, ct=ct)[1]
    assert gap.by == "ct"
    if not faces:
        assert not gap.facing.any()
        return
    on = gap.surface_mm - centre
    height = on[:, 2] / np.linalg.norm(on, axis=1)
    sure = np.abs(height - 0.3) > 0.12
    np.testing.assert_array_equal(gap.facing[sure], height[sure] > 0.3)
    places = centre + np.array([[0, 0, 24.0], [0, 0, 28], [0, 0, 10], [-24, 0, 0]])
    assert gap.holds(places).tolist() == [True, True, False, False]


@pytest.mark.parametrize("side", list(Side))
def test_without_a_ct_the_gap_is_a_cap_above_and_medial(femur_like, head, side):
    gap = parts_of(femur_like(side), side)[1]
    assert gap.by == "cap"
    medial = np.array([-side.sign, 0, 0])
    on = [head[0] + 24 * np.array(d) for d in ([0, 0, 1.0], medial, [0, 0, -1.0], [0, -1.0, -0.2])]
    assert gap.holds(np.array(on)).tolist() == [True, True, False, False]


def test_a_phantom_is_divided_by_its_own_landmarks():
    patient = make_patient(11, spacing_mm=(4.0, 2.0, 2.0))
    for side in Side:
        true = patient.truth["femurs"][side.value]
        centre, radius = np.array(true["head_centre_lps_mm"]), true["head_radius_mm"]
        found, gap = parts_of(patient.meshes[side], side, patient.volume)
        assert np.linalg.norm(found.axes.centre_mm - centre) < 1e-6
        angle = 180 - angle_deg(found.axes.neck, found.down)
        assert angle == pytest.approx(true["neck_shaft_angle_deg"], abs=0.01)
        assert found.at(centre[None]).tolist() == [0]
        facing = gap.surface_mm[gap.facing] - centre
        assert 0.1 < gap.facing.mean() < 0.9
        assert facing[:, 2].mean() > 0.2 * radius, "the roof of the socket is above"
        assert np.abs(np.linalg.norm(facing, axis=1) - radius).max() < 4
