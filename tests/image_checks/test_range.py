"""Values that were cut off at the top, and values that were not."""

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.image_checks.range import FULL_RANGE
from femurkit.volume import Volume

SHAPE = (40, 40, 40)


def found(limit_hu):
    hu = np.random.default_rng(2).normal(0, 300, SHAPE)
    hu[15:25, 15:25, 15:25] += 900
    hu = np.minimum(np.rint(hu), limit_hu)
    return FULL_RANGE.found(Volume(hu.astype(np.int16), Grid.aligned(SHAPE, (1, 1, 1), (0, 0, 0))))


@pytest.mark.parametrize("limit_hu", [600, 1000])
def test_values_that_were_cut_off(limit_hu):
    text = found(limit_hu)
    assert text is not None and f"the greatest value, {limit_hu} HU" in text


def test_values_that_were_not():
    assert found(5000) is None


def test_the_end_of_twelve_bits_is_metal():
    metal = np.full(SHAPE, 3071, np.int16)
    assert FULL_RANGE.found(Volume(metal, Grid.aligned(SHAPE, (1, 1, 1), (0, 0, 0)))) is None
