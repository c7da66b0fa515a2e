"""Which run is scored on whom, and what is there of it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.paper.cohort import BUDGET, Patient, patients
from benchmarks.paper.score import Row, kept
from benchmarks.paper.trainings import (
    ARMS,
    FOLDS,
    FULL,
    NETWORKS,
    SEEDS,
    budget_runs,
    budgeted,
    seeded,
    without,
)

WHOLE = (*NETWORKS, *(without(fold) for fold in FOLDS))
"""Runs that get every metric; all others get overlap and distances."""
ABLATION = tuple(seeded(arm, seed) for arm in (*ARMS, FULL) for seed in SEEDS)
BUDGETS = tuple(budgeted(count, *run) for count in BUDGET for run in budget_runs(count))
"""With one annotated patient they are the second ablation."""


def runs_for(patient: Patient) -> list[str]:
    """Names of the runs that are scored on a patient, who was in the training of none of them."""
    if patient.split == "train":
        return [without(patient.number)]
    if patient.split == "validation":
        return list(NETWORKS)
    return list(dict.fromkeys((*NETWORKS, *ABLATION, *BUDGETS)))


def rows_of(runs: Path, name: str, split: str) -> list[Row] | None:
    """Two rows a patient, if every patient of the split is scored; else None.

    A mean over some of the patients is not comparable with one over all.
    """
    found: list[Row] = []
    for patient in patients():
        if patient.split != split or name not in runs_for(patient):
            continue
        rows = kept(runs, name, patient)
        if rows is None:
            return None
        found += rows
    return found or None


def missing(runs: Path) -> dict[str, str]:
    """Run: how many of its patients are scored, for those that are not complete."""
    out = {}
    for name in (*WHOLE, *(n for n in (*ABLATION, *BUDGETS) if n not in WHOLE)):
        whom = [p for p in patients() if name in runs_for(p)]
        there = sum(kept(runs, name, p) is not None for p in whom)
        if there < len(whom):
            out[name] = f"{there} of {len(whom)} patients scored"
    return out
