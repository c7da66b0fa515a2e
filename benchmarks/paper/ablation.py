"""What the unannotated scans are worth: arms over seeds, the gap they close, the verdicts.

Twice: with eight annotated training patients and with one. Fully labelled is the same runs in both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.paper.cohort import SPLITS
from benchmarks.paper.numbers import mean_sd
from benchmarks.paper.score import BRIEF, Row
from benchmarks.paper.trainings import ARMS, FULL, SCARCE, SEEDS, budgeted, seeded

LOWER, UPPER = ARMS[0], FULL
SEMI = ARMS[1:]
PARTS = {"": "whole femur", "annotated_": "annotated region", "never_": "never annotated region"}
HALF = 0.5
"""Share of the gap that a semi-supervised arm is meant to close (issue 3)."""
ABLATIONS = {
    SPLITS["train"]: "eight patients annotated like the paper's",
    SCARCE: "one patient annotated, seven scans without labels",
}
"""Annotated training patients of each ablation, and what the page calls it."""
BySeed = Mapping[int, float]
Naming = Callable[[str, int], str]
"""Arm, seed: name of the run."""
Rows = Mapping[str, Sequence[Row] | None]
"""Rows of each run, None if it is not there."""


def naming(count: int) -> Naming:
    """The runs on `count` annotated patients; fully labelled is always all eight, throughout."""
    return lambda arm, seed: seeded(arm, seed) if arm == FULL else budgeted(count, arm, seed)


def ablation(rows: Rows, name: Naming) -> dict[str, Any]:
    """Part -> metric -> arm -> value per seed, mean, sd over seeds; for semi-supervised arms the
    gap closed and whether it beats supervised-only.
    """
    out: dict[str, Any] = {}
    for part in PARTS:
        for metric in BRIEF:
            told = {arm: over_seeds(rows, name, arm, part + metric) for arm in (*ARMS, FULL)}
            values = {arm: t["seeds"] for arm, t in told.items()}
            greater = metric == "dsc"
            for arm in SEMI:
                told[arm]["gap_closed"] = gap_closed(
                    values[arm], values[LOWER], values[UPPER], greater_is_better=greater
                )
                told[arm]["beats"] = beats(values[arm], values[LOWER], greater_is_better=greater)
            out.setdefault(part, {})[metric] = told
    return out


def over_seeds(rows: Rows, name: Naming, arm: str, key: str) -> dict[str, Any]:
    """seeds: mean over femora of each seed's run that is there; mean, sd and n over those."""
    values = {}
    for seed in SEEDS:
        found = rows.get(name(arm, seed))
        value = mean_sd([row[key] for row in found]) if found else None
        if value:
            values[seed] = value["mean"]
    return {"seeds": values, **(mean_sd([*values.values()]) or {})}


def gap_closed(
    arm: BySeed, lower: BySeed, upper: BySeed, *, greater_is_better: bool
) -> dict[str, Any] | None:
    """Share of the way from supervised-only to fully labelled: mean, sd over seeds, n seeds.

    Each seed's gain over supervised-only with the same seed, divided by the gap between the means
    over seeds: 0 is no gain, 1 is as good as fully labelled. None without a seed in common or
    without a fully labelled run. The mean is None unless fully labelled is better by more than the
    greater sd of the two ends: else there is nothing to share out.
    """
    both = [seed for seed in arm if seed in lower]
    if not both or not upper:
        return None
    ends = mean_sd([lower[seed] for seed in both]), mean_sd([*upper.values()])
    assert ends[0] and ends[1]
    gap = ends[1]["mean"] - ends[0]["mean"]
    better = gap if greater_is_better else -gap
    if better <= max(end["sd"] or 0.0 for end in ends):
        return {"mean": None, "sd": None, "n": len(both)}
    return mean_sd([(arm[seed] - lower[seed]) / gap for seed in both])


def beats(arm: BySeed, other: BySeed, *, greater_is_better: bool) -> dict[str, Any] | None:
    """Gain of an arm's mean over another's, the seed spread, and whether the gain is larger.

    The spread is the greater of the two arms' sd over seeds. None unless every seed of both is
    there: a claim is not decided on the seeds that happened to finish.
    """
    if len(arm) < len(SEEDS) or len(other) < len(SEEDS):
        return None
    a, b = mean_sd([*arm.values()]), mean_sd([*other.values()])
    assert a and b
    gain = (a["mean"] - b["mean"]) * (1 if greater_is_better else -1)
    spread = max(a["sd"], b["sd"])
    return {"gain": gain, "seed_spread": spread, "holds": gain > spread}
