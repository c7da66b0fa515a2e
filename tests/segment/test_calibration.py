import numpy as np
import pytest
from scipy import special

from femurkit.segment.calibration import (
    at_temperature,
    calibration_error,
    near_outline,
    reliability,
    temperature_of,
)


def drawn(classes, temperature, size=60_000):
    """Logits, and a truth drawn from their softmax at a temperature."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 3, (classes, size))
    femur = special.softmax(logits / temperature, axis=0)[1]
    return logits, rng.random(size) < femur


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.3])
def test_the_temperature_that_made_the_truth_is_found(classes, temperature):
    logits, truth = drawn(classes, temperature)
    assert temperature_of(logits, truth) == pytest.approx(temperature, rel=0.03)
    told = special.softmax(logits, axis=0)
    assert temperature_of(told, truth) == pytest.approx(temperature, rel=0.03)


def test_at_that_temperature_the_probability_is_the_share():
    logits, truth = drawn(3, 2.0)
    before = calibration_error(reliability(at_temperature(logits, 1.0)[1], truth))
    after = calibration_error(reliability(at_temperature(logits, 2.0)[1], truth))
    assert before > 0.06
    assert after < 0.01


def test_shares_of_voxels_count_as_truth():
    logits = np.random.default_rng(0).normal(0, 2, (2, 20_000))
    share = special.softmax(logits / 1.7, axis=0)[1]
    assert temperature_of(logits, share) == pytest.approx(1.7, rel=1e-3)


def test_only_the_outline_counts_in_a_volume():
    truth = np.zeros((30, 30, 30), bool)
    truth[8:22, 8:22, 8:22] = True
    near = near_outline(truth)
    assert not near[15, 15, 15] and not near[0, 0, 0] and near[8, 15, 15] and near[4, 15, 15]
    p = np.where(truth, 0.8, 0.2)
    far_and_wrong = np.where(near, p, 1 - p)
    says = np.stack([1 - far_and_wrong, far_and_wrong])
    # near the outline always right: the sharper the better, whatever is said far from it
    assert temperature_of(says, truth) < 0.25


def test_the_table_counts_every_voxel_once():
    p = np.array([0.0, 0.05, 0.1, 0.5, 0.99, 1.0])
    truth = np.array([False, True, False, True, True, True])
    table = reliability(p, truth)
    assert [(b.low, b.count) for b in table] == [(0.0, 2), (0.1, 1), (0.5, 1), (0.9, 2)]
    assert table[0].true_share == 0.5
    expected = (2 * abs(0.025 - 0.5) + 0.1 + 0.5 + 2 * 0.005) / 6
    assert calibration_error(table) == pytest.approx(expected)


def test_unlike_shapes_are_refused():
    with pytest.raises(ValueError, match="truth"):
        temperature_of(np.zeros((2, 5)), np.zeros(4, bool))
