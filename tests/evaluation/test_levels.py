import numpy as np
import pytest

from femurkit.evaluation.levels import overlap_between_levels, slice_areas_cm2, slice_levels_mm
from femurkit.geometry import Grid

GRID = Grid.aligned((20, 30, 40), (3.0, 0.8, 0.8), (-10.0, 5.0, 100.0))


def boxes():
    """A box of 12 x 10 voxels over ten slices; the upper five slices are found two columns off."""
    truth, pred = np.zeros((2, *GRID.shape), bool)
    truth[5:15, 8:20, 10:20] = True
    pred[5:10, 8:20, 10:20] = True
    pred[10:15, 8:20, 12:22] = True
    return pred, truth


def test_each_stretch_has_its_own_scores():
    pred, truth = boxes()
    below = overlap_between_levels(pred, truth, GRID, 100.0, 100.0 + 9 * 3)
    above = overlap_between_levels(pred, truth, GRID, 100.0 + 10 * 3, 200.0)
    assert below["dsc"] == 1
    assert below["volume_ml"] == pytest.approx(5 * 120 * 1.92 / 1000)
    assert above["dsc"] == pytest.approx(0.8)
    assert above["hd95_mm"] == pytest.approx(1.6)
    both = overlap_between_levels(pred, truth, GRID, 0.0, 200.0)
    assert both["dsc"] == pytest.approx(0.9)
    assert both["truth_volume_ml"] == pytest.approx(10 * 120 * 1.92 / 1000)


def test_a_level_is_no_end_of_the_bone():
    """A rod found whole is exact between any levels, and its cut faces are no border."""
    pred, truth = boxes()
    truth[15:] = truth[14]
    pred = truth.copy()
    pred[15:] = False
    found = overlap_between_levels(pred, truth, GRID, 100.0 + 6 * 3, 100.0 + 13 * 3)
    assert (found["dsc"], found["assd_mm"], found["hd95_mm"]) == (1, 0, 0)
    beyond = overlap_between_levels(pred, truth, GRID, 100.0 + 16 * 3, 100.0 + 16 * 3)
    assert beyond["dsc"] == 0
    assert beyond["assd_mm"] == pytest.approx(6.0)  # two slices above the end of what was found


def test_nothing_there_is_none():
    pred, truth = boxes()
    assert overlap_between_levels(pred, truth, GRID, 0, 50)["dsc"] is None
    lost = overlap_between_levels(np.zeros_like(pred), truth, GRID, 0, 200)
    assert (lost["dsc"], lost["assd_mm"]) == (0, None)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_slices_are_those_across_the_body_however_the_array_lies(axes):
    _, truth = boxes()
    affine = GRID.affine.copy()
    affine[:3, :3] = affine[:3, :3][:, axes]
    turned = Grid(tuple(GRID.shape[a] for a in axes), affine)
    areas = slice_areas_cm2(truth.transpose(axes), turned)
    levels = slice_levels_mm(turned)
    np.testing.assert_allclose(levels, 100 + 3 * np.arange(20))
    expected = np.where((np.arange(20) >= 5) & (np.arange(20) < 15), 120 * 0.64 / 100, 0)
    np.testing.assert_allclose(areas, expected)
