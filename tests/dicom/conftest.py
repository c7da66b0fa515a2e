"""Small CT series written straight with pydicom, so that the reader is not judged by the writer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

SHAPE = (24, 18, 14)
STEP_MM = 3.0
ORIENTATIONS = {"HFS": (1, 0, 0, 0, 1, 0), "FFS": (-1, 0, 0, 0, 1, 0), "HFP": (-1, 0, 0, 0, -1, 0)}


def body_hu(shape: tuple[int, int, int] = SHAPE, seed: int = 1) -> np.ndarray:
    """Air, fat, muscle and bone, every voxel its own value; (z, y, x) int16."""
    rng = np.random.default_rng(seed)
    hu = rng.choice([-1000, -100, 50, 60, 900], size=shape, p=[0.3, 0.2, 0.2, 0.2, 0.1])
    return (hu + rng.integers(-20, 20, shape)).astype(np.int16)


def make_slices(
    hu: np.ndarray,
    *,
    spacing_mm: tuple[float, float, float] = (STEP_MM, 0.9, 0.7),
    origin_mm: tuple[float, float, float] = (-40.5, 33.25, -812.5),
    orientation: tuple[float, ...] = ORIENTATIONS["HFS"],
    series: str = "a",
    slope: float = 1.0,
    intercept: float = -1024.0,
    dtype: str = "int16",
    **attributes: Any,
) -> list[Dataset]:
    """One data set a slice, along the normal; further attributes by keyword (None deletes)."""
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.cross(row, column)
    slices = []
    for index, picture in enumerate(hu):
        stored = np.rint((picture - intercept) / slope).astype(dtype)
        ds = Dataset()
        ds.SOPClassUID = CTImageStorage
        ds.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(index)])
        ds.SeriesInstanceUID = generate_uid(entropy_srcs=[series])
        ds.StudyInstanceUID = generate_uid(entropy_srcs=["study"])
        ds.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame"])
        ds.PatientName, ds.PatientID, ds.Modality = "Secret^Sam", "SECRET-ID", "CT"
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.InstanceNumber = index + 1
        position = np.array(origin_mm) + index * spacing_mm[0] * normal
        ds.ImagePositionPatient = [f"{v:.6f}" for v in position]
        ds.ImageOrientationPatient = [f"{v:.10f}" for v in orientation]
        ds.PixelSpacing = [spacing_mm[1], spacing_mm[2]]
        ds.SliceThickness = spacing_mm[0]
        ds.Rows, ds.Columns = picture.shape
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated = ds.BitsStored = 16
        ds.HighBit = 15
        ds.PixelRepresentation = int(stored.dtype.kind == "i")
        ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
        ds.add_new("PixelData", "OW", stored.tobytes())
        for keyword, value in attributes.items():
            if value is None:
                delattr(ds, keyword)
            else:
                setattr(ds, keyword, value)
        slices.append(ds)
    return slices


def save(slices: list[Dataset], folder: Path, *, explicit: bool = True, prefix: str = "s") -> Path:
    """Write the slices under names that say nothing of their order."""
    folder.mkdir(parents=True, exist_ok=True)
    names = np.random.default_rng(5).permutation(len(slices))
    for name, ds in zip(names, slices, strict=True):
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = (
            ExplicitVRLittleEndian if explicit else ImplicitVRLittleEndian
        )
        ds.save_as(folder / f"{prefix}{name:03d}", enforce_file_format=True)
    return folder


@pytest.fixture
def slices() -> Callable[..., list[Dataset]]:
    return make_slices


@pytest.fixture
def write() -> Callable[..., Path]:
    return save


@pytest.fixture
def hu() -> np.ndarray:
    return body_hu()
