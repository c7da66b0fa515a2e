"""One row of a manifest, read and checked: the scan, its hips, its labels on its own grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from femurkit.anatomy import Side
from femurkit.dataset import checks
from femurkit.dataset.labels import Labels, on_scan, read_labels
from femurkit.dataset.manifest import Study
from femurkit.dataset.slices import annotated
from femurkit.dicom.reference import reference_of
from femurkit.errors import BadManifest, NoFemurFound
from femurkit.locate.find import find_hips
from femurkit.locate.hip import Hip
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
        found = read_labels(study.labels, scan.volume.grid)
        labels, notes = _checked(found, scan, hips)
        told = {side: _annotated(study, labels == side.label) for side in Side}
        checks.not_empty(labels, told)
        notes = (*scan.notes, *notes, *_holes(labels, told), *_unused(labels, told))
        return Loaded(study, scan, hips, labels, told, notes)


def _checked(
    found: Labels, scan: Scan, hips: tuple[Hip, ...]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels on the CT's grid once they are known to belong to it, and notes."""
    header = scan.series.headers[0] if scan.series else None
    checks.same_patient(found.reference, reference_of(header) if header is not None else None)
    labels, notes = on_scan(found, scan, hips)
    doubts = checks.on_bone(labels, scan.volume)
    checks.sides_right(labels, scan.volume.grid, hips)
    return labels, (*notes, *doubts)


def _holes(labels: np.ndarray, told: Mapping[Side, np.ndarray]) -> tuple[str, ...]:
    """What slices say that are called annotated, but hold no label between slices that do."""
    notes = []
    for side in Side:
        held = np.flatnonzero((labels == side.label).any(axis=(1, 2)))
        if len(held):
            between = np.setdiff1d(np.flatnonzero(told[side]), held)
            count = int(((between > held[0]) & (between < held[-1])).sum())
            if count:
                notes.append(
                    f"{side.value} femur: {count} annotated slices without label between others "
                    'that have one; if nobody drew on them, write "labelled"'
                )
    return tuple(notes)


def _unused(labels: np.ndarray, told: Mapping[Side, np.ndarray]) -> tuple[str, ...]:
    """Sides that are not labelled, and labels outside the annotated slices."""
    notes = []
    for side in Side:
        held = (labels == side.label).any(axis=(1, 2))
        beyond = int((held & ~told[side]).sum())
        if not held.any():
            notes.append(f"{side.value} femur: no label, taken as not annotated")
        elif beyond:
            notes.append(f"{side.value} femur: {beyond} labelled slices that are not annotated")
    return tuple(notes)


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
