"""Which CT series a folder or zip holds, from headers alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from pydicom import Dataset

from femurkit.dicom.common import quiet
from femurkit.dicom.files import open_files
from femurkit.dicom.headers import numbers
from femurkit.dicom.multiframe import CLASSES, frames_of
from femurkit.dicom.slice_file import BELONGING, SliceFile, pixel_bytes, read_slice_file, why_not
from femurkit.dicom.slices import SliceGeometry
from femurkit.errors import NothingReadable


@dataclass(frozen=True, eq=False)
class Candidate:
    """The CT slices that share a SeriesInstanceUID, in the order they were found.

    whole: the header of the multi-frame object that they are the frames of, if they are. aside:
    slices that lie between those of an even stack; others are interpolated from them (gaps.py).
    """

    path: Path
    uid: str
    slices: tuple[SliceFile, ...]
    repeats: int = 0
    whole: Dataset | None = None
    aside: tuple[SliceFile, ...] = ()

    @cached_property
    def geometry(self) -> SliceGeometry:
        """Where the slices lie, in the order of `slices`."""
        headers = [s.header for s in self.slices]
        return SliceGeometry(
            numbers(headers, "ImagePositionPatient", 3),
            numbers(headers, "ImageOrientationPatient", 6),
            numbers(headers, "PixelSpacing", 2),
            np.hstack([numbers(headers, "Rows", 1), numbers(headers, "Columns", 1)]),
            frozenset(tuple(str(h.get(keyword, "")) for keyword in BELONGING) for h in headers),
            resamplable=self.whole is None,
        )


@dataclass(frozen=True)
class Found:
    """All CT series of an input, and how many files were left out, by reason."""

    candidates: tuple[Candidate, ...]
    left_out: Counter[str]
    other_uids: frozenset[str]


@quiet()
def find_series(path: Path) -> Found:
    """Read every header below a folder or in a zip and group the CT slices by series.

    Localizers, other modalities and damaged files are left out and counted. Each enhanced CT is a
    series of its own. Raises NothingReadable if there is no DICOM file at all.
    """
    groups: dict[str, list[SliceFile]] = {}
    enhanced: dict[str, list[SliceFile]] = {}
    left_out: Counter[str] = Counter()
    others: set[str] = set()
    with open_files(path) as files:
        for name in files.names():
            read = read_slice_file(files, name)
            if isinstance(read, str):
                left_out[read] += 1
                continue
            uid = str(read.header.get("SeriesInstanceUID", ""))
            reason = why_not(read.header)
            if reason:
                left_out[reason] += 1
                others.add(uid)
            elif read.header.SOPClassUID in CLASSES:
                enhanced.setdefault(uid, []).append(read)
            else:
                groups.setdefault(uid, []).append(read)
    if not groups and not enhanced and not others:
        raise NothingReadable(
            f"no DICOM image among {left_out.total()} files"
            if left_out
            else "no files at all there",
            expected="a CT series",
            remedy="Name the folder or zip of a DICOM CT; a NIfTI, NRRD or MetaImage, the file.",
        )
    candidates = [_candidate(path, uid, group) for uid, group in sorted(groups.items())]
    for uid, group in sorted(enhanced.items()):
        once = {str(each.header.get("SOPInstanceUID", each.name)): each for each in group}
        candidates += [_expanded(path, uid, each) for each in once.values()]
    return Found(tuple(candidates), left_out, frozenset(others - set(groups) - set(enhanced)))


def _expanded(path: Path, uid: str, file: SliceFile) -> Candidate:
    """The frames of an enhanced CT."""
    at, length = file.pixel_offset, pixel_bytes(file.header)
    slices = (
        SliceFile(file.name, header, None if at is None else at + frame * length, frame)
        for frame, header in enumerate(frames_of(file.header))
    )
    return Candidate(path, uid, tuple(slices), whole=file.header)


def _candidate(path: Path, uid: str, group: Sequence[SliceFile]) -> Candidate:
    """Files that say they are the same instance at the same place (copies) are counted once."""
    unique: dict[tuple[str, str], SliceFile] = {}
    for each in group:
        position = str(each.header.get("ImagePositionPatient"))
        unique.setdefault((str(each.header.get("SOPInstanceUID", each.name)), position), each)
    return Candidate(path, uid, tuple(unique.values()), len(group) - len(unique))
