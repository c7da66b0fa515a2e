"""An even stack of slices where some are missing or out of place, if the user asked for it.

The longest run of even steps gives the step, and the place that suits most slices the stack. A
slice that lies on it is kept as it is; where none does, one is interpolated between its neighbours,
whether these lie on the stack or not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydicom import Dataset
from pydicom.uid import generate_uid

from femurkit.dicom.checks import SAME_POSITION_MM, WIDEST_GAP_MM
from femurkit.dicom.find import Candidate
from femurkit.dicom.slice_file import SliceFile
from femurkit.dicom.slices import PLACE_TOLERANCE_MM, PLACE_TOLERANCE_SHARE

MIN_SHARE = 0.25
"""Of two spacings in one series the finer is taken, if as many steps have it."""


def without_gaps(candidate: Candidate) -> Candidate:
    """The series as an even stack, with slices to be interpolated where none lies.

    Left as it is if it is even, and, to be refused, where a gap is wider than WIDEST_GAP_MM, two
    slices lie at one position or the geometry is unusable in other ways.
    """
    geometry = candidate.geometry
    steps = geometry.steps_mm
    usable = len(steps) > 1 and np.isfinite(steps).all() and steps.min() >= SAME_POSITION_MM
    if not geometry.resamplable or not usable or steps.max() > WIDEST_GAP_MM:
        return candidate
    if geometry.uneven_at is None:
        return candidate
    order, positions = geometry.order, geometry.positions_mm[geometry.order]
    along = positions @ geometry.normal
    first, step = _stack(along)
    number = np.rint((along - first) / step).astype(int)
    off = abs(along - first - number * step)
    tolerance = max(PLACE_TOLERANCE_MM, PLACE_TOLERANCE_SHARE * step)
    at: dict[int, int] = {}
    for k in np.argsort(off, kind="stable"):
        if off[k] <= tolerance:
            at.setdefault(int(number[k]), int(k))
    low = int(np.ceil((along[0] - first - tolerance) / step))
    high = int(np.floor((along[-1] - first + tolerance) / step))
    slices = []
    for n in range(low, high + 1):
        if n in at:
            slices.append(candidate.slices[order[at[n]]])
            continue
        place = first + n * step
        above = int(np.clip(np.searchsorted(along, place), 1, len(along) - 1))
        share = (place - along[above - 1]) / (along[above] - along[above - 1])
        place_mm = positions[above - 1] + share * (positions[above] - positions[above - 1])
        slices.append(_between(candidate, int(order[above - 1]), place_mm))
    kept = set(at.values())
    aside = tuple(candidate.slices[order[k]] for k in range(len(along)) if k not in kept)
    return replace(candidate, slices=tuple(slices), aside=aside)


def _stack(along: np.ndarray) -> tuple[float, float]:
    """A place of the even stack and its step, mm. along: (n,) places of the slices, ascending."""
    steps = np.diff(along)
    tolerance = np.maximum(PLACE_TOLERANCE_MM, PLACE_TOLERANCE_SHARE * steps)
    alike = abs(steps[:, None] - steps) <= tolerance[:, None]
    frequent = alike.sum(1) >= min(MIN_SHARE * len(steps), alike.sum(1).max())
    step = float(np.median(steps[alike[np.flatnonzero(frequent)[steps[frequent].argmin()]]]))
    even = np.concatenate([[False], abs(steps - step) <= tolerance, [False]])
    starts, ends = np.flatnonzero(~even[:-1] & even[1:]), np.flatnonzero(even[:-1] & ~even[1:])
    longest = int((ends - starts).argmax())
    start, end = int(starts[longest]), int(ends[longest])
    step = float((along[end] - along[start]) / (end - start))
    offset = (along[:, None] - along) / step
    on_it = (abs(offset - np.rint(offset)) * step <= tolerance.min()).sum(1)
    return float(along[on_it.argmax()]), step


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
