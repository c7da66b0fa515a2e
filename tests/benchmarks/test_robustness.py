"""The benchmark of changed scans: where femora are after a change, and what counts as found."""

import csv

import numpy as np
import pytest
from benchmarks.found import Found, Hip, is_expected, score
from benchmarks.metaimage import write_metaimage
from benchmarks.real import SCANS, expected_sides
from benchmarks.robustness import known_hips
from benchmarks.variants import calibrated, cut, half, noisy, rotation, sized, turned, variants

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.sources import load
from femurkit.volume import Volume

LEFT = Hip(Side.LEFT, np.array([90.0, 0, 50]), np.array([150.0, 10, 20]), 24.0)
RIGHT = Hip(Side.RIGHT, np.array([-90.0, 0, 50]), np.array([-150.0, 10, 20]), 24.0)
HIPS = [LEFT, RIGHT]


@pytest.fixture
def scan():
    """200 x 200 x 400 mm around the origin, HU that tell the place: x + 1000 z."""
    grid = Grid.aligned((21, 21, 41), (10, 10, 10), (-200, -100, -100))
    z, _, x = np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij")
    return Volume((x + 100 * z).astype(np.int16), grid)


def box(hip, *, side=None, above=40.0):
    low = np.minimum(hip.head, hip.trochanter) - 30
    high = np.maximum(hip.head, hip.trochanter) + 30
    high[2] = hip.head[2] + above
    return Found(side or hip.side, low, high)


def test_a_cut_keeps_the_voxels_between_its_planes(scan):
    part = cut(scan, 2, low=0.0, high=50.0)
    assert part.grid.bounds_mm()[0][2] == 0 and part.grid.bounds_mm()[1][2] == 50
    assert np.array_equal(part.array, scan.array[10:16])


def test_a_cut_beyond_the_scan_is_no_change(scan):
    assert cut(scan, 2, low=-150.0) is None


def test_a_cut_that_leaves_too_little_is_none(scan):
    assert cut(scan, 2, low=70.0) is None and cut(scan, 2, high=-70.0) is None


def test_a_cut_knows_an_axis_that_runs_downwards(scan):
    affine = scan.grid.affine.copy()
    affine[:3, 3] = scan.grid.to_world((20, 0, 0))
    affine[:3, 0] *= -1
    flipped = Volume(scan.array[::-1], Grid(scan.grid.shape, affine))
    part = cut(flipped, 2, low=0.0, high=50.0)
    assert np.array_equal(part.array[::-1], scan.array[10:16])


def test_a_half_holds_one_femur(scan):
    part = half(scan, HIPS, Side.LEFT)
    assert [is_expected(hip, part.grid) for hip in HIPS] == [True, False]


def test_a_femur_is_expected_by_its_head_or_its_trochanter(scan):
    assert is_expected(LEFT, cut(scan, 2, low=40.0).grid)
    assert is_expected(LEFT, cut(scan, 2, high=30.0).grid)
    assert not is_expected(LEFT, cut(scan, 2, high=0.0).grid)
    assert not is_expected(LEFT, cut(scan, 2, low=55.0).grid)


@pytest.mark.parametrize("axis", range(3))
def test_a_rotation_is_right_handed(axis):
    first, second = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
    assert np.allclose(rotation(axis, 90) @ first, second)


def test_turned_scan_and_landmarks_move_together(scan):
    volume, hips = turned(scan, HIPS, 1, 10)
    for hip, before in zip(hips, HIPS, strict=True):
        here, there = volume.grid.to_index(hip.head), scan.grid.to_index(before.head)
        value = there[2] + 100 * there[0]  # linear in the place, so interpolation is exact
        corner = np.floor(here).astype(int)
        around = volume.array[tuple(slice(c, c + 2) for c in corner)]
        assert around.min() <= value <= around.max()
    assert np.allclose(hips[0].head - hips[1].head, rotation(1, 10) @ [180, 0, 0])


def test_a_larger_patient_has_the_same_voxels(scan):
    volume, hips = sized(scan, HIPS, 1.2)
    assert volume.array is not None and np.array_equal(volume.array, scan.array)
    assert np.allclose(volume.grid.spacing_mm, 12)
    for hip, before in zip(hips, HIPS, strict=True):
        assert np.allclose(volume.grid.to_index(hip.head), scan.grid.to_index(before.head))
        assert hip.radius_mm == pytest.approx(1.2 * before.radius_mm)


def test_hu_and_noise(scan):
    assert np.allclose(calibrated(scan, 0.85, -60).array, 0.85 * scan.array - 60, atol=1e-3)
    assert (noisy(scan, 50).array - scan.array).std() == pytest.approx(50, rel=0.02)
    assert np.array_equal(noisy(scan, 50).array, noisy(scan, 50).array)


def test_both_found(scan):
    told = score(HIPS, [box(LEFT), box(RIGHT)], scan.grid)
    assert told.found == ("left", "right")
    assert not told.missed and not told.invented and not told.wrong_side


def test_wrong_side_is_missed_and_told_apart_from_invented(scan):
    told = score(HIPS, [box(LEFT, side=Side.RIGHT)], scan.grid)
    assert told.wrong_side == ("right",) and told.missed == ("left", "right")
    assert not told.invented


def test_a_femur_at_another_place_is_invented(scan):
    elsewhere = Found(Side.LEFT, LEFT.head + [-20, -20, 60], LEFT.head + [20, 20, 100])
    told = score(HIPS, [elsewhere, box(RIGHT)], scan.grid)
    assert told.invented == ("left",) and told.missed == ("left",)


def test_a_box_that_holds_the_bowel_too_is_not_the_femur(scan):
    told = score(HIPS, [box(LEFT, above=100.0), box(RIGHT)], scan.grid)
    assert told.invented == ("left",) and told.missed == ("left",)


def test_forty_four_variants_with_names_of_their_own():
    names = [variant.name for variant in variants()]
    assert len(names) == len(set(names)) == 44


def test_the_known_hips_are_left_and_right():
    for _, hips in known_hips().values():
        assert [hip.side for hip in hips] == [Side.LEFT, Side.RIGHT]
        assert hips[0].head[0] - hips[1].head[0] > 140
        for hip in hips:
            assert 19 < hip.radius_mm < 29
            assert 50 < hip.side.sign * (hip.trochanter - hip.head)[0] < 80


def test_the_table_of_real_scans_is_complete():
    with SCANS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 26
    assert sum(len(expected_sides(row)) for row in rows) == 24
    for row in rows:
        for side in Side:
            parts = [row[f"{side.value}_{part}"] for part in ("head", "greater", "lesser")]
            assert set(parts) <= {"whole", "part", "none"}


def test_a_scan_in_memory_becomes_a_file(tmp_path):
    grid = Grid.aligned((30, 40, 50), (3, 0.8, 0.7), (-20, 10.5, 7))
    array = np.full(grid.shape, -1000, np.int16)
    array[5:25, 5:35, 5:25], array[5:25, 5:35, 25:45], array[10:20, 10:20, 10:20] = -100, 50, 900
    write_metaimage(Volume(array, grid), tmp_path / "scan.mha")
    back = load(tmp_path / "scan.mha").volume
    assert np.array_equal(back.array, array) and back.grid.same_as(grid)
