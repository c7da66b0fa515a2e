import numpy as np
from scipy.special import expit

from femurkit.geometry import Grid
from femurkit.surface.contour import contour
from femurkit.surface.odds import log_odds
from femurkit.volume import Field


def test_between_voxels_the_outline_of_a_sure_network_is_found_where_it_is():
    grid = Grid.aligned((40, 40, 40), (1.5, 1.5, 1.5), np.array([-29.3, -29.1, -29.6]))
    radius = np.linalg.norm(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), axis=-1)
    sure = Field(expit((22.0 - radius) / 0.2).astype(np.float32), grid)

    def errors(field):
        return np.abs(np.linalg.norm(contour(field).vertices, axis=1) - 22.0)

    assert errors(log_odds(sure)).max() < 0.02  # h² / 8r between nodes
    assert errors(sure).mean() > 0.05
    assert np.array_equal(log_odds(sure).array >= 0.5, sure.array >= 0.5)


def test_certainty_of_any_kind_is_a_number():
    grid = Grid.aligned((1, 1, 3), (1, 1, 1), np.zeros(3))
    out = log_odds(Field(np.array([[[0, 0.5, 1]]], np.float32), grid))
    np.testing.assert_array_equal(out.array, [[[0, 0.5, 1]]])
