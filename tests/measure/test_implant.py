"""What an implant leaves to be measured, and what is said of it."""

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.measure.implant import (
    REPLACED,
    implant_findings,
    replaced,
    unmeasured,
    without_metal,
)
from femurkit.surface.head import Head
from femurkit.surface.implant import Implant
from femurkit.volume import Field, Mask, Volume

GRID = Grid.aligned((60, 60, 60), (1.0, 1.0, 1.0), (-30.0, -30.0, -30.0))
HEAD = Head(np.zeros(3), 20.0, 0.5, None)


def implant(metal, *, within=1.0, ball=None):
    share = metal.astype(np.float32)
    inner, outer = Field(within * share, GRID), Field((1 - within) * share, GRID)
    return Implant(Mask(metal, GRID), 2500.0, True, inner, outer, ball)


def away():
    points = GRID.to_world(np.moveaxis(np.indices(GRID.shape), 0, -1))
    return points, np.linalg.norm(points, axis=-1)


def test_a_cap_of_metal_replaces_a_head_and_a_screw_in_it_does_not():
    points, far = away()
    cap = implant((far > 18) & (far < 21) & (points[..., 2] > 0))
    screw = implant(np.hypot(points[..., 0], points[..., 1]) < 4)
    assert replaced(HEAD, cap)
    assert not replaced(HEAD, screw)
    assert replaced(Head(None, None, None, "none"), implant(far < 14, ball=(np.zeros(3), 14.0)))
    assert not replaced(Head(None, None, None, "none"), screw)


def test_hu_beside_metal_are_unknown_and_others_stay():
    _, far = away()
    metal = implant(far < 5)
    hu = np.full(GRID.shape, 100, np.int16)
    seen = without_metal(Volume(hu, GRID), metal)
    unknown = np.isnan(seen.array)
    assert unknown[far < 6.0].all()
    assert not unknown[far > 7.1].any()
    assert (seen.array[~unknown] == 100).all()


def test_reasons_name_the_metal_where_it_may_be_one():
    why = {"shaft_cortical_thickness_mm": "the cortex could not be told", "head": REPLACED}
    said = unmeasured(why | {"neck_cortical_thickness_mm": REPLACED})
    assert said["shaft_cortical_thickness_mm"].endswith("; metal lies beside it")
    assert said["head"] == said["neck_cortical_thickness_mm"] == REPLACED


@pytest.mark.parametrize(
    ("within", "why", "words"),
    [
        (1.0, {}, "lies within the bone"),
        (0.2, {}, "lies along the bone"),
        (0.5, {"head": REPLACED}, "replaces the head"),
        (1.0, {"hollow_volume_ml": "metal in the canal"}, "the canal"),
    ],
)
def test_the_finding_says_where_it_is_and_what_is_lost(within, why, words):
    _, far = away()
    (found,) = implant_findings(implant(far < 14, within=within), {"not_measurable": why})
    assert (found.code, found.severity) == ("IMPLANT", "warning")
    assert words in found.text
    assert found.text.startswith("11 ml of metal at this femur")


def test_without_an_implant_nothing_is_said():
    assert implant_findings(None, {"not_measurable": {}}) == ()
