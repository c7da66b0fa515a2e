"""One synthetic patient on disk, and label files of every kind, written without our readers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from contourpy import contour_generator
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from femurkit.dataset.manifest import Study
from femurkit.geometry import Grid
from femurkit.images import read_mask
from femurkit.locate.find import find_hips
from femurkit.locate.hip import Hip
from femurkit.phantom.patient import PhantomPatient, make_patient
from femurkit.phantom.write import write_patient
from femurkit.sources import Scan, load
from femurkit.volume import Volume

NAMES = {1: "Femur_L", 2: "femur right"}


def write_rtstruct(
    path: Path, labels: np.ndarray, grid: Grid, *, header: Dataset, names: dict[int, str] = NAMES
) -> Path:
    """Contours half way between unlike pixels; a hole is a contour of its own."""
    out = Dataset()
    out.SOPClassUID, out.SOPInstanceUID = RTStructureSetStorage, generate_uid()
    out.Modality, out.PatientID = "RTSTRUCT", header.PatientID
    frame = Dataset()
    frame.FrameOfReferenceUID = header.FrameOfReferenceUID
    out.ReferencedFrameOfReferenceSequence = [frame]
    out.StructureSetROISequence, out.ROIContourSequence = [], []
    for value, name in names.items():
        roi = Dataset()
        roi.ROINumber, roi.ROIName = value * 10, name
        roi.ReferencedFrameOfReferenceUID = header.FrameOfReferenceUID
        out.StructureSetROISequence.append(roi)
        item = Dataset()
        item.ReferencedROINumber = value * 10
        item.ContourSequence = [
            closed(line, index, grid)
            for index in range(len(labels))
            for line in contour_generator(z=np.pad(labels[index] == value, 1) * 1.0).lines(0.5)
        ]
        out.ROIContourSequence.append(item)
    return save(out, path)


def closed(line: np.ndarray, index: int, grid: Grid) -> Dataset:
    """line: (n, 2) column and row in a picture padded by one pixel; the first point is repeated."""
    points = np.column_stack([np.full(len(line) - 1, index), line[:-1, 1] - 1, line[:-1, 0] - 1])
    contour = Dataset()
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = len(points)
    contour.ContourData = [f"{v:.4f}" for v in grid.to_world(points).ravel()]
    return contour


def save(dataset: Dataset, path: Path) -> Path:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_slicer(
    path: Path, layers: np.ndarray, grid: Grid, segments: list[tuple[str, int, int]]
) -> Path:
    """A .seg.nrrd byte by byte. layers: (layer, z, y, x) uint8; segments: name, value, layer."""
    count, z, y, x = layers.shape
    axes = " ".join(f"({','.join(f'{v:.9f}' for v in grid.affine[:3, c])})" for c in (2, 1, 0))
    one = count == 1
    lines = [
        "NRRD0004",
        "type: unsigned char",
        f"dimension: {3 if one else 4}",
        "space: left-posterior-superior",
        f"sizes: {x} {y} {z}" if one else f"sizes: {count} {x} {y} {z}",
        f"space directions: {axes}" if one else f"space directions: none {axes}",
        "kinds: domain domain domain" if one else "kinds: list domain domain domain",
        "encoding: raw",
        f"space origin: ({','.join(f'{v:.9f}' for v in grid.origin_mm)})",
        "Segmentation_MasterRepresentation:=Binary labelmap",
    ]
    for number, (name, value, layer) in enumerate(segments):
        lines.append(f"Segment{number}_Name:={name}")
        lines.append(f"Segment{number}_LabelValue:={value}")
        lines.append(f"Segment{number}_Layer:={layer}")
    content = np.moveaxis(layers, 0, -1).astype(np.uint8)
    path.write_bytes(("\n".join(lines) + "\n\n").encode() + content.tobytes())
    return path


def write_pictures(folder: Path, labels: np.ndarray, *, suffix: str = "png") -> Path:
    """slice_0.png, slice_1.png, ... whose names sort otherwise than their numbers."""
    folder.mkdir()
    for index, picture in enumerate(labels):
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"slice_{index}.{suffix}")
    return folder


@dataclass(frozen=True, eq=False)
class Patient:
    """A phantom as a reader finds it. labels: the true mask on the grid of the scan."""

    folder: Path
    scan: Scan
    labels: np.ndarray
    hips: list[Hip]
    row: Study

    @property
    def grid(self):
        return self.scan.volume.grid

    def study(self, **changes) -> Study:
        return replace(self.row, **changes)


def _cropped(made: PhantomPatient) -> PhantomPatient:
    """Half the rows: what lies far before and behind the femurs only costs time."""
    rows = np.flatnonzero((made.labels > 0).any((0, 2)))
    start, stop = max(0, rows[0] - 30), rows[-1] + 21
    z, _, x = made.labels.shape
    grid = made.volume.grid.crop((0, start, 0), (z, stop, x))
    volume = Volume(made.volume.array[:, start:stop], grid)
    return replace(made, volume=volume, labels=made.labels[:, start:stop])


@pytest.fixture(scope="session")
def patient(tmp_path_factory) -> Patient:
    folder = tmp_path_factory.mktemp("data") / "P001"
    write_patient(_cropped(make_patient(7, spacing_mm=(3.0, 2.0, 2.0))), folder)
    scan = load(folder / "ct")
    mask = folder / "truth" / "mask.nii.gz"
    labels, grid = read_mask(mask)
    assert grid.same_as(scan.volume.grid)
    row = Study("P001", "P001", folder / "ct", mask, "all", "train", 2)
    return Patient(folder, scan, labels, find_hips(scan.volume), row)


@pytest.fixture(scope="session")
def formats() -> SimpleNamespace:
    """Writers of label files, by name."""
    return SimpleNamespace(
        rtstruct=write_rtstruct, slicer=write_slicer, pictures=write_pictures, save=save
    )
