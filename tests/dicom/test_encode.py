"""Slices whose common elements are encoded once are, byte for byte, what pydicom writes."""

import io

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataelem import DataElement
from pydicom.uid import CTImageStorage, ImplicitVRLittleEndian, generate_uid

from femurkit.dicom.common import coded, file_meta
from femurkit.dicom.encode import SliceWriter
from femurkit.dicom.write_segmented import SEGMENTATION

SHARED = DataElement("DerivationCodeSequence", "SQ", [coded(SEGMENTATION)])


def read_again(dataset, *, implicit=False):
    """As a file gives it: elements not looked at are bytes."""
    buffer = io.BytesIO()
    dataset.file_meta = file_meta(CTImageStorage, dataset.SOPInstanceUID)
    if implicit:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    out = dcmread(buffer)
    out.buffer = out.filename = None
    out.file_meta = file_meta(CTImageStorage, dataset.SOPInstanceUID)
    return out


def slices():
    """Alike but for what a careless cache would take for the same."""
    for number, (spacing, charset, name) in enumerate([
        (["0.70", "0.7"], "ISO_IR 100", "Müller"),
        (["0.7", "0.70"], "ISO_IR 192", "Müller"),
        (["0.7", "0.7"], "ISO_IR 192", "山田"),
        (["0.7", "0.7"], ["", "ISO 2022 IR 87"], "山田"),
    ]):  # fmt: skip
        dataset = Dataset()
        dataset.SpecificCharacterSet = charset
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
        dataset.PatientName, dataset.InstitutionName = name, name
        dataset.PixelSpacing = spacing
        dataset.ImagePositionPatient = [0, -0.5, number]
        dataset.add_new(0x00180000, "UL", 12)
        dataset.private_block(0x0019, "MAKER", create=True).add_new(1, "DS", "1.50")
        dataset.PixelData = bytes([number]) * 512
        dataset["PixelData"].VR = "OW"
        yield dataset


@pytest.mark.parametrize("implicit", [False, True])
def test_files_are_pydicoms_byte_for_byte(tmp_path, implicit):
    writer = SliceWriter()
    for number, made in enumerate(slices()):
        dataset = read_again(made, implicit=implicit)
        assert dataset.PixelSpacing and dataset.PatientName  # looked at, the rest is not
        dataset.add(SHARED)
        dataset.SourceImageSequence = [coded(SEGMENTATION)] * (number + 1)
        dataset.SeriesDescription = f"{number}"
        ours, theirs = tmp_path / f"{number}.dcm", tmp_path / f"{number}.theirs"
        writer.write(dataset, ours)
        dataset.save_as(theirs, enforce_file_format=True, implicit_vr=False, little_endian=True)
        assert ours.read_bytes() == theirs.read_bytes()
