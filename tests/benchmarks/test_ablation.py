"""The ablations of the experiment `paper`: gaps, spreads, verdicts, the label budget."""

import pytest
from benchmarks.paper.ablation import ABLATIONS, ablation, beats, gap_closed, naming
from benchmarks.paper.publish import budget
from benchmarks.paper.trainings import ARMS, FULL, SCARCE, SEEDS, seeded
from benchmarks.paper.verdicts import semi_verdicts, summary
from tests.benchmarks.conftest import arms


def closed(arm, lower, upper):
    return gap_closed(arm, lower, upper, greater_is_better=True)


def test_the_share_of_the_gap_pairs_seeds():
    lower, upper = {1: 0.90, 2: 0.91, 3: 0.92}, {1: 0.95, 2: 0.96, 3: 0.97}
    half = closed({1: 0.925, 2: 0.935, 3: 0.945}, lower, upper)
    assert (half["mean"], half["sd"], half["n"]) == pytest.approx((0.5, 0.0, 3))
    assert closed(lower, lower, upper)["mean"] == pytest.approx(0.0)
    assert closed(upper, lower, upper)["mean"] == pytest.approx(1.0)
    spreads = closed({1: 0.90, 2: 0.935, 3: 0.97}, lower, upper)
    assert (spreads["mean"], spreads["sd"]) == pytest.approx((0.5, 0.5))
    falling = gap_closed({1: 0.3}, {1: 0.5}, {1: 0.1}, greater_is_better=False)
    assert falling["mean"] == pytest.approx(0.5), "distances fall as they get better"


def test_no_share_of_a_gap_within_the_seed_spread_or_not_run():
    lower, upper = {1: 0.90, 2: 0.94}, {1: 0.92, 2: 0.94}
    assert closed(lower, lower, upper)["mean"] is None
    assert closed({}, lower, upper) is None
    assert closed(lower, lower, {}) is None
    better, worse = {1: 0.95, 2: 0.95}, {1: 0.90, 2: 0.90}
    assert closed(worse, better, worse)["mean"] is None, "worse with all labels: no gap to close"


def test_better_means_by_more_than_the_spread_of_all_seeds():
    low = {1: 0.90, 2: 0.91, 3: 0.92}
    assert beats({s: v + 0.011 for s, v in low.items()}, low, greater_is_better=True)["holds"]
    assert not beats({s: v + 0.009 for s, v in low.items()}, low, greater_is_better=True)["holds"]
    assert beats({s: v - 0.011 for s, v in low.items()}, low, greater_is_better=False)["holds"]
    assert beats({1: 0.99, 2: 0.99}, low, greater_is_better=True) is None, "a seed is not there"


def test_verdicts_follow_the_numbers():
    found = ablation(
        arms(
            supervised=(0.90, 0.91, 0.92),
            mean_teacher=(0.90, 0.91, 0.92),
            self_training=(0.93, 0.94, 0.95),
            cross_pseudo=(0.99, 0.99),
            fully_labelled=(0.94, 0.95, 0.96),
        ),
        seeded,
    )
    semi = {v["arm"]: v["dsc"] for v in semi_verdicts(found) if v["part"] == "never_"}
    assert (semi["self_training"]["beats"], semi["self_training"]["half"]) == (True, True)
    assert semi["self_training"]["gap_closed"] == pytest.approx(0.75)
    assert (semi["mean_teacher"]["beats"], semi["mean_teacher"]["half"]) == (False, False)
    assert (semi["cross_pseudo"]["beats"], semi["cross_pseudo"]["half"]) == (None, None)


def test_each_ablation_reads_its_own_runs_and_shares_the_fully_labelled_ones():
    eight, one = (naming(count) for count in ABLATIONS)
    assert {eight(a, s) for a in (*ARMS, FULL) for s in SEEDS} == {
        seeded(a, s) for a in (*ARMS, FULL) for s in SEEDS
    }
    assert one("self_training", 2) == "budget-1-self_training-2" and one(FULL, 2) == eight(FULL, 2)
    rows = arms(eight, supervised=(0.94, 0.95, 0.96), fully_labelled=(0.94, 0.95, 0.96))
    rows |= arms(one, supervised=(0.80, 0.81, 0.82), mean_teacher=(0.90, 0.91, 0.92))
    found = {name: ablation(rows, name)[""]["dsc"] for name in (eight, one)}
    assert found[eight]["supervised"]["mean"] == pytest.approx(0.95)
    assert found[eight]["mean_teacher"] == {"seeds": {}, "gap_closed": None, "beats": None}
    assert found[one]["mean_teacher"]["gap_closed"]["mean"] == pytest.approx(0.10 / 0.14)
    assert found[one]["mean_teacher"]["beats"]["holds"]
    told = "\n".join(summary(semi_verdicts(ablation(rows, one))))
    assert "mean teacher yes, cross pseudo not run" in told


def test_the_budget_curve_is_a_mean_over_the_seeds_there_are():
    rows = arms(naming(SCARCE), supervised=(0.8, 0.9), cross_pseudo=(0.7, 0.8, 0.9))
    rows |= arms(naming(4), self_training=(0.95,)) | arms(seeded, mean_teacher=(0.9, 0.92, 0.94))
    told = budget(rows)
    assert {count: [*found] for count, found in told.items()} == {
        1: [*ARMS], 2: ["supervised", "self_training"], 4: ["supervised", "self_training"],
        8: [*ARMS],
    }  # fmt: skip
    assert told[1]["supervised"]["dsc"]["seeds"] == pytest.approx({1: 0.8, 2: 0.9})
    assert told[1]["cross_pseudo"]["dsc"]["mean"] == pytest.approx(0.8)
    assert (told[4]["self_training"]["dsc"]["mean"], told[4]["self_training"]["planned"]) == (
        0.95,
        1,
    )
    assert told[8]["mean_teacher"]["dsc"]["sd"] == pytest.approx(0.02)
    assert told[2]["supervised"]["dsc"] == {"seeds": {}}, "not run"
