import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.phantom.solids import (
    All,
    Ball,
    Box,
    Either,
    Layer,
    Moved,
    Opposite,
    Outside,
    Rod,
    depth_on,
    plane,
    rough_plane,
)

UP = np.array([0.0, 0.0, 1.0])
ROD = Rod(np.array([[0.0, 0, 0], [0, 0, 100]]), np.array([5.0, 10.0]))
BALL = Ball(np.array([1.0, 2, 3]), 10.0)


@pytest.mark.parametrize(
    ("solid", "point", "depth"),
    [
        (ROD, [0, 0, 0], 5.0),
        (ROD, [0, 0, 50], 7.5),
        (ROD, [12, 0, 100], -2.0),
        (ROD, [0, 0, -8], -3.0),
        (BALL, [1, 2, 3], 10.0),
        (BALL, [1, 2, 16], -3.0),
        (Ball(np.zeros(3), 10.0, 7.0), [0, 0, 8], 1.0),
        (Ball(np.zeros(3), 10.0, opening=UP), [0, 0, 4], -4.0),
        (Ball(np.zeros(3), 10.0, opening=UP), [0, 0, -7], 3.0),
        (Box(np.zeros(3), np.eye(3), np.array([1.0, 2, 3])), [0, 1.5, 0], 0.5),
        (Layer(Ball(np.zeros(3), 9.0), plane(np.zeros(3), UP), 1.5), [3, 0, 1], 0.5),
    ],
)
def test_depths(solid, point, depth):
    assert solid.depth_mm(np.array([point], float))[0] == pytest.approx(depth)


def test_a_flat_rod_is_thinner_one_way():
    flat = Rod(ROD.path, np.array([8.0, 8.0]), 0.5, np.array([0.0, 1, 0]))
    assert (
        flat.depth_mm(np.array([[0.0, 3.9, 50]]))[0]
        > 0
        > flat.depth_mm(np.array([[0, 4.1, 50.0]]))[0]
    )
    assert flat.depth_mm(np.array([[7.9, 0, 50]]))[0] > 0


def test_a_rough_plane_and_its_opposite_part_space():
    surface = rough_plane(
        np.zeros(3), UP, np.random.default_rng(1), lengths_mm=(8, 50), heights_mm=(0.2, 1.6)
    )
    points = np.random.default_rng(0).uniform(-30, 30, (500, 3))
    assert np.allclose(surface.kept_mm(points), -Opposite(surface).kept_mm(points))
    far = np.abs(points[:, 2]) > 6 * 1.6
    assert ((surface.kept_mm(points) > 0) == (points[:, 2] > 0))[far].all()


def test_parts_of_space_are_combined_and_moved():
    above, aside = plane(np.zeros(3), UP), plane(np.zeros(3), np.array([1.0, 0, 0]))
    point = np.array([[2.0, 0, -3]])
    assert (
        Either(above, aside).kept_mm(point)[0] == 2 and All((above, aside)).kept_mm(point)[0] == -3
    )
    assert Outside(BALL).kept_mm(np.array([[1.0, 2, 16]]))[0] == 3
    lift = np.eye(4)
    lift[2, 3] = 5.0
    assert Moved(above, lift).kept_mm(point)[0] == pytest.approx(-8)


def test_a_ball_has_its_volume_on_a_grid():
    grid = Grid.aligned((30, 30, 30), (1.0, 1.0, 1.0), [-14.0, -13, -12])
    window, depth = depth_on(BALL, grid, margin_mm=1)
    assert np.count_nonzero(depth > 0) == pytest.approx(4 / 3 * np.pi * 1000, rel=0.02)
    elsewhere = Grid.aligned((3, 3, 3), (1.0, 1.0, 1.0), [100.0, 0, 0])
    assert depth_on(BALL, elsewhere, margin_mm=1)[1].size == 0 and depth.shape <= grid.shape
    assert all(isinstance(w, slice) for w in window)
