import numpy as np
import pytest
import SimpleITK

from femurkit.evaluation.overlap import overlap


def test_by_hand():
    """TP 2, FP 1, FN 3, TN 4."""
    pred = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0], bool).reshape(1, 2, 5)
    truth = np.array([1, 1, 0, 1, 1, 1, 0, 0, 0, 0], bool).reshape(1, 2, 5)
    found = overlap(pred, truth)
    assert found.dsc == pytest.approx(4 / 8)
    assert found.iou_femur == pytest.approx(2 / 6)
    assert found.mean_iou == pytest.approx((2 / 6 + 4 / 8) / 2)
    assert found.precision == pytest.approx(2 / 3)
    assert found.sensitivity == pytest.approx(2 / 5)
    assert found.specificity == pytest.approx(4 / 5)


def test_against_another_implementation():
    rng = np.random.default_rng(0)
    pred, truth = rng.random((2, 9, 10, 11)) > 0.6
    measures = SimpleITK.LabelOverlapMeasuresImageFilter()
    measures.Execute(
        SimpleITK.GetImageFromArray(pred.astype(np.uint8)),
        SimpleITK.GetImageFromArray(truth.astype(np.uint8)),
    )
    found = overlap(pred, truth)
    assert found.dsc == pytest.approx(measures.GetDiceCoefficient(1))
    assert found.iou_femur == pytest.approx(measures.GetJaccardCoefficient(1))
    assert 1 - found.sensitivity == pytest.approx(measures.GetFalseNegativeError(1))


def test_what_has_no_denominator_is_none():
    nothing, something = np.zeros((2, 2, 2), bool), np.ones((2, 2, 2), bool)
    assert overlap(nothing, nothing).dsc is None
    assert overlap(nothing, something).precision is None
    assert overlap(nothing, something).dsc == 0
    assert overlap(something, something).specificity is None
    with pytest.raises(ValueError, match="truth"):
        overlap(nothing, np.zeros((2, 2, 3), bool))
