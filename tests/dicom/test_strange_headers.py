"""Headers with values that nobody would write: read and written again, or refused."""

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword

from femurkit.anatomy import Side
from femurkit.dicom import write_new_series, write_seg, write_segmented_series
from femurkit.dicom.write_stl import write_encapsulated_stl
from femurkit.errors import InputRefused
from femurkit.geometry import Grid
from femurkit.mesh import Mesh, stl_bytes
from femurkit.sources import load
from femurkit.volume import Mask, Volume

KEYWORDS = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID",
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "PatientAge", "StudyDate",
    "StudyTime", "StudyID", "StudyDescription", "AccessionNumber", "ReferringPhysicianName",
    "PositionReferenceIndicator", "SliceThickness", "SpacingBetweenSlices", "SliceLocation",
    "InstanceNumber", "AcquisitionNumber", "SeriesNumber", "SeriesDescription", "ImageType",
    "SpecificCharacterSet", "ContentDate", "ContentTime", "Manufacturer", "KVP", "PatientPosition",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope", "RescaleIntercept",
    "RescaleType", "SamplesPerPixel", "PhotometricInterpretation", "Modality", "NumberOfFrames",
    "ConvolutionKernel", "ContrastBolusAgent", "PixelPaddingValue", "PixelPaddingRangeLimit",
    "SmallestImagePixelValue", "ContributingEquipmentSequence", "SourceImageSequence",
    "DerivationCodeSequence", "DerivationDescription", "IconImageSequence", "BurnedInAnnotation",
    "ModalityLUTSequence", "LossyImageCompression", "TimezoneOffsetFromUTC",
)  # fmt: skip
STRANGE = {
    "several words": ("LO", ["a", "b"]), "number in words": ("DS", ["1", "2"]),
    "name": ("PN", "A^B"),
    "whole numbers": ("US", [1, 2]), "items": ("SQ", [Dataset()]),
}  # fmt: skip


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    choice = np.random.default_rng(0).choice
    hu = choice([-1000, -100, 50, 60, 900], size=(12, 24, 24), p=[0.3, 0.2, 0.2, 0.2, 0.1])
    scan = Volume(hu.astype(np.int16), Grid.aligned(hu.shape, (5, 4, 4), (-30, -30, -500)))
    write_new_series(scan, folder, seed_text="strange", patient={"PatientName": "A^B"})
    return folder


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("keyword", KEYWORDS)
def test_they_are_refused_or_come_out_readable(series, tmp_path, keyword, strange):
    (tmp_path / "in").mkdir()
    for number, path in enumerate(sorted(series.iterdir())):
        ds = dcmread(path)
        if number or len(keyword) % 2:  # in all slices, or in all but one
            ds.add_new(tag_for_keyword(keyword), *STRANGE[strange])
        try:
            ds.save_as(tmp_path / "in" / path.name)
        except Exception:
            return  # what cannot be written is not an input
    try:
        scan = load(tmp_path / "in")
    except InputRefused:
        return
    inside = np.zeros(scan.volume.grid.shape, bool)
    inside[2:6, 5:20, 5:20] = True
    mask = Mask(inside, scan.volume.grid)
    triangle = Mesh(np.eye(3), np.array([[0, 1, 2]]))
    write_seg(
        scan.series, {Side.LEFT: mask}, tmp_path / "seg.dcm", weights_hash="0" * 64, version="1"
    )
    write_segmented_series(scan.series, mask, tmp_path / "ct", side=Side.LEFT)
    write_encapsulated_stl(scan.series, stl_bytes(triangle), tmp_path / "stl.dcm", side=Side.LEFT)
    for path in [tmp_path / "seg.dcm", tmp_path / "stl.dcm", *(tmp_path / "ct").iterdir()]:
        for element in dcmread(path).iterall():
            assert element.value is not NotImplemented  # each is decoded
