"""One row of a manifest, read and checked: the scan, its hips, its labels on its own grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from femurkit.anatomy import Side
from femurkit.dataset.labels import read_labels
from femurkit.dataset.manifest import Study
from femurkit.dataset.slices import annotated
from femurkit.errors import BadManifest, NoFemurFound
from femurkit.hips.locate import Hip, find_hips
from femurkit.sources import Scan, load


@dataclass(frozen=True, eq=False)
class Loaded:
    """A study in memory.

    hips: those found on the CT, left first. labels: (z, y, x) uint8 on the CT's grid, 1 left and
    2 right, or None. annotated: by side, (z,) bool: slices of which the labels tell that side.
    """

    study: Study
    scan: Scan
    hips: tuple[Hip, ...]
    labels: np.ndarray | None
    annotated: Mapping[Side, np.ndarray]
    notes: tuple[str, ...]

    def inside(self, side: Side) -> np.ndarray:
        """One femur as labelled, (z, y, x) bool; all False without labels."""
        if self.labels is None:
            return np.zeros(self.scan.volume.grid.shape, bool)
        return np.asarray(self.labels == side.label)


def load_study(study: Study) -> Loaded:
    """Read and check one study. Its refusals say the row and study that they are about."""
    with study.naming():
        scan = load(study.ct)
        hips = _hips(scan)
        if study.labels is None:
            nothing = np.zeros(scan.volume.grid.shape[0], bool)
            return Loaded(study, scan, hips, None, dict.fromkeys(Side, nothing), scan.notes)
        found = read_labels(study.labels, scan)
        labels = found.array
        told = {side: _annotated(study, labels == side.label) for side in Side}
        return Loaded(study, scan, hips, labels, told, (*scan.notes, *found.notes))


def _hips(scan: Scan) -> tuple[Hip, ...]:
    try:
        return tuple(find_hips(scan.volume))
    except NoFemurFound:
        return ()


def _annotated(study: Study, inside: np.ndarray) -> np.ndarray:
    """A side without any label is not annotated: it was left out, it is not background."""
    try:
        told = annotated(study.annotated, inside)
    except ValueError as error:
        raise BadManifest(
            str(error),
            expected="slices of the scan, counted from 0",
            remedy="Mend the column annotated.",
        ) from None
    return told if inside.any() else np.zeros_like(told)
