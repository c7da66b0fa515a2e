"""A CT series made from nothing: valid CT Image objects of a volume, as a scanner orders them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID, CTImageStorage, generate_uid
from pydicom.valuerep import DSfloat

from femurkit.dicom.common import file_meta
from femurkit.dicom.write_segmented import write_segmented_series
from femurkit.geometry import Grid
from femurkit.volume import Volume

__all__ = ["as_scanned", "write_new_series", "write_segmented_series"]

SCANNER_AXES = {"HFS": (1, 1), "HFP": (-1, -1), "FFS": (-1, 1), "FFP": (1, -1)}
"""Signs of the row and column direction along LPS x and y, by Patient Position.

The picture is fixed to the gantry, seen from the foot end of the table, so it is the patient who
turns. Feet first, the slice normal points to the feet.
"""
INTERCEPT_HU = -1024
DATE, TIME = "20000101", "120000"
"""Fixed, so that the same volume gives the same bytes."""


def as_scanned(array: np.ndarray, grid: Grid, *, position: str = "HFS") -> tuple[np.ndarray, Grid]:
    """The same voxels in the order in which a scanner stores them for this Patient Position.

    array: (z, y, x) on grid, whose axes must lie nearest to LPS z, y and x. Axes are turned round,
    never resampled, so every voxel keeps its place in the patient. Returns a view and its grid.
    """
    if position not in SCANNER_AXES:
        raise ValueError(f"position must be one of {', '.join(SCANNER_AXES)}")
    directions = grid.affine[:3, :3] / np.array(grid.spacing_mm)
    if not np.allclose(directions.T @ directions, np.eye(3), atol=1e-6):
        raise ValueError("the axes of a CT series are perpendicular")
    if (abs(directions).argmax(axis=0) != (2, 1, 0)).any():
        raise ValueError("the axes must lie nearest to z, y and x")
    x, y = SCANNER_AXES[position]
    turn = np.sign([directions[2, 0], directions[1, 1], directions[0, 2]]) != (x * y, y, x)
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world(np.where(turn, np.array(grid.shape) - 1, 0))
    affine[:3, :3] *= np.where(turn, -1.0, 1.0)
    steps = tuple(slice(None, None, -1 if t else 1) for t in turn)
    return array[steps], Grid(grid.shape, affine)


def write_new_series(
    volume: Volume,
    folder: Path,
    *,
    seed_text: str,
    patient: Mapping[str, str],
    position: str = "HFS",
    description: str = "femurkit phantom",
    slice_thickness_mm: float | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Grid:
    """Write one .dcm a slice; returns the grid on which a reader will find the voxels.

    volume: HU in int16 range, on a grid with perpendicular axes nearest to z, y, x; fractions are
    rounded. seed_text: all UIDs derive from it; same arguments, same bytes. patient: PatientID,
    PatientName, PatientSex, ... by keyword. position: HFS, HFP, FFS or FFP; turns the array as
    `as_scanned` does. extra: more attributes by keyword, such as ConvolutionKernel.
    """
    array, grid = as_scanned(volume.array, volume.grid, position=position)
    lowest, highest = -(1 << 15) + INTERCEPT_HU, (1 << 15) - 1 + INTERCEPT_HU
    if array.min() < lowest or array.max() > highest:
        raise ValueError(f"HU must lie from {lowest} to {highest}")
    shared = _shared(grid, seed_text, position, description)
    thickness = slice_thickness_mm if slice_thickness_mm is not None else grid.spacing_mm[0]
    shared["SliceThickness"] = DSfloat(thickness, auto_format=True)
    shared.update({**patient, **(extra or {})})
    folder.mkdir(parents=True, exist_ok=True)
    for index, hu in enumerate(array):
        pixels = np.rint(hu).astype(np.int32) - INTERCEPT_HU
        dataset = _slice(shared, grid, index, pixels.astype("<i2"), seed_text)
        dataset.save_as(folder / f"{index + 1:04d}.dcm", enforce_file_format=True)
    return grid


def _shared(grid: Grid, seed_text: str, position: str, description: str) -> dict[str, Any]:
    """Attributes that all slices have in common, by keyword."""
    row, column = _directions(grid)
    _, between_rows, between_columns = grid.spacing_mm
    return {
        "SpecificCharacterSet": "ISO_IR 192", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "SOPClassUID": CTImageStorage, "Modality": "CT", "Manufacturer": "femurkit phantom",
        "ManufacturerModelName": "synthetic CT", "SoftwareVersions": "1",
        "DeviceSerialNumber": "1", "InstitutionName": "", "ReferringPhysicianName": "",
        "StudyDate": DATE, "SeriesDate": DATE, "AcquisitionDate": DATE, "ContentDate": DATE,
        "StudyTime": TIME, "SeriesTime": TIME, "AcquisitionTime": TIME, "ContentTime": TIME,
        "AccessionNumber": "", "StudyID": "1", "SeriesNumber": 1, "AcquisitionNumber": 1,
        "StudyDescription": description, "SeriesDescription": description,
        "PatientName": "", "PatientID": "", "PatientBirthDate": "", "PatientSex": "",
        "BodyPartExamined": "PELVIS", "KVP": "120", "XRayTubeCurrent": "244",
        "ExposureTime": "1000", "Exposure": "244", "ConvolutionKernel": "STANDARD",
        "PatientPosition": position, "PositionReferenceIndicator": "",
        "StudyInstanceUID": _uid(seed_text, "study"),
        "SeriesInstanceUID": _uid(seed_text, "series"),
        "FrameOfReferenceUID": _uid(seed_text, "frame"),
        "ImageOrientationPatient": _decimals([*row, *column]),
        "PixelSpacing": _decimals([between_rows, between_columns]),
        "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "Rows": grid.shape[1], "Columns": grid.shape[2], "BitsAllocated": 16, "BitsStored": 16,
        "HighBit": 15, "PixelRepresentation": 1, "RescaleIntercept": str(INTERCEPT_HU),
        "RescaleSlope": "1", "RescaleType": "HU", "WindowCenter": "300", "WindowWidth": "1500",
    }  # fmt: skip


def _slice(
    shared: Mapping[str, Any], grid: Grid, index: int, pixels: np.ndarray, seed_text: str
) -> Dataset:
    """One CT Image. pixels: (rows, columns) stored values, little endian."""
    dataset = Dataset()
    for keyword, value in shared.items():
        setattr(dataset, keyword, value)
    position = grid.to_world((index, 0, 0))
    dataset.SOPInstanceUID = _uid(seed_text, f"instance {index}")
    dataset.InstanceNumber = index + 1
    dataset.ImagePositionPatient = _decimals(position)
    along = position @ np.cross(*_directions(grid))
    dataset.SliceLocation = DSfloat(along, auto_format=True)
    dataset.add_new("SmallestImagePixelValue", "SS", int(pixels.min()))
    dataset.add_new("LargestImagePixelValue", "SS", int(pixels.max()))
    dataset.add_new("PixelData", "OW", pixels.tobytes())
    dataset.file_meta = file_meta(CTImageStorage, dataset.SOPInstanceUID)
    return dataset


def _directions(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Unit row and column direction in LPS: the way x and y indices run."""
    _, dy, dx = grid.spacing_mm
    return grid.affine[:3, 2] / dx, grid.affine[:3, 1] / dy


def _decimals(values: Any) -> list[DSfloat]:
    # Adding 0 turns -0.0 into 0.0, which readers print oddly.
    return [DSfloat(float(v) + 0.0, auto_format=True) for v in values]


def _uid(seed_text: str, what: str) -> UID:
    return generate_uid(entropy_srcs=["femurkit", seed_text, what])
