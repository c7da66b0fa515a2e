import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.phantom import streaks as module
from femurkit.phantom.solids import Ball, Rod
from femurkit.phantom.streaks import METALS, Beam, streaks

NAIL = Rod(np.array([[20.0, 10, -50], [20, 10, 50]]), np.array([15.0, 15]))
GRID = Grid.aligned((4, 60, 60), (3.0, 1.5, 1.5), [-30.0, -40, -5])


def test_what_is_projected_comes_back_by_filtered_back_projection():
    target = Grid.aligned((2, 60, 60), (3.0, 1.5, 1.5), [-30.0, -40, -2])
    rays, lengths = module._lengths([(NAIL, "titanium")], target)
    slices = np.unique(rays // (module.ANGLES * module._bins()))
    back = module._back(module._filtered(lengths[:, 1], rays, slices), target)
    points = target.to_world(np.indices(target.shape).reshape(3, -1).T)
    away = np.hypot(points[:, 0] - 20, points[:, 1] - 10).reshape(target.shape)
    assert back[away < 11].mean() == pytest.approx(METALS["titanium"][1], rel=0.03)
    assert abs(back[(away > 20) & (away < 45)].mean()) < 0.02 * METALS["titanium"][1]


def test_two_metals_darken_what_lies_between_them():
    pair = [(Ball(np.array([x, 0.0, 0]), 14.0), "cobalt") for x in (-60.0, 60.0)]
    grid = Grid.aligned((3, 40, 90), (3.0, 1.5, 1.5), [-67.0, -30, -3])
    error, lattice = streaks(pair, grid, Beam(photons=1e6), np.random.default_rng(0))
    points = lattice.to_world(np.indices(lattice.shape).reshape(3, -1).T).reshape(*error.shape, 3)
    between = (np.abs(points[..., 0]) < 30) & (np.abs(points[..., 1]) < 3)
    beside = (np.abs(points[..., 0]) < 30) & (np.abs(points[..., 1]) > 20)
    assert error[between].mean() < -200 < error[beside].mean()


def test_metal_beside_the_grid_reaches_it_in_its_slices_only():
    far = Ball(np.array([150.0, 0, 10]), 8.0)
    error, lattice = streaks([(far, "steel")], GRID, Beam(), np.random.default_rng(0))
    heights = lattice.to_world(np.c_[np.arange(lattice.shape[0]), np.zeros((lattice.shape[0], 2))])[
        :, 2
    ]
    hit = np.abs(error).max((1, 2)) > 0
    assert hit.any() and (np.abs(heights[hit] - 10) < 9.5).all()


def test_less_is_left_after_a_correction_and_nothing_without_metal():
    whole, _ = streaks([(NAIL, "steel")], GRID, Beam(), np.random.default_rng(0))
    part, _ = streaks([(NAIL, "steel")], GRID, Beam(kept=0.1), np.random.default_rng(0))
    assert np.abs(part).mean() < 0.5 * np.abs(whole).mean()
    assert (
        streaks(
            [(Ball(np.array([0.0, 0, 400]), 5.0), "steel")], GRID, Beam(), np.random.default_rng(0)
        )
        is None
    )
