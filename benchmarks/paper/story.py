"""The section on scale: who the patients are, what was trained, how long it took."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.paper.names import ARM_NAMES, NETWORK_NAMES, NOT_RUN, table
from benchmarks.paper.trainings import (
    OURS,
    PAPER,
    SCARCE,
    SEEDS,
    budget_runs,
    budgeted,
    seeded,
)

PAPER_SLICES = "2,316 of 5,474 (42 %)"
"""Annotated training slices of the paper: PAPER.md step 2."""
PLURAL = {"man": "men", "woman": "women"}


def scale_part(scale: dict[str, Any]) -> list[str]:
    """Cohort, recipes, seconds."""
    return [
        *cohort_lines(scale["cohort"]),
        *recipe_table(scale["recipes"]),
        *time_table(scale["runs"]),
    ]


def cohort_lines(cohort: dict[str, Any]) -> list[str]:
    """Means and sds of the groups, splits, annotated slices."""
    who = "; ".join(
        f"{group['count']} {PLURAL[sex]}, {_pm(group['age_y'])} y, {_pm(group['weight_kg'])} kg"
        for sex, group in cohort["groups"].items()
    )
    split = ", ".join(f"{count} {name}" for name, count in cohort["splits"].items())
    out = [f"Cohort: {who} (the paper's means and sds). Patients: {split}; two femora each."]
    runs = cohort["annotated_slices"]
    if runs:
        share = f"{sum(runs):,} of {cohort['training_slices']:,}"
        out.append(
            f"Annotated: {min(runs)} to {max(runs)} slices of 1 mm a training patient, "
            f"{share} ({100 * cohort['annotated_share']:.0f} %); "
            f"the paper: 88 to 178, {PAPER_SLICES}."
        )
    return [*out, ""]


def _pm(pair: list[float]) -> str:
    return f"{pair[0]:.1f}±{pair[1]:.1f}"


def recipe_table(recipes: dict[str, dict[str, Any]]) -> list[str]:
    """Sizes of the two recipes side by side."""
    keys = list(recipes[OURS])
    rows = [
        [key.replace("_", " "), *(_shown(recipes[n][key]) for n in (OURS, PAPER))] for key in keys
    ]
    return table(["setting", NETWORK_NAMES[OURS], NETWORK_NAMES[PAPER]], rows)


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else f"{value}"


def time_table(runs: dict[str, Any]) -> list[str]:
    """Minutes of the training loop by kind of run: what the logs say."""
    kinds = {name: [seeded(arm, s) for s in SEEDS] for arm, name in ARM_NAMES.items()}
    scarce = [budgeted(SCARCE, *run) for run in budget_runs(SCARCE)]
    kinds |= {
        "one patient annotated, all arms": scarce,
        "label budget": [n for n in runs if n.startswith("budget-") and n not in scarce],
        "paper recipe": [PAPER],
        "paper recipe, leave one out": [n for n in runs if n.startswith(f"{PAPER}-without")],
    }
    rows = []
    for kind, names in kinds.items():
        done = [runs[n] for n in names if runs[n]["trained"]]
        times = [run["seconds"] for run in done if run["seconds"]]
        epochs = sorted({run["epochs"] for run in done})
        spent = f"{np.mean(times) / 60:.1f}" if times else NOT_RUN
        shown = "–".join(map(str, dict.fromkeys((epochs[0], epochs[-1])))) if epochs else NOT_RUN
        rows.append([kind, f"{len(done)} of {len(names)}", shown, spent])
    note = (
        "Minutes of wall time in the loop, several trainings and other work at a time on 2 cores."
    )
    return [*table(["runs", "trained", "epochs", "minutes each"], rows), note, ""]
