"""Rows of scores as benchmarks.paper.score keeps them."""

from benchmarks.paper.ablation import PARTS
from benchmarks.paper.score import BRIEF
from benchmarks.paper.trainings import SEEDS, seeded


def row(patient="P13", split="unseen", **scores):
    keys = [part + metric for part in PARTS for metric in BRIEF]
    return {
        "patient": patient,
        "split": split,
        "weights": "w",
        **dict.fromkeys(keys, 0.5),
        **scores,
    }


def arms(name=seeded, **values):
    """Rows of every run: arm=(value per seed), the same for every score."""
    keys = [part + metric for part in PARTS for metric in BRIEF]
    return {
        name(arm, seed): [row(**dict.fromkeys(keys, value))]
        for arm, found in values.items()
        for seed, value in zip(SEEDS, found, strict=False)
    }
