import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.phantom.scanner import Scanner, add_noise, add_table, blur, rods


def test_a_point_spreads_as_stated():
    scanner = Scanner((2.0, 0.5, 0.5), psf_mm=0.8)
    hu = np.zeros((8, 61, 61), np.float32)
    hu[2:4, 30, 30] = 1000  # one slice of two thin ones
    seen = blur(hu, scanner, 2)
    assert seen.shape == (4, 61, 61)
    assert seen.sum() == pytest.approx(1000, rel=1e-4)
    profile = seen[1].sum(0)
    at = (np.arange(61) - 30) * 0.5
    assert np.sqrt((profile * at**2).sum() / profile.sum()) == pytest.approx(0.8, rel=0.03)


@pytest.mark.parametrize(("slice_mm", "expected"), [(1.0, 20.0), (4.0, 10.0)])
def test_noise_falls_with_the_square_root_of_slice_thickness(slice_mm, expected):
    hu = np.zeros((12, 128, 128), np.float32)
    add_noise(hu, Scanner((slice_mm, 0.8, 0.8), noise_hu=20.0), np.random.default_rng(0))
    assert hu.std() == pytest.approx(expected, rel=0.02)
    neighbours = np.corrcoef(hu[:, :, 1:].ravel(), hu[:, :, :-1].ravel())[0, 1]
    assert neighbours > 0.4, "CT noise is correlated"


def test_rods_lie_where_the_truth_says_with_their_hu():
    grid = Grid.aligned((2, 200, 300), (1, 1, 1), (-150, 0, 0))
    hu = np.full(grid.shape, -1000.0)
    add_table(hu, grid, top_mm=100.0, with_rods=True)
    for rod in rods(100.0):
        z, y, x = np.rint(grid.to_index([rod["x_mm"], rod["y_mm"], 0])).astype(int)
        assert hu[z, y, x] == rod["hu"] == 1.25 * rod["density_mg_cm3"]
