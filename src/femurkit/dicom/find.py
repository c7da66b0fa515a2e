"""Which CT series a folder or zip holds, from headers alone."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.tag import BaseTag
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.valuerep import VR

from femurkit.dicom.checks import SliceGeometry
from femurkit.dicom.common import quiet
from femurkit.dicom.deflated import inflates_beyond
from femurkit.dicom.files import MEMBER_LIMIT_BYTES, Files, open_files
from femurkit.dicom.headers import image_type, numbers, of_its_kind
from femurkit.dicom.multiframe import CLASSES, frames_of
from femurkit.errors import NothingReadable

PIXEL_DATA = b"\xe0\x7f\x10\x00"
LONG_VALUE_REPRESENTATIONS = (b"OW", b"OB")
REPRESENTATIONS = frozenset(map(str, VR))
BELONGING = ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID")
"""What all slices of a series have in common."""
USED = (
    *BELONGING,
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "Modality",
    "ImageType", "NumberOfFrames", "ImagePositionPatient", "ImageOrientationPatient",
    "PixelSpacing", "SliceThickness", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "SamplesPerPixel", "RescaleSlope", "RescaleIntercept", "RescaleType",
    "InstanceNumber", "AcquisitionNumber", "AcquisitionUID", "ConvolutionKernel",
    "ContrastBolusAgent", "ContrastBolusAgentSequence", "BodyPartExamined", "ModalityLUTSequence",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
"""What is asked of a header."""
USED_TAGS = frozenset(BaseTag(tag_for_keyword(keyword) or 0) for keyword in USED)


@dataclass(frozen=True, eq=False)
class SliceFile:
    """One CT slice: where it is read from and its header without pixels.

    pixel_offset: bytes before its first pixel where pixels lie plain in the file, else None.
    frame: which one of a multi-frame object, from 0; None for a file of its own.
    missing: there is no such file, and it is to be interpolated.
    """

    name: str
    header: Dataset
    pixel_offset: int | None
    frame: int | None = None
    missing: bool = False


@dataclass(frozen=True, eq=False)
class Candidate:
    """The CT slices that share a SeriesInstanceUID, in the order they were found.

    whole: the header of the multi-frame object that they are the frames of, if they are.
    """

    path: Path
    uid: str
    slices: tuple[SliceFile, ...]
    repeats: int = 0
    whole: Dataset | None = None

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
            read = _read_header(files, name)
            if isinstance(read, str):
                left_out[read] += 1
                continue
            uid = str(read.header.get("SeriesInstanceUID", ""))
            reason = _why_not(read.header)
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
    at, length = file.pixel_offset, _pixel_bytes(file.header)
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


def _read_header(files: Files, name: str) -> SliceFile | str:
    """The header of one file, or why it cannot be used."""
    try:
        with files.open(name) as stream:
            force = _looks_like_dicom(stream)
            if force is None:
                return "not DICOM"
            if inflates_beyond(stream, MEMBER_LIMIT_BYTES):
                return "damaged"
            header = dcmread(stream, stop_before_pixels=True, force=force)
            header.buffer = header.filename = None  # or every copy of it would copy the file
            _look_at(header)
            if "SOPClassUID" not in header:
                return "not DICOM" if force else "not an image"
            if _why_not(header):
                return SliceFile(name, header, None)
            offset = _pixel_offset(stream, header)
            if header.original_encoding[1] is False:
                header = _without_order(header)
            frames = int(header.get("NumberOfFrames") or 1)
            own = header.get("PerFrameFunctionalGroupsSequence") or []
            if frames < 1 or (header.SOPClassUID in CLASSES and frames != len(own)):
                return "damaged"
            if offset and offset + frames * _pixel_bytes(header) > files.size(name):
                return "cut short"
    # A damaged file fails in as many ways as there are parsers under this; none may stop the rest.
    except Exception:
        return "damaged"
    return SliceFile(name, header, offset)


def _look_at(header: Dataset) -> None:
    """Raise if an element could not be read or written later: pydicom looks only when asked.

    One of the wrong kind is emptied where it is not used.
    """
    for tag, element in list(header.items()):
        if element.VR is not None and element.VR not in REPRESENTATIONS:
            raise ValueError("an unknown value representation")
        if not of_its_kind(tag, element.VR):
            if tag in USED_TAGS:
                raise ValueError("a value of the wrong kind")
            header.add_new(tag, dictionary_VR(tag).partition(" or ")[0], None)
    for tag in header.keys() & USED_TAGS:
        header[tag]


def _without_order(header: Dataset) -> Dataset:
    """A big-endian header, every value read: one not looked at is bytes in the file's order."""
    out = Dataset()
    for element in header:
        out.add(element)
    out.file_meta = header.file_meta
    return out


def _looks_like_dicom(stream: IO[bytes]) -> bool | None:
    """False: a preamble says so; True: none, but it begins like a data set; None: no."""
    head = stream.read(132)
    stream.seek(0)
    if head[128:] == b"DICM":
        return False
    return True if head[:2] in (b"\x08\x00", b"\x02\x00") and head[3:4] == b"\x00" else None


def _why_not(header: Dataset) -> str:
    """Why a DICOM object is no axial CT slice; empty if it may be one."""
    modality = str(header.get("Modality", "unnamed modality"))
    if modality != "CT":
        return modality if modality.isalnum() and len(modality) <= 4 else "other modality"
    if "LOCALIZER" in image_type(header):
        return "localizer"
    several = int(header.get("NumberOfFrames") or 1) > 1
    if header.SOPClassUID not in CLASSES and (header.SOPClassUID != CTImageStorage or several):
        return "CT, but no CT image"
    return ""


def _pixel_offset(stream: IO[bytes], header: Dataset) -> int | None:
    """First byte of plain little-endian pixels, the stream standing at their tag; else None."""
    syntax = header.file_meta.get("TransferSyntaxUID", ImplicitVRLittleEndian)
    if syntax not in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        return None
    at = stream.tell()
    head = stream.read(12)
    if head[:4] != PIXEL_DATA:
        raise ValueError("no pixel data")
    explicit = head[4:6] in LONG_VALUE_REPRESENTATIONS
    (length,) = struct.unpack("<I", head[8:12] if explicit else head[4:8])
    if length < _pixel_bytes(header):
        raise ValueError("fewer pixels than the header says")
    return at + (12 if explicit else 8)


def _pixel_bytes(header: Dataset) -> int:
    return int(header.Rows) * int(header.Columns) * int(header.BitsAllocated) // 8
