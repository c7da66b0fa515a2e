"""Missing slices, put in between their neighbours where the user asked for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydicom import Dataset
from pydicom.uid import generate_uid

from femurkit.dicom.checks import WIDEST_GAP_MM
from femurkit.dicom.find import Candidate
from femurkit.dicom.slice_file import SliceFile


def without_gaps(candidate: Candidate) -> Candidate:
    """The series with a slice to be interpolated at every place where one is missing.

    Left as it is, to be refused, where a gap is wider than WIDEST_GAP_MM or no whole number of
    steps, and where the geometry is unusable in other ways.
    """
    geometry = candidate.geometry
    steps = geometry.steps_mm
    usable = len(steps) > 1 and np.isfinite(steps).all() and np.median(steps) > 0
    if candidate.whole is not None or not usable or steps.max() > WIDEST_GAP_MM:
        return candidate
    missing = geometry.missing
    if not missing.any():
        return candidate
    slices = list(candidate.slices)
    for below, above, count in zip(geometry.order, geometry.order[1:], missing, strict=False):
        first, last = geometry.positions_mm[[below, above]]
        for k in range(1, count + 1):
            place_mm = first + (last - first) * k / (count + 1)
            slices.append(_between(candidate, below, place_mm))
    return replace(candidate, slices=tuple(slices))


def _between(candidate: Candidate, below: int, position_mm: np.ndarray) -> SliceFile:
    """A slice without a file, like the one below it but for its place."""
    like = candidate.slices[below].header
    header = Dataset()
    header.update(like)
    header.file_meta = like.file_meta
    place = [f"{value:.6f}" for value in position_mm]
    header.add_new("ImagePositionPatient", "DS", place)
    header.add_new("SOPInstanceUID", "UI", generate_uid(entropy_srcs=[candidate.uid, *place]))
    header.pop("InstanceNumber", None)
    return SliceFile("", header, None, missing=True)
