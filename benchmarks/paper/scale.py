"""At what scale it was run: cohort, sizes and seconds, from what the runs left behind."""

from __future__ import annotations

import csv
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.paper.cohort import GROUPS, SPLITS, patients
from benchmarks.paper.trainings import NETWORKS, SHIPPED, trainings
from femurkit.training.config import Config

SHOWN = (
    "network", "box", "spacing_mm", "patch", "channels", "batch", "epochs", "steps_per_epoch",
    "loss", "learning_rate", "schedule", "patience", "augment", "precision",
)  # fmt: skip


def scale(runs: Path, *, full: bool) -> dict[str, Any]:
    """Facts about the cohort, the recipes and the time each run took, None where not known."""
    wanted = trainings(runs / "cohort", full=full)
    return {
        "cohort": cohort_facts(runs / "cohort"),
        "recipes": {n: recipe_facts(wanted[n]) for n in NETWORKS if n != SHIPPED},
        "runs": {name: run_facts(runs / name) for name in wanted},
    }


def recipe_facts(config: Config) -> dict[str, Any]:
    """The sizes of a configuration that a reader wants to know."""
    return {name: getattr(config, name) for name in SHOWN}


def run_facts(run: Path) -> dict[str, Any]:
    """objective, epochs done, seconds of training and validation curve of one run."""
    curve = validation_curve(run)
    config = run / "config.json"
    return {
        "trained": (run / "model.onnx").exists(),
        "objective": json.loads(config.read_text())["objective"] if config.exists() else None,
        "epochs": len(curve),
        "seconds": seconds(run),
        "val_dsc": curve,
    }


def validation_curve(run: Path) -> list[float]:
    """Validation DSC after each epoch."""
    log = run / "log.csv"
    if not log.exists():
        return []
    with log.open() as file:
        return [float(row["val_dsc"]) for row in csv.DictReader(file) if row.get("val_dsc")]


def seconds(run: Path) -> float | None:
    """Wall seconds that the loop ran, summed over its stretches; without preparing the hips.

    From the times in the TensorBoard files: the first event of each is its beginning.
    """
    total = 0.0
    for file in (run / "tensorboard").glob("events.out.tfevents.*"):
        times = list(event_times(file.read_bytes()))
        total += max(times) - min(times) if times else 0.0
    return total or None


def event_times(data: bytes) -> Iterator[float]:
    """Wall time of each event of a TensorBoard file.

    A record is its length (8 bytes), a checksum (4), the event, a checksum (4); an event begins
    with field 1, the time as a double. Source: tensorflow/core/util/event.proto, TFRecord.
    """
    at = 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        if at + 21 <= len(data) and data[at + 12] == 0x09:
            yield struct.unpack_from("<d", data, at + 13)[0]
        at += 12 + length + 4


def cohort_facts(cohort: Path) -> dict[str, Any]:
    """Who the patients are, how many slices they have and how many are annotated."""
    groups = {}
    for sex in GROUPS:
        people = [p.person for p in patients() if p.person.sex == sex]
        values = {"age_y": [p.age_y for p in people], "weight_kg": [p.weight_kg for p in people]}
        groups[sex] = {"count": len(people)} | {
            key: [float(np.mean(v)), float(np.std(v, ddof=1))] for key, v in values.items()
        }
    annotated, slices = [], []
    for patient in patients():
        file = cohort / patient.name / "truth.json"
        if patient.split == "train" and file.exists():
            annotated.append(run_length(json.loads(file.read_text())["annotated"]))
            slices.append(slice_count(cohort / patient.name / "ct.nii"))
    return {
        "splits": SPLITS,
        "groups": groups,
        "training_slices": sum(slices),
        "annotated_slices": annotated,
        "annotated_share": sum(annotated) / sum(slices) if slices else None,
    }


def run_length(run: str) -> int:
    """Slices in a manifest's run such as 166-299."""
    first, last = (int(n) for n in run.split("-"))
    return last - first + 1


def slice_count(ct: Path) -> int:
    """Slices of an uncompressed NIfTI: dim[3] of its header."""
    with ct.open("rb") as file:
        return int(struct.unpack("<8h", file.read(56)[40:])[3])
