"""Damage is as large as it says, and limits follow from rows by the stated rule."""

import json
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.damage import ANSWERS, cone, grown, inward
from benchmarks.hips import Case, is_bad
from benchmarks.limits import ROOM, SHARE, limits_of, usual_of
from benchmarks.patients import SCORED_BEFORE, SEEDS, _is, drawn_as

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.measure.confidence import MEANING
from femurkit.volume import Field, Mask, Volume

GRID = Grid.aligned((60, 60, 60), (1.5, 1.5, 1.5), (-44.25, -44.25, -44.25))
RADIUS = 24.0


@pytest.fixture(scope="module")
def case():
    """A ball of 24 mm at the origin, as sharp as a network draws."""
    at = GRID.to_world(np.stack(np.indices(GRID.shape), -1))
    depth = RADIUS - np.linalg.norm(at, axis=-1)
    answer = Field((1 / (1 + np.exp(-depth / 0.6))).astype(np.float32), GRID)
    hu = Volume(np.where(depth > 0, 400, 50).astype(np.int16), GRID)
    return Case(hu, Side.LEFT, answer, answer, np.zeros(3), RADIUS, Mask(depth > 0, GRID), None)


def reach_mm(case, way):
    """How far the answer reaches from the origin along a direction."""
    steps = np.arange(0, 40, 0.1)
    index = np.rint(GRID.to_index(steps[:, None] * way)).astype(int)
    return steps[case.answer.array[tuple(index.T)] >= 0.5].max()


@pytest.mark.parametrize("amount", [-4.0, 3.0, 6.0])
def test_an_outline_moves_by_what_is_asked_and_only_there(case, amount):
    way = inward(case, 30, np.random.default_rng(0))
    moved = grown(case, amount * cone(case, way, 30))
    assert reach_mm(moved, way) == pytest.approx(RADIUS + amount, abs=1.1)
    assert reach_mm(moved, -way) == pytest.approx(RADIUS, abs=0.8)


def test_the_same_seed_does_the_same_damage(case):
    for way in ("leak into the acetabulum", "beak", "notch", "head cut flat"):
        one, two = (ANSWERS[way](case, np.random.default_rng(3)).answer.array for _ in range(2))
        np.testing.assert_array_equal(one, two)
        assert not np.array_equal(one, case.answer.array)


def test_a_limit_lies_between_good_and_bad_and_real_heads_set_none():
    usual = dict.fromkeys(MEANING, 0.2) | {"inside_hu": 900.0}
    worse = dict.fromkeys(MEANING, 0.4) | {"inside_hu": 800.0}
    bad = dict.fromkeys(MEANING, 20.0) | {"inside_hu": 100.0}
    good = {"dsc": 0.99, "assd_mm": 0.1, "head_mm": 0.5, "slice_mm": 1.0}
    rows = [
        {"case": "1", "way": "none", **good, **usual},
        {"case": "2", "way": "none", **good, "slice_mm": 5.0, **usual, "head_bump_mm": 9.0},
        {"case": "3", "way": "none", **good, "head_mm": 2.5, **bad},
        {"case": "4", "way": "real", **worse},
    ]
    limits = limits_of(rows)
    assert limits["head_bump_mm"] == (0.2, pytest.approx(0.2 + 0.2 * 19.8, rel=0.01))
    assert limits["undecided_top"] == (0.4, pytest.approx(0.4 + 0.5 * 19.6, rel=0.01))
    assert limits["inside_hu"] == (800.0, pytest.approx(800 - 350))
    assert set(ROOM) == set(SHARE) == set(MEANING)


def test_the_oddest_patient_sets_no_limit_of_the_head():
    rows = [
        {"case": str(n), "head_bump_mm": 0.1 * n, "undecided_top": 0.1 * n}
        for n in range(10)
        for _ in range(3)
    ]
    assert usual_of(rows, "head_bump_mm", 1) == pytest.approx(0.8)
    assert usual_of(rows, "undecided_top", 1) == pytest.approx(0.9)


def test_a_share_has_a_limit_that_it_can_reach():
    signs = dict.fromkeys(MEANING, 0.2) | {"joint_soft_share": 0.9}
    rows = [{"case": "1", "way": "none", "dsc": 0.99, "assd_mm": 0.1, "slice_mm": 1.0, **signs}]
    assert limits_of(rows)["joint_soft_share"] == (0.9, 1.0)


@pytest.mark.parametrize("way", ["beak", "step below the neck", "empty"])
def test_the_network_is_taken_to_have_said_what_was_damaged(case, way):
    seen = replace(case, undecided=0.3)
    after = ANSWERS[way](seen, np.random.default_rng(1))
    np.testing.assert_array_equal(after.says.array, after.answer.array)
    assert seen.undecided == 0.3 and after.undecided is None


def test_a_patient_of_another_seed_is_drawn_anew(tmp_path):
    truth = tmp_path / "truth.json"
    assert not _is(truth, drawn_as("scores", 1))
    truth.write_text(json.dumps({"seed": SEEDS["scores"], "number": 1}))
    assert _is(truth, drawn_as("scores", 1)) and not _is(truth, drawn_as("limits", 1))
    first, former = SCORED_BEFORE
    assert drawn_as("limits", first + 1) == drawn_as("scores", 1) | {"seed": former}
    assert former != SEEDS["scores"]


def test_what_is_bad():
    good = {"dsc": 0.99, "assd_mm": 0.1, "head_mm": 1.9}
    assert not is_bad(good)
    for worse in ({"dsc": 0.94}, {"assd_mm": 1.1}, {"head_mm": 2.1}):
        assert is_bad(good | worse)
    assert not is_bad({})
