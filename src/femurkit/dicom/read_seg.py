"""The femurs of a DICOM SEG object as a label map."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from femurkit.anatomy import FEMUR, LATERALITY, side_named
from femurkit.errors import BadGeometry, InputRefused
from femurkit.geometry import Grid

FEMUR_NAME = re.compile(r"femur|femora\b", re.IGNORECASE)


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_seg(path: Path) -> tuple[np.ndarray, Grid]:
    """Labels (z, y, x) uint8, 1 left and 2 right, and their grid.

    Where segments are coded as femur, or else labelled so, only those are read. A segment whose
    code and label say no side keeps its number; one alone is 1. A SEG holds only the slices it
    marks: one empty slice is added at the top, so that a head is not cut flat; the lower end,
    where a scan mostly ends in the shaft, is kept as it is. Raises InputRefused if it is no SEG,
    BadGeometry if its slices do not form a volume.
    """
    from highdicom.seg import segread

    try:
        seg = segread(path)
    except (ValueError, AttributeError):
        raise InputRefused(
            "a DICOM file that is no segmentation",
            expected="a SEG object, NIfTI, NRRD or MetaImage",
            remedy="Use `femurkit reconstruct` for a CT.",
        ) from None
    items = list(seg.SegmentSequence)
    kinds = [_code(item.SegmentedPropertyTypeCodeSequence) for item in items]
    coded = [i for i, kind in zip(items, kinds, strict=True) if kind == FEMUR.value]
    wanted = coded or [i for i in items if FEMUR_NAME.search(_name(i))] or items
    try:
        found = seg.get_volume(
            segment_numbers=[int(item.SegmentNumber) for item in wanted],
            combine_segments=True,
            skip_overlap_checks=True,
            allow_missing_positions=True,
        )
    except (RuntimeError, ValueError):
        raise BadGeometry(
            "segments whose slices do not form one volume",
            expected="evenly spaced parallel slices",
            remedy="Export the mask as NIfTI.",
        ) from None
    labels = np.zeros_like(found.array, dtype=np.uint8)
    for item in wanted:
        labels[found.array == item.SegmentNumber] = _label(item, alone=len(wanted) == 1)
    return _room_above(labels, np.asarray(found.affine))


def _label(item: Any, *, alone: bool) -> int:
    """1 or 2 by the coded laterality or the label, else the segment's own number."""
    kind = item.SegmentedPropertyTypeCodeSequence[0]
    modifier = _code(kind.get("SegmentedPropertyTypeModifierCodeSequence"))
    for side, code in LATERALITY.items():
        if code.value == modifier:
            return side.label
    named = side_named(_name(item))
    return named.label if named else 1 if alone else int(item.SegmentNumber)


def _name(item: Any) -> str:
    return str(item.get("SegmentLabel", ""))


def _code(sequence: Any) -> str | None:
    return sequence[0].get("CodeValue") if sequence else None


def _room_above(labels: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, Grid]:
    """One empty slice more at the superior end."""
    first = int(affine[2, 0] < 0)  # the first slice is the uppermost
    padded = np.pad(labels, [(first, 1 - first), (0, 0), (0, 0)])
    affine = affine.copy()
    affine[:3, 3] -= first * affine[:3, 0]
    return padded, Grid(padded.shape, affine)
