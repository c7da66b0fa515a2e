"""Whose images a DICOM object belongs to, to be compared and never shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydicom import Dataset, dcmread

from femurkit.dicom.common import quiet


@dataclass(frozen=True)
class Reference:
    """Patient and frame of reference; empty where the header does not say."""

    patient_id: str = field(repr=False)
    frame_uid: str = field(repr=False)


def reference_of(header: Dataset) -> Reference:
    """Of an image, a SEG or an RTSTRUCT, which names the frame of the images it was drawn on."""
    frame = header.get("FrameOfReferenceUID")
    for keyword, inner in (
        ("StructureSetROISequence", "ReferencedFrameOfReferenceUID"),
        ("ReferencedFrameOfReferenceSequence", "FrameOfReferenceUID"),
    ):
        items = header.get(keyword) or [Dataset()]
        frame = items[0].get(inner) or frame
    return Reference(str(header.get("PatientID") or "").strip(), str(frame or ""))


@quiet()
def read_reference(path: Path) -> Reference:
    """Of a DICOM file."""
    return reference_of(dcmread(path, stop_before_pixels=True))
