"""What every DICOM object that femurkit writes shares."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from femurkit.anatomy import Code

IMPLEMENTATION_UID = generate_uid(entropy_srcs=["femurkit", "implementation"])


@contextmanager
def quiet() -> Iterator[None]:
    """Within it, or in a function it decorates, no warning is shown: they quote header values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def file_meta(class_uid: str, instance_uid: str) -> FileMetaDataset:
    """File meta information of an uncompressed object written by femurkit."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(class_uid)
    meta.MediaStorageSOPInstanceUID = UID(instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    meta.ImplementationVersionName = "FEMURKIT"
    return meta


def coded(code: Code) -> Dataset:
    """A code sequence item (PS3.3 8.8)."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    item.CodeMeaning = code.meaning
    return item
