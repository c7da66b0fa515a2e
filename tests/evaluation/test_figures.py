"""Figures hold the numbers they were given: counted and read back from their artists."""

import numpy as np
import pytest
from matplotlib.collections import FillBetweenPolyCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from femurkit.evaluation.figures import (
    bland_altman,
    difference_violins,
    four_views,
    overlay_triplets,
    paired_bars,
    region_bars,
    slice_area_bars,
    violins_with_points,
)
from femurkit.evaluation.figures.style import FOUND, GROUPS, TRUTH
from femurkit.evaluation.regional import PARTS
from femurkit.geometry import Grid
from femurkit.surface.draw import draw
from femurkit.volume import Mask, Volume

GRID = Grid.aligned((20, 30, 40), (3.0, 1.0, 1.0), (-10.0, 5.0, 100.0))


def points(axis):
    """y of every scattered point."""
    scattered = [c for c in axis.collections if isinstance(c, PathCollection)]
    return np.concatenate([c.get_offsets()[:, 1] for c in scattered])


def heights(axis, colour):
    return [p.get_height() for p in axis.patches if to_hex(p.get_facecolor()) == colour.lower()]


def test_violins_show_every_point_and_the_paper():
    groups = {"validated": {"dsc": [0.99, 0.98, 0.97, 0.96]}, "unseen": {"dsc": [0.9, 0.91]}}
    figure = violins_with_points(groups, ["dsc", "mean_iou"], references={"dsc": (0.918, 0.1)})
    first, second = figure.axes
    assert sorted(points(first)) == [0.9, 0.91, 0.96, 0.97, 0.98, 0.99]
    bodies = [c for c in first.collections if isinstance(c, FillBetweenPolyCollection)]
    assert [to_hex(body.get_facecolor()[0]) for body in bodies] == [GROUPS[0].lower()]
    assert first.get_lines()[0].get_ydata()[0] == 0.918
    band = first.patches[0]
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((0.818, 1.0))
    assert not second.patches, "no figure of the paper, no band"
    labels = [label.get_text() for label in first.get_xticklabels()]
    assert labels == ["validated\nn = 4", "unseen\nn = 2"]


def test_differences_stand_around_zero():
    groups = {"unseen": {"volume": [1.0, -2.0, 3.0, 4.0, 5.0], "area": [0.5]}}
    figure = difference_violins(groups, {"volume": "cm³", "area": "cm²"})
    assert [len(points(axis)) for axis in figure.axes] == [5, 1]
    assert [axis.get_ylabel() for axis in figure.axes] == ["cm³", "cm²"]
    assert all(axis.get_lines()[0].get_ydata()[0] == 0 for axis in figure.axes)


def test_bars_come_in_pairs_with_the_groups_apart():
    figure = paired_bars(
        [1.0, 2, 3], [1.5, 2.5, 3.5], "abc", "cm³", groups=["unseen", "validated", "unseen"]
    )
    (axis,) = figure.axes
    assert heights(axis, TRUTH) == [1.5, 3.5, 2.5]
    assert heights(axis, FOUND) == [1, 3, 2]
    assert [t.get_text() for t in axis.get_xticklabels()] == ["a", "c", "b"]
    ticks = axis.get_xticks()
    assert ticks[2] - ticks[1] > ticks[1] - ticks[0]
    assert [t.get_text() for t in axis.texts] == ["unseen", "validated"]


def test_bland_altman_by_hand():
    (axis,) = bland_altman([11.0, 12, 13], [10.0, 12, 14], "cm³").axes
    np.testing.assert_allclose(points(axis), [1, 0, -1])
    levels = [line.get_ydata()[0] for line in axis.get_lines()]
    np.testing.assert_allclose(levels, [0, 0, 1.96, -1.96])
    assert len(bland_altman([11.0], [10.0], "cm³").axes[0].get_lines()) == 2


def test_regions_show_what_there_is():
    rows = [{"dsc": 0.9, "head_dsc": 0.8}, {"dsc": 0.95, "head_dsc": None, "shaft_dsc": 0.99}]
    (axis,) = region_bars(rows, ["dsc"]).axes
    assert [bar.get_height() for bar in axis.patches] == pytest.approx([0.925, 0.8, 0.99])
    assert sorted(points(axis)) == [0.8, 0.9, 0.95, 0.99]
    assert len(axis.get_xticks()) == 1 + len(PARTS)
    assert axis.get_ylim() == (0.75, 1.0)


def test_slices_from_the_knee_to_the_head_and_the_worst_by_name():
    levels = np.array([30.0, 20, 10, 0])
    figure = slice_area_bars(levels, np.array([5.0, 4, 3, 0]), np.array([5.0, 2.5, 3, 0]))
    upper, lower = figure.axes
    assert heights(lower, FOUND) == pytest.approx([0, -1.5, 0])
    assert [bar.get_height() for bar in upper.patches[:3]] == [3, 4, 5]
    assert lower.texts[0].get_text() == "−1.50 cm²"


def test_triplets_are_slices_of_the_scan_with_the_masks_in_colour():
    truth, pred = np.zeros((2, *GRID.shape), bool)
    truth[2:18, 10:20, 10:20] = True
    pred[2:18, 10:20, 12:22] = True
    ct = Volume(np.where(truth, 700, 20).astype(np.int16), GRID)
    figure = overlay_triplets(ct, Mask(truth, GRID), Mask(pred, GRID), levels_mm=[140.0, 121.0])
    axes = np.reshape(figure.axes, (3, 2))
    assert [axis.get_title() for axis in axes[0]] == ["z = 140 mm", "z = 121 mm"]
    grey = axes[0, 0].images[0]
    x0, _, y1, y0 = grey.get_extent()
    shown = np.asarray(grey.get_array())
    inside = np.argwhere(shown > 600) * 0.5 + [y0 + 0.25, x0 + 0.25]
    np.testing.assert_allclose(inside.mean(0), [5 + 14.5, -10 + 14.5], atol=0.3)
    assert y1 > y0, "front (small y) is up"
    for row, mask in ((1, truth), (2, pred)):
        painted = axes[row, 0].images[1].get_array()
        area_mm2 = np.ma.count(painted) * 0.25
        assert area_mm2 == pytest.approx(mask[13].sum(), rel=0.1)
    assert len(axes[2, 0].collections) == 2, "the outline of what was found, and of the truth"
    six = overlay_triplets(ct, Mask(truth, GRID), Mask(pred, GRID))
    assert len(six.axes) == 18


def test_four_views_of_each_surface_and_another_one_from_below(box):
    solid, small = box((0, 0, 0), (20, 30, 80)), box((0, 0, 0), (10, 10, 80))
    figure = four_views({"true": solid, "found": solid}, below={"found": small})
    assert isinstance(figure, Figure)
    views = ["anterior", "posterior", "top", "bottom"]
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == [*views, *views[:3], "bottom, hollow bone"]
    covered = [np.count_nonzero(a.images[0].get_array()[..., 3] > 127) for a in figure.axes]
    front = np.count_nonzero(draw(solid, (0, -1, 0), (0, 0, 1))[..., 3] > 127)
    assert covered[:4] == pytest.approx([front, front, 40 * 60, 40 * 60], rel=0.02)
    assert covered[7] == pytest.approx(20 * 20, rel=0.05)
