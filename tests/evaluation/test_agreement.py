import numpy as np
import pytest

from femurkit.evaluation.agreement import agreement


def test_by_hand():
    found = agreement([110, 190, 330], [100, 200, 300])
    assert found.n == 3
    assert found.bias == pytest.approx(10)
    assert found.mae == pytest.approx(50 / 3)
    assert found.rmse == pytest.approx(np.sqrt(1100 / 3))
    assert found.re_percent == pytest.approx(100 * (0.1 + 0.05 + 0.1) / 3)
    assert found.r2_identity == pytest.approx(1 - 1100 / 20000)
    assert found.pearson_r == pytest.approx(np.corrcoef([110, 190, 330], [100, 200, 300])[0, 1])


def test_an_offset_lowers_r2_but_not_pearson():
    truth = np.array([100.0, 200, 300])
    found = agreement(truth + 100, truth)
    assert found.pearson_r == pytest.approx(1)
    assert found.r2_identity == pytest.approx(1 - 30000 / 20000)
    assert agreement(truth, truth).r2_identity == 1


def test_what_is_not_defined_is_none():
    one = agreement([5], [4])
    assert one.r2_identity is None
    assert one.pearson_r is None
    assert agreement([1, 2], [0, 2]).re_percent is None


@pytest.mark.parametrize(("a", "b"), [([], []), ([1, 2], [1])])
def test_unpaired_values_are_refused(a, b):
    with pytest.raises(ValueError, match="true values"):
        agreement(a, b)
