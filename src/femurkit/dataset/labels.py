"""Labels of any kind, as 1 left and 2 right on the grid of their CT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from femurkit.anatomy import Side
from femurkit.dataset.align import onto, refuse_elsewhere, share_within
from femurkit.dataset.names import femurs_among
from femurkit.dataset.sides import UNKNOWN, with_sides
from femurkit.dataset.stack import pictures_in, read_stack
from femurkit.dicom.read_rtstruct import is_rtstruct, rasterise, read_rtstruct
from femurkit.dicom.read_seg import is_dicom, read_seg
from femurkit.dicom.reference import Reference, read_reference
from femurkit.errors import InputRefused, NothingReadable
from femurkit.geometry import Grid
from femurkit.images import NRRD, is_image, read_mask, read_segments
from femurkit.locate.hip import Hip
from femurkit.sources import Scan


@dataclass(frozen=True, eq=False)
class Labels:
    """What a label file says.

    array: (z, y, x) uint8 on its own grid: 1 left, 2 right, UNKNOWN femur of a side not said.
    sparse: slices without label may be absent from the file. reference: whose images it says it
    belongs to, None for formats that do not say.
    """

    array: np.ndarray
    grid: Grid
    sparse: bool = False
    reference: Reference | None = None


def read_labels(path: Path, ct: Grid) -> Labels:
    """Read labels by what lies at the path: NIfTI, NRRD (also of 3D Slicer), MetaImage, DICOM SEG,
    RTSTRUCT, or a folder of PNG or TIFF pictures.

    ct: the grid they are to lie on, which contours and pictures need. Raises InputRefused and
    what derives from it.
    """
    if path.is_dir():
        pictures = pictures_in(path)
        if pictures:
            return Labels(_by_value(read_stack(pictures, ct)), ct)
        path = _only_file(path)
    if not path.is_file():
        raise NothingReadable(
            "no labels at the path given", expected="a file or folder", remedy="Mend the path."
        )
    if is_dicom(path):
        return _dicom(path, ct)
    if path.name.lower().endswith(NRRD):
        return _nrrd(path)
    if not is_image(path):
        raise NothingReadable(
            "labels of an unknown kind",
            expected="NIfTI, NRRD, MetaImage, DICOM SEG, RTSTRUCT or a folder of PNG or TIFF",
            remedy="Export them as one of these.",
        )
    array, grid = read_mask(path)
    return Labels(_by_value(array), grid)


def on_scan(labels: Labels, scan: Scan, hips: Sequence[Hip]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels (z, y, x) uint8 on the grid of the CT, 1 left and 2 right, and what was done to them.

    Raises LabelsElsewhere, or InputRefused where a side cannot be told.
    """
    array, notes = onto(labels.array, labels.grid, scan.volume.grid, sparse=labels.sparse)
    return with_sides(array, scan.volume, hips), notes


def _dicom(path: Path, ct: Grid) -> Labels:
    reference = read_reference(path)
    if not is_rtstruct(path):
        array, grid = read_seg(path)
        return Labels(_by_value(array), grid, sparse=True, reference=reference)
    rois = read_rtstruct(path)
    sides = femurs_among([roi.name for roi in rois]) if rois else {}
    corners = [contour for index in sides for contour in rois[index].contours]
    if corners:
        refuse_elsewhere(share_within(np.concatenate(corners), ct))
    out = np.zeros(ct.shape, np.uint8)
    for index, side in sides.items():
        _paint(out, rasterise(rois[index], ct), side)
    return Labels(out, ct, reference=reference)


def _nrrd(path: Path) -> Labels:
    layers, grid, segments = read_segments(path)
    if not segments:
        if len(layers) > 1:
            raise InputRefused(
                "layers without named segments",
                expected="one layer, or a .seg.nrrd of 3D Slicer",
                remedy="Save the segmentation again.",
            )
        return Labels(_by_value(layers[0]), grid)
    out = np.zeros(grid.shape, np.uint8)
    for index, side in femurs_among([s.name for s in segments]).items():
        segment = segments[index]
        if segment.layer < len(layers):
            _paint(out, layers[segment.layer] == segment.value, side)
    return Labels(out, grid)


def _paint(out: np.ndarray, inside: np.ndarray, side: Side | None) -> None:
    """A femur into labels; one whose side is known goes over one whose side is not."""
    if side is None:
        out[inside & (out == 0)] = UNKNOWN
    else:
        out[inside] = side.label


def _by_value(array: np.ndarray) -> np.ndarray:
    """1 and 2 are left and right, if both or 2 are there; one other value says no side."""
    present = {int(v) for v in np.flatnonzero(np.bincount(array.ravel(), minlength=256)) if v}
    if present in ({1, 2}, {2}):
        return array
    if len(present) <= 1:
        return np.where(array > 0, np.uint8(UNKNOWN), np.uint8(0))
    raise InputRefused(
        f"labels {', '.join(map(str, sorted(present)))}",
        expected="1 left and 2 right femur, or one value",
        remedy="Keep only the femurs in the labels.",
    )


def _only_file(folder: Path) -> Path:
    """The one file of a folder that an exporter made for one DICOM object."""
    files = [p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")]
    if len(files) == 1:
        return files[0]
    raise NothingReadable(
        f"a folder of {len(files)} files, none a PNG or TIFF",
        expected="one label file, or one picture a slice",
        remedy="Name the label file itself.",
    )
