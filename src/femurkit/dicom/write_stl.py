"""A surface as a DICOM object that a PACS keeps beside its scan: Encapsulated STL."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal, get_args

from pydicom import Dataset
from pydicom.uid import EncapsulatedSTLStorage, generate_uid

from femurkit import __version__
from femurkit.anatomy import FEMUR, LATERALITY, Code, Side
from femurkit.dicom.anonymize import mark
from femurkit.dicom.common import coded, file_meta, quiet
from femurkit.dicom.headers import sound
from femurkit.dicom.read import CtSeries
from femurkit.dicom.write_seg import COPIED_ATTRIBUTES

Kind = Literal["outline", "hollow", "implant"]
KINDS: dict[str, Kind] = {"femur": "outline", "femur_hollow": "hollow", "implant": "implant"}
"""What the surfaces are, by the names of their files."""
MILLIMETRE = Code("mm", "UCUM", "mm")
PLANNING = Code("129013", "DCM", "Planning Intent")
SERIES_NUMBER = 9010
"""Plus the side's label, after the segmentation and the segmented series."""
OF_THE_STUDY = (
    "StudyInstanceUID", "FrameOfReferenceUID", "SpecificCharacterSet", "PatientAge",
    "StudyDescription", *COPIED_ATTRIBUTES, "ContentDate", "ContentTime",
)  # fmt: skip
ALWAYS = (*COPIED_ATTRIBUTES, "ContentDate", "ContentTime")


@quiet()
def write_encapsulated_stl(
    series: CtSeries, stl: bytes, path: Path, *, side: Side, kind: Kind = "outline"
) -> None:
    """Write a surface as Encapsulated STL in the study and frame of its series.

    stl: binary, LPS mm, as of mesh.stl_bytes; kind: what of the femur it is. Same series, surface
    and version, same UIDs.
    Source: PS3.3 A.85.1, C.35.1.
    """
    header = series.headers[0] if series.whole is None else series.whole
    source = [__version__, series.uid, side.value, kind, hashlib.sha256(stl).hexdigest()]
    dataset = Dataset()
    for keyword in OF_THE_STUDY:
        if keyword in header:
            dataset.add(sound(header[keyword]))
        elif keyword in ALWAYS:
            setattr(dataset, keyword, None)
    dataset.SOPClassUID = EncapsulatedSTLStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[*source, "stl"])
    series_of = [__version__, series.uid, side.value, "stl series"]
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=series_of)
    dataset.Modality, dataset.SeriesNumber = "M3D", SERIES_NUMBER + side.label
    dataset.InstanceNumber = 1 + get_args(Kind).index(kind)
    dataset.SeriesDescription = f"femur {side.value}, surfaces by femurkit"
    dataset.Manufacturer = dataset.ManufacturerModelName = "femurkit"
    dataset.SoftwareVersions, dataset.DeviceSerialNumber = __version__, "none"
    dataset.AcquisitionDateTime = None
    dataset.BurnedInAnnotation, dataset.RecognizableVisualFeatures = "NO", "NO"
    title = f"{side.value.capitalize()} femur, {kind}"
    dataset.DocumentTitle = dataset.ContentDescription = title
    dataset.ConceptNameCodeSequence = []
    dataset.SourceInstanceSequence = [
        _reference(h)
        for i, h in enumerate([series.whole] if series.whole is not None else series.headers)
        if i not in series.interpolated
    ]
    source_series = Dataset()
    source_series.SeriesInstanceUID = header.SeriesInstanceUID
    source_series.ReferencedInstanceSequence = list(dataset.SourceInstanceSequence)
    dataset.ReferencedSeriesSequence = [source_series]
    dataset.MeasurementUnitsCodeSequence = [coded(MILLIMETRE)]
    dataset.ModelModification, dataset.ModelMirroring = "NO", "NO"
    dataset.ModelUsageCodeSequence = [coded(PLANNING)]
    region = coded(FEMUR)
    region.AnatomicRegionModifierSequence = [coded(LATERALITY[side])]
    dataset.AnatomicRegionSequence = [region]
    dataset.MIMETypeOfEncapsulatedDocument = "model/stl"
    dataset.EncapsulatedDocumentLength = len(stl)
    dataset.EncapsulatedDocument = stl + b"\0" * (len(stl) % 2)
    mark(dataset, like=header)
    dataset.file_meta = file_meta(dataset.SOPClassUID, dataset.SOPInstanceUID)
    dataset.save_as(path, enforce_file_format=True, implicit_vr=False, little_endian=True)


def _reference(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item
