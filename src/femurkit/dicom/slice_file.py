"""One file as a slice: its header, read and looked at, and where its pixels lie."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO

from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.tag import BaseTag
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.valuerep import VR

from femurkit.dicom.deflated import inflates_beyond
from femurkit.dicom.files import MEMBER_LIMIT_BYTES, Files
from femurkit.dicom.headers import image_type, of_its_kind
from femurkit.dicom.multiframe import CLASSES

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


def read_slice_file(files: Files, name: str) -> SliceFile | str:
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
            if why_not(header):
                return SliceFile(name, header, None)
            offset = _pixel_offset(stream, header)
            if header.original_encoding[1] is False:
                header = _without_order(header)
            frames = int(header.get("NumberOfFrames") or 1)
            own = header.get("PerFrameFunctionalGroupsSequence") or []
            if frames < 1 or (header.SOPClassUID in CLASSES and frames != len(own)):
                return "damaged"
            if offset and offset + frames * pixel_bytes(header) > files.size(name):
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


def why_not(header: Dataset) -> str:
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
    if length < pixel_bytes(header):
        raise ValueError("fewer pixels than the header says")
    return at + (12 if explicit else 8)


def pixel_bytes(header: Dataset) -> int:
    """Length of one frame's plain pixels."""
    return int(header.Rows) * int(header.Columns) * int(header.BitsAllocated) // 8
