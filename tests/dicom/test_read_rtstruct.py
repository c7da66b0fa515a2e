"""Contours of known shape, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from femurkit.dicom.read_rtstruct import Roi, enclosed, rasterise
from femurkit.errors import InputRefused
from femurkit.geometry import Grid

SHAPE = (40, 50)


def circle(radius, centre=(20.3, 24.8), corners=720):
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.column_stack([np.sin(angle), np.cos(angle)]) * radius + centre


def distance(centre=(20.3, 24.8)):
    y, x = np.indices(SHAPE)
    return np.hypot(y - centre[0], x - centre[1])


@pytest.mark.parametrize("turn", [1, -1])
def test_a_circle_holds_the_pixels_whose_centres_lie_in_it(turn):
    assert np.array_equal(enclosed([circle(13.37)[::turn]], SHAPE), distance() < 13.37)


def test_a_contour_within_another_is_a_hole_and_one_in_that_an_island():
    got = enclosed([circle(r) for r in (13.37, 9.21, 4.18)], SHAPE)
    d = distance()
    assert np.array_equal(got, ((d < 13.37) & ~(d < 9.21)) | (d < 4.18))


def test_a_keyhole_is_a_hole_in_one_contour():
    """Outer circle, a cut inward, inner circle run backward, and out through the same cut."""
    outer, inner = circle(13.37), circle(9.21)[::-1]
    key = np.concatenate([outer, outer[:1], inner[-1:], inner, inner[-1:], outer[:1]])
    d = distance()
    assert np.array_equal(enclosed([key], SHAPE), (d < 13.37) & ~(d < 9.21))


def test_contours_may_leave_the_picture():
    for centre in ((2.0, 3.0), (38.2, 47.1), (20.3, -3.3), (-2.5, 20.0)):
        got = enclosed([circle(9.4, centre)], SHAPE)
        assert np.array_equal(got, distance(centre) < 9.4)
    assert not enclosed([circle(5.0, (90.0, 90.0))], SHAPE).any()
    assert not enclosed([], SHAPE).any()


def oblique() -> Grid:
    q, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = q * (2.5, 0.9, 0.7)
    affine[:3, 3] = (-120.25, 33.5, -801.0)
    return Grid((6, *SHAPE), affine)


def contour(grid, at, radius):
    points = circle(radius)
    return grid.to_world(np.column_stack([np.full(len(points), at), points]))


def test_planes_go_to_their_nearest_slice_and_the_nearest_plane_counts():
    grid = oblique()
    roi = Roi("f", tuple(contour(grid, at, r) for at, r in ((1.1, 8.3), (1.4, 5.1), (2.6, 9.7))))
    got = rasterise(roi, grid)
    d = distance()
    assert np.array_equal(got[1], d < 8.3)
    assert np.array_equal(got[3], d < 9.7)
    assert not got[[0, 2, 4, 5]].any()


def test_contours_beyond_the_scan_are_left_out():
    grid = oblique()
    roi = Roi("f", (contour(grid, -3.0, 8.3), contour(grid, 9.0, 8.3)))
    assert not rasterise(roi, grid).any()


def test_contours_across_the_slices_are_refused():
    grid = oblique()
    points = circle(9.0)
    across = grid.to_world(np.column_stack([points[:, 0] / 5, points]))
    with pytest.raises(InputRefused, match="cross the slices"):
        rasterise(Roi("f", (across,)), grid)
