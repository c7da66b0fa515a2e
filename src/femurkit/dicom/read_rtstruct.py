"""The contours of an RT Structure Set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import RTStructureSetStorage

from femurkit.dicom.common import quiet
from femurkit.errors import BadGeometry, InputRefused
from femurkit.geometry import Grid

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR")
"""Contours that enclose an area (PS3.3 C.8.8.6.3); points and open lines do not."""
FLAT_SLICES = 0.5
"""A contour that spans more slices than this does not lie in one."""
SAME_PLANE_SLICES = 0.05
"""Contours of one structure whose planes differ by less lie in one plane."""


@dataclass(frozen=True, eq=False)
class Roi:
    """One structure. contours: closed outlines (n, 3) LPS mm, each in one plane."""

    name: str
    contours: tuple[np.ndarray, ...]


@quiet()
def read_rtstruct(path: Path) -> tuple[Roi, ...]:
    """The structures that have closed contours. Raises InputRefused if it is no RTSTRUCT."""
    header = dcmread(path)
    if header.get("SOPClassUID") != RTStructureSetStorage:
        raise InputRefused(
            "a DICOM file that is no structure set",
            expected="an RTSTRUCT",
            remedy="Name the file that holds the contours.",
        )
    names = {
        int(item.ROINumber): str(item.get("ROIName", ""))
        for item in header.get("StructureSetROISequence") or ()
    }
    rois = []
    for item in header.get("ROIContourSequence") or ():
        contours = tuple(map(_points, filter(_is_closed, item.get("ContourSequence") or ())))
        if contours:
            rois.append(Roi(names.get(int(item.ReferencedROINumber), ""), contours))
    return tuple(rois)


def is_rtstruct(path: Path) -> bool:
    """Whether a DICOM file is a structure set."""
    with quiet():
        return bool(
            dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True).get("SOPClassUID")
            == RTStructureSetStorage
        )


def rasterise(roi: Roi, grid: Grid) -> np.ndarray:
    """The voxels whose centres the contours enclose, (z, y, x) bool.

    Each contour fills the slice nearest to its plane; of several planes nearest to one slice the
    closest counts. What an even number of contours of a slice enclose is a hole. Raises
    BadGeometry if contours cross the slices.
    """
    planes: dict[int, tuple[float, list[np.ndarray]]] = {}
    for contour in roi.contours:
        index = grid.to_index(contour)
        if np.ptp(index[:, 0]) > FLAT_SLICES:
            raise BadGeometry(
                "contours that cross the slices of the CT",
                expected="contours within its slices",
                remedy="Draw or export them on the axial slices of this CT.",
            )
        at = float(index[:, 0].mean())
        slice_number = round(at)
        off = abs(at - slice_number)
        best, held = planes.get(slice_number, (np.inf, []))
        if off < best - SAME_PLANE_SLICES:
            planes[slice_number] = (off, [index[:, 1:]])
        elif off <= best + SAME_PLANE_SLICES:
            held.append(index[:, 1:])
    out = np.zeros(grid.shape, bool)
    for slice_number, (_, outlines) in planes.items():
        if 0 <= slice_number < grid.shape[0]:
            out[slice_number] = enclosed(outlines, grid.shape[1:])
    return out


def enclosed(outlines: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Pixels (rows, columns) whose centres an odd number of closed outlines enclose.

    outlines: (n, 2) row and column of their corners. Every edge that a row's centre line crosses
    turns over all pixels to its right.
    """
    rows, columns = shape
    crossed = np.zeros((rows, columns + 1), np.int32)
    for outline in outlines:
        (y0, x0), (y1, x1) = outline.T, np.roll(outline, -1, axis=0).T
        first = np.clip(np.ceil(np.minimum(y0, y1)), 0, rows).astype(int)
        last = np.clip(np.ceil(np.maximum(y0, y1)), 0, rows).astype(int)
        edge = np.repeat(np.arange(len(outline)), last - first)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(last - first) - last, last - first)
        share = (row - y0[edge]) / (y1 - y0)[edge]
        column = np.ceil(x0[edge] + share * (x1 - x0)[edge])
        np.add.at(crossed, (row, np.clip(column, 0, columns).astype(int)), 1)
    return np.asarray(crossed.cumsum(axis=1)[:, :columns] % 2 == 1)


def _is_closed(contour: Dataset) -> bool:
    closed = contour.get("ContourGeometricType", "CLOSED_PLANAR") in CLOSED
    return closed and len(contour.get("ContourData") or ()) >= 9


def _points(contour: Dataset) -> np.ndarray:
    return np.array(contour.ContourData, dtype=float).reshape(-1, 3)
