"""Slices of one series as files: what they have in common is encoded once."""

from __future__ import annotations

import struct
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.tag import BaseTag

EXPLICIT_LITTLE = (False, True)
PREAMBLE = b"\0" * 128 + b"DICM"
META_LENGTH = struct.pack("<HH2sH", 2, 0, b"UL", 4)
"""The element before all others, but for its value: how many bytes of them follow."""
PIXEL_DATA = BaseTag(0x7FE00010)


class SliceWriter:
    """Writes data sets, file meta information complete, as explicit little endian, byte for byte as
    pydicom's `save_as` does.

    pydicom encodes some 90 elements of every slice, nearly all as in the slice before. Sequences
    are known again by the element that holds them, all others by their value.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, bytes] = {}
        self._held: list[Any] = []

    def write(self, dataset: Dataset, path: Path) -> None:
        """Write a data set with its file meta information. Its elements must not be changed later.

        One that was read in another encoding is left to pydicom, which looks up what it lacks.
        """
        if dataset.original_encoding != EXPLICIT_LITTLE:
            dataset.save_as(path, enforce_file_format=True, implicit_vr=False, little_endian=True)
            return
        encodings = dataset.get("SpecificCharacterSet", "iso8859")
        about = dataset.file_meta
        meta = b"".join(
            self._encoded(tag, about.get_item(tag), "iso8859")
            for tag in sorted(about.keys())
            if tag.element
        )
        parts = [
            self._encoded(tag, dataset.get_item(tag), encodings)
            for tag in sorted(dataset.keys())
            if tag.element or tag.group <= 6  # retired group lengths are not written
        ]
        length = META_LENGTH + struct.pack("<I", len(meta))
        path.write_bytes(b"".join([PREAMBLE, length, meta, *parts]))

    def _encoded(
        self, tag: BaseTag, element: DataElement | RawDataElement, encodings: Any
    ) -> bytes:
        if tag == PIXEL_DATA:
            return _bytes_of(element, encodings)
        if isinstance(element, RawDataElement):
            key: Hashable = (tag, element.VR, element.value)
        elif element.VR == "SQ":
            key = id(element)
            self._held.append(element)  # or another might get its place in memory
        else:
            key = (tag, element.VR, repr(element.value), str(encodings))
        if key not in self._known:
            self._known[key] = _bytes_of(element, encodings)
        return self._known[key]


def _buffer() -> DicomBytesIO:
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = EXPLICIT_LITTLE
    return out


def _bytes_of(element: DataElement | RawDataElement, encodings: Any) -> bytes:
    out = _buffer()
    write_data_element(out, element, encodings)
    return bytes(out.getvalue())
