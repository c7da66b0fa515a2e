"""The grid of the coarse pass: it holds the whole scan, however that is turned."""

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.locate.coarse import coarse_answer
from femurkit.volume import Volume

GRID = Grid.aligned((30, 40, 50), (3.0, 2.0, 2.0), (-50.0, -40.0, 700.0))
MARK = (20, 15, 35)


class Seer:
    """Says other femur where the HU are above 500."""

    spacing_mm, steps = 4.0, (8, 8, 8)

    def __call__(self, hu):
        says = np.zeros((5, *hu.shape), np.float32)
        says[3] = hu > 500
        return says


@pytest.mark.parametrize("turn_deg", [0.0, 12.0, -12.0, 90.0])
def test_a_mark_is_seen_at_its_place_in_the_body(turn_deg):
    hu = np.zeros(GRID.shape, np.int16)
    z, y, x = MARK
    hu[z - 2 : z + 3, y - 3 : y + 4, x - 3 : x + 4] = 2000
    answer = coarse_answer(Volume(hu, GRID), Seer(), turn_deg=turn_deg)
    assert all(n % 8 == 0 for n in answer.grid.shape)
    assert np.allclose(answer.grid.spacing_mm, 4.0)
    low, high = answer.grid.to_index(GRID.corners_mm()).min(0), answer.grid.shape
    assert (low > -1).all() and (answer.grid.to_index(GRID.corners_mm()).max(0) < high).all()
    marked = answer.grid.to_world(np.argwhere(answer.femur.array > 0.5))
    assert np.allclose(marked.mean(0), GRID.to_world(MARK), atol=2.0)
    across = answer.grid.affine[:3, 2]
    assert np.allclose(across, [4, 0, 0])
