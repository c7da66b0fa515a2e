import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.training.hard_examples import NEGATIVES, hard_example, negative


def test_a_shoulder_s_box_is_other_bone_without_femur():
    rng = np.random.default_rng(2)
    anatomy, centre = negative(rng, Side.LEFT, "shoulder")
    arrays = hard_example(anatomy, Side.LEFT, centre, rng)
    assert arrays["hu"].shape == arrays["femur"].shape and arrays["hu"].dtype == np.int16
    assert not arrays["femur"].any() and (arrays["other"] > 127).sum() > 5000
    assert sum(NEGATIVES.values()) == pytest.approx(1)
