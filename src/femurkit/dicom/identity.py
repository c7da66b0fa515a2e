"""Which study and instance a DICOM file is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from pydicom import dcmread

from femurkit.dicom.common import quiet


@dataclass(frozen=True)
class Identity:
    """The UIDs that place an instance."""

    study: str
    instance: str


@quiet()
def identity_of(file: IO[bytes]) -> Identity:
    """Of a DICOM file. Raises whatever its parser does, AttributeError where one is not there."""
    header = dcmread(
        file, stop_before_pixels=True, specific_tags=["StudyInstanceUID", "SOPInstanceUID"]
    )
    return Identity(str(header.StudyInstanceUID), str(header.SOPInstanceUID))
