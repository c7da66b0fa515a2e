"""Shares and known slices against shapes whose volume can be computed."""

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.dataset.boxes import hip_box, label_bounds_mm, outer_bounds_mm
from femurkit.dataset.share import known, share
from femurkit.geometry import Grid

GRID = Grid.aligned((40, 60, 50), (3.0, 1.0, 1.2), (-30.0, -30.0, 100.0))
CENTRE = np.array([0.0, 0.0, 160.0])
RADIUS_MM = 20.0


def ball(grid=GRID, radius_mm=RADIUS_MM):
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    return np.linalg.norm(points - CENTRE, axis=-1) < radius_mm


ALL = np.ones(GRID.shape[0], bool)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("spacing_mm", [1.0, 1.5, 3.0])
def test_volume_and_place_are_kept(spacing_mm, mirrored):
    side = Side.RIGHT if mirrored else Side.LEFT
    box = hip_box((CENTRE - 28, CENTRE + 28), side, spacing_mm=spacing_mm)
    got = share(ball(), ALL, GRID, box)
    assert got.sum() * box.voxel_mm3 == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3, rel=0.02)
    points = box.to_world(np.moveaxis(np.indices(box.shape), 0, -1))
    assert np.allclose((points * got[..., None]).sum((0, 1, 2)) / got.sum(), CENTRE, atol=0.05)
    assert np.logical_xor(got > 0.5, ball(box)).sum() * box.voxel_mm3 < 0.08 * ball().sum() * 3.6


def test_slices_that_nobody_annotated_are_not_background():
    told = np.zeros(40, bool)
    told[::6] = True
    labels = ball() & told[:, None, None]
    box = hip_box((CENTRE - 28, CENTRE + 28), Side.LEFT, spacing_mm=1.5)
    seen, got = known(told, GRID, box), share(labels, told, GRID, box)
    truth = ball(box)
    assert 0.1 < seen.mean() < 0.25
    assert ((got > 0.5) == truth)[seen].mean() > 0.985
    # A label read as background wherever nobody drew would lose half of this.
    assert got[seen].sum() == pytest.approx(truth[seen].sum(), rel=0.03)


def test_known_is_the_nearest_slice_and_never_outside_the_scan():
    told = np.zeros(40, bool)
    told[[0, 20]] = True
    box = Grid.aligned((200, 16, 16), (1.0,) * 3, (-100.0, 0.0, 80.0))
    seen = known(told, GRID, box)
    z = box.origin_mm[2] + np.arange(200)
    inside_x = box.origin_mm[0] + np.arange(16) >= GRID.origin_mm[0] - 0.6
    slices = ((z >= 98.5) & (z < 101.5)) | ((z >= 158.5) & (z < 161.5))
    assert np.array_equal(seen, np.broadcast_to((slices[:, None, None] & inside_x), seen.shape))
    box = Grid.aligned((200, 16, 16), (1.0,) * 3, (-8.0, 0.0, 80.0))
    assert np.array_equal(known(told, GRID, box).all((1, 2)), slices)


def test_nothing_labelled_is_nothing():
    box = hip_box((CENTRE - 28, CENTRE + 28), Side.LEFT, spacing_mm=3.0)
    assert not share(ball() & False, ALL, GRID, box).any()
    assert not share(ball(), ~ALL, GRID, box).any()
    assert not known(~ALL, GRID, box).any()


@pytest.mark.parametrize("side", list(Side))
def test_a_box_covers_its_bounds_evenly(side):
    low, high = np.array([10.0, -20.0, 5.0]), np.array([81.0, 40.5, 200.0])
    box = hip_box((low, high), side, spacing_mm=1.5, margin_mm=4.0)
    got_low, got_high = outer_bounds_mm(box)
    assert (got_low <= low - 4).all()
    assert (got_high >= high + 4).all()
    assert np.allclose((got_low + got_high) / 2, (low + high) / 2)
    assert all(n % 16 == 0 for n in box.shape)
    assert np.sign(box.affine[0, 2]) == side.sign
    exact = hip_box((low, low + 48), side, spacing_mm=1.5)
    assert exact.shape == (32, 32, 32)


def test_bounds_of_a_label_reach_its_voxel_faces():
    inside = np.zeros(GRID.shape, bool)
    inside[4:6, 10, 20] = True
    low, high = label_bounds_mm(inside, GRID)
    assert np.allclose(low, [-30 + 19.5 * 1.2, -20.5, 110.5])
    assert np.allclose(high, [-30 + 20.5 * 1.2, -19.5, 116.5])
