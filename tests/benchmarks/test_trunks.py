"""The benchmark of synthetic trunks: which femora are expected, and what is not invented."""

import numpy as np
import pytest
from benchmarks.found import Found, Hip, is_expected
from benchmarks.trunks import NOT_SEEN, in_circle, judged

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.phantom.coarse_scan import CoarseScan
from femurkit.phantom.views import View

GRID = Grid.aligned((51, 51, 101), (4, 4, 4), (-200, -100, -100))


@pytest.fixture
def scan():
    """A right femur is labelled from x = -100 to -80 mm, y = 0 to 20 mm, z = -100 to -60 mm."""
    label = np.zeros(GRID.shape, np.uint8)
    label[0:11, 25:31, 25:31] = Side.RIGHT.label
    return CoarseScan(np.zeros(GRID.shape, np.int16), label)


def test_a_landmark_outside_a_round_field_of_view_is_not_seen():
    view = View("pelvis", GRID, np.eye(4), "none", 90.0)
    assert in_circle(np.array([80.0, 0, 50]), view) is not NOT_SEEN
    outside = in_circle(np.array([80.0, 60, 50]), view)
    assert not is_expected(Hip(Side.LEFT, outside, outside, 24.0), GRID)


def test_part_of_a_femur_that_need_not_be_found_is_not_invented(scan):
    box = Found(Side.RIGHT, np.array([-110.0, -10, -100]), np.array([-70.0, 30, -50]))
    hips = [Hip(Side.RIGHT, np.array([-90.0, 0, -200]), np.array([-120.0, 0, -230]), 24.0)]
    told = judged(hips, [box], scan, GRID)
    assert not told.expected and not told.invented
    elsewhere = Found(Side.RIGHT, box.low + [0, 0, 100], box.high + [0, 0, 100])
    assert judged(hips, [elsewhere], scan, GRID).invented == ("right",)
    assert judged(hips, [Found(Side.LEFT, box.low, box.high)], scan, GRID).invented == ("left",)


def test_a_femur_whose_head_is_not_seen_can_be_found(scan):
    hip = Hip(Side.RIGHT, NOT_SEEN, np.array([-90.0, 10, -80]), 24.0)
    box = Found(Side.RIGHT, np.array([-110.0, -10, -100]), np.array([-70.0, 30, -50]))
    told = judged([hip], [box], scan, GRID)
    assert told.found == ("right",) and not told.missed and not told.invented
