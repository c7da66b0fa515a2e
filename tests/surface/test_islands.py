import numpy as np
import pytest
from scipy import ndimage

from femurkit.surface.islands import (
    bounding_window,
    close_handles,
    euler_number,
    fill_holes,
    fill_levels,
    keep_largest,
)


def test_the_largest_part_stays_and_corner_contact_does_not_count():
    array = np.zeros((6, 6, 6), bool)
    array[:3, :3, :3] = True
    array[3, 3, 3] = True
    array[5, 5, 4:] = True
    kept = keep_largest(array)
    assert kept[:3, :3, :3].all()
    assert kept.sum() == 27


def test_of_nothing_nothing_stays():
    assert not keep_largest(np.zeros((2, 3, 4), bool)).any()
    assert bounding_window(np.zeros((2, 3, 4), bool)) == (slice(0, 0),) * 3


def test_cavities_are_filled_also_where_they_leave_the_array():
    tube = np.zeros((8, 9, 9), bool)
    tube[:6, 1:8, 1:8] = True
    tube[:4, 3:6, 3:6] = False  # a canal open at the first layer
    solid = np.zeros_like(tube)
    solid[:6, 1:8, 1:8] = True
    np.testing.assert_array_equal(fill_holes(tube), solid)


def test_concavities_are_not_filled():
    ring = np.zeros((5, 9, 9), bool)
    ring[2, 1:8, 1:8] = True
    ring[2, 3:6, 3:6] = False  # a hole through a slice is no cavity in 3D
    bay = np.zeros((6, 6, 6), bool)
    bay[:, :, 2:] = True
    bay[:3, 2:4, 2:4] = False
    np.testing.assert_array_equal(fill_holes(ring), ring)
    np.testing.assert_array_equal(fill_holes(bay), bay)


def test_the_input_is_left_alone():
    array = np.ones((3, 3, 3), bool)
    array[1, 1, 1] = False
    before = array.copy()
    assert fill_holes(array).all()
    np.testing.assert_array_equal(array, before)


def test_the_window_is_the_smallest_box_and_stays_in_the_array():
    array = np.zeros((10, 10, 10), bool)
    array[1, 4, 7] = array[3, 5, 8] = True
    assert bounding_window(array) == (slice(1, 4), slice(4, 6), slice(7, 9))
    assert bounding_window(array, margin=2) == (slice(0, 6), slice(2, 8), slice(5, 10))


def ring(hole):
    """A slab with a square hole of `hole` voxels through it."""
    out = np.zeros((19, 30, 30), np.float32)
    out[8:11, 8:22, 8:22] = 0.9
    out[8:11, 10 : 10 + hole, 10 : 10 + hole] = 0.1
    return out


def test_the_euler_number_counts_parts_minus_handles_plus_cavities():
    assert euler_number(np.ones((4, 5, 6))) == 1
    assert euler_number(ring(2) > 0.5) == 0
    two = np.zeros((9, 9, 9), bool)
    two[:3, :3, :3] = two[5:, 5:, 5:] = True
    assert euler_number(two) == 2
    two[1, 1, 1] = False
    assert euler_number(two) == 3


@pytest.mark.parametrize("hole", [1, 2, 4, 6])
def test_a_tunnel_is_stopped_where_it_is_and_nothing_else_changes(hole):
    before = ring(hole)
    after = close_handles(before)
    assert euler_number(after >= 0.5) == 1
    changed = np.argwhere(after != before)
    assert changed[:, 1:].min() >= 10
    assert changed[:, 1:].max() < 10 + hole


def test_a_wide_ring_and_a_bone_without_tunnel_stay_as_they_are():
    wide, bay = ring(7), np.full((9, 9, 9), 0.9, np.float32)
    bay[:, 4, 4:] = 0.1  # a slit, open at the side
    np.testing.assert_array_equal(close_handles(wide), wide)
    np.testing.assert_array_equal(close_handles(bay), bay)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.6, 0.7, 0.9])
def test_levels_are_filled_as_each_by_itself(share):
    array = np.random.default_rng(0).random((9, 23, 31)) < share
    array[3], array[4] = True, False
    filled = fill_levels(array)
    assert np.array_equal(filled, [ndimage.binary_fill_holes(level) for level in array])
    assert array[3].all() and not filled[4].any()
