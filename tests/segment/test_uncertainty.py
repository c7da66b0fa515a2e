import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.segment.uncertainty import REACH_MM, entropy_bits, uncertainty
from femurkit.volume import Field, Mask


def test_entropy_is_one_bit_at_a_half_and_nothing_when_certain():
    p = np.array([0.0, 0.11, 0.5, 0.89, 1.0, 1.0000002], np.float32)
    assert entropy_bits(p) == pytest.approx([0, 0.49992, 1, 0.49992, 0, 0], abs=1e-4)


@pytest.fixture
def ramp():
    """A femur on the left of x = 0 mm whose probability falls over 6 mm."""
    grid = Grid.aligned((40, 40, 60), (1.5, 1.5, 1.5), (-45, -30, 0))
    x = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))[..., 0]
    return Field(np.clip(0.5 - x / 6, 0, 1).astype(np.float32), grid)


@pytest.mark.parametrize("flip", [1, -1])
def test_undecided_at_the_outline_and_nowhere_far_from_it(ramp, flip):
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, flip], [0, 1, 0], [2, 0, 0]])
    affine[:3, 3] = [-45 * flip, -30, 2]
    grid = Grid((25, 50, 80), affine)
    x = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))[..., 0]
    mask = Mask((x > -20) & (x < 0), grid)
    found = uncertainty(ramp, mask)
    assert found.dtype == np.uint8
    near = (x > -20 - REACH_MM) & (x < REACH_MM)
    expected = np.rint(100 * entropy_bits(np.clip(0.5 - x / 6, 0, 1)))
    assert np.abs(found[near] - expected[near]).max() <= 6  # interpolated in a curve
    assert (found[np.abs(x) < 1e-6] == 100).all()
    assert not found[~near & (np.abs(x) > REACH_MM + 1)].any()


def test_no_femur_no_doubt(ramp):
    mask = Mask(np.zeros(ramp.grid.shape, bool), ramp.grid)
    assert not uncertainty(ramp, mask).any()
