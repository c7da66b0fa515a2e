import numpy as np

from femurkit.surface.islands import bounding_window, fill_holes, keep_largest


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
