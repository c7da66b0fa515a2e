"""Which slices of a scan are annotated, as a manifest writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

ALL, LABELLED, NONE = "all", "labelled", ""
RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def parse(text: str) -> tuple[range, ...]:
    """Runs of slice indices from "12-80;95": first and last slice of each, from 0, both included.

    Raises ValueError with what is wrong with it.
    """
    out = []
    for part in text.split(";"):
        found = RANGE.fullmatch(part.strip())
        if not found:
            raise ValueError(f"{part.strip()!r} is no slice or range of slices")
        first = int(found[1])
        last = int(found[2]) if found[2] else first
        if last < first:
            raise ValueError(f"the range {part.strip()} runs backward")
        out.append(range(first, last + 1))
    return tuple(out)


def written(slices: Iterable[int]) -> str:
    """Slice indices as runs, the reverse of `parse`: 12, 13, 14, 95 is "12-14;95"."""
    runs: list[list[int]] = []
    for index in sorted(set(slices)):
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ";".join(f"{a}-{b}" if b > a else f"{a}" for a, b in runs)


def annotated(text: str, labels: np.ndarray) -> np.ndarray:
    """Which slices are annotated, (z,) bool, for what a manifest says and the labels of one side.

    labels: (z, y, x), nonzero inside. "labelled" are the slices that hold any of it; "all" and
    ranges hold whatever the labels are. Raises ValueError if a range leaves the scan.
    """
    count = len(labels)
    if text == NONE:
        return np.zeros(count, bool)
    if text == ALL:
        return np.ones(count, bool)
    if text == LABELLED:
        return np.asarray(labels.any(axis=(1, 2)))
    out = np.zeros(count, bool)
    for run in parse(text):
        if run.stop > count:
            raise ValueError(f"slice {run.stop - 1} is annotated, the scan has 0 to {count - 1}")
        out[run.start : run.stop] = True
    return out
