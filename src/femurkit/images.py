"""NIfTI, NRRD and MetaImage, in and out, through SimpleITK.

SimpleITK already speaks LPS mm, whatever the file does; what is turned round here is the index
order: its x, y, z becomes our z, y, x.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from scipy import ndimage

from femurkit.errors import BadGeometry, InputRefused, NothingReadable, NotHounsfield
from femurkit.geometry import Grid
from femurkit.nifti import all_finite
from femurkit.volume import Volume

SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
NRRD = (".nrrd", ".nhdr")
PERPENDICULAR_TOLERANCE = 1e-3
"""Greatest cosine between the axes of a grid that an image file can hold."""

ONE_AT_A_TIME = Lock()
"""Each image written holds two copies of itself."""
MOST_LAYERS = 64
"""Layers that overlapping segments of one file may take."""


@dataclass(frozen=True)
class Segment:
    """A segment of a .seg.nrrd, as its header says. layer: first index of the array."""

    name: str
    value: int
    layer: int


def is_image(path: Path) -> bool:
    """Whether the name is that of an image file this module reads."""
    return path.name.lower().endswith(SUFFIXES)


def read_image(path: Path) -> Volume:
    """HU on the file's own grid, oblique directions kept: int16 if all are whole and fit.

    Raises NothingReadable, BadGeometry (not 3D, or no orientation) or NotHounsfield (not finite).
    Whether the values are plausible HU is for `sources` to say.
    """
    array, grid = _read(path)
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and all_finite(path)):
        raise NotHounsfield(
            "values that are not finite numbers",
            expected="HU in every voxel",
            remedy="Fill voxels outside the scan with -1000.",
        )
    limits = np.iinfo(np.int16)
    fits = limits.min <= array.min() and array.max() <= limits.max
    whole = array.dtype.kind in "iu" or _all_whole(array)
    return Volume(array.astype(np.int16 if fits and whole else np.float32), grid)


def read_mask(path: Path) -> tuple[np.ndarray, Grid]:
    """Labels (z, y, x) uint8 and their grid. Raises InputRefused if they are no labels."""
    array, grid = _read(path)
    return _as_labels(array), grid


def _as_labels(array: np.ndarray) -> np.ndarray:
    if not (array.min() >= 0 and array.max() <= 255 and _all_whole(array)):
        raise InputRefused(
            "voxels that are no labels",
            expected="whole numbers from 0 to 255",
            remedy="Give a mask.",
        )
    return array.astype(np.uint8)


def read_segments(path: Path) -> tuple[np.ndarray, Grid, tuple[Segment, ...]]:
    """Layers (layer, z, y, x) uint8, their grid, and the segments that the header names.

    path: NRRD, as 3D Slicer writes it (.seg.nrrd); without any segment named it is a plain mask.
    Source: Slicer, vtkMRMLSegmentationStorageNode: Segment<n>_Name, _LabelValue, _Layer.
    """
    array, grid, said = _read_all(path, most_components=MOST_LAYERS)
    segments: list[Segment] = []
    while (key := f"Segment{len(segments)}_LabelValue") in said:
        start = key.removesuffix("LabelValue")
        layer = int(said.get(f"{start}Layer", "0"))
        segments.append(Segment(said.get(f"{start}Name", ""), int(said[key]), layer))
    layers = array if array.ndim == 4 else array[..., None]
    return np.moveaxis(_as_labels(layers), -1, 0), grid, tuple(segments)


def write_image(volume: Volume, path: Path) -> None:
    """HU to NIfTI, NRRD or MetaImage, by the name."""
    _write(volume.array, volume.grid, path)


def write_mask(labels: np.ndarray, grid: Grid, path: Path) -> None:
    """Labels or a mask (z, y, x), bool or whole numbers up to 255, as uint8, compressed.

    Image files hold perpendicular axes alone: labels on the slanted ones of a tilted gantry are put
    on the nearest upright grid, each voxel from its nearest.
    """
    labels = np.asarray(labels)
    if labels.shape != grid.shape:
        raise ValueError(f"labels are {labels.shape}, their grid {grid.shape}")
    if labels.dtype.kind not in "biu" or labels.min() < 0 or labels.max() > 255:
        raise ValueError("labels are whole numbers from 0 to 255")
    _write(*upright(labels.astype(np.uint8, copy=False), grid), path)


def upright(labels: np.ndarray, grid: Grid) -> tuple[np.ndarray, Grid]:
    """Labels on a grid whose slices are stacked along their normal; as they are if they are so."""
    spacing = np.array(grid.spacing_mm)
    directions = grid.affine[:3, :3] / spacing
    if np.allclose(directions.T @ directions, np.eye(3), atol=PERPENDICULAR_TOLERANCE):
        return labels, grid
    axes = directions.copy()
    axes[:, 0] = np.cross(axes[:, 2], axes[:, 1])
    axes[:, 0] *= np.sign(axes[:, 0] @ directions[:, 0]) / np.linalg.norm(axes[:, 0])
    step = np.array([spacing[0] * (axes[:, 0] @ directions[:, 0]), *spacing[1:]])
    corners = (grid.corners_mm() - grid.origin_mm) @ axes / step
    low = np.floor(corners.min(0) + 1e-6)
    z, y, x = (int(n) for n in np.ceil(corners.max(0) - 1e-6) - low + 1)
    affine = np.eye(4)
    affine[:3, :3] = axes * step
    affine[:3, 3] = grid.origin_mm + affine[:3, :3] @ low
    index = np.linalg.inv(grid.affine) @ affine
    out = ndimage.affine_transform(
        labels, index[:3, :3], index[:3, 3], (z, y, x), order=0, mode="grid-constant"
    )
    return out, Grid((z, y, x), affine)


def _read(path: Path) -> tuple[np.ndarray, Grid]:
    array, grid, _ = _read_all(path)
    return array, grid


def _read_all(path: Path, *, most_components: int = 1) -> tuple[np.ndarray, Grid, dict[str, str]]:
    """Voxels (z, y, x), with components last if there are several, grid and header entries."""
    import SimpleITK as sitk  # noqa: N813

    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        _check_header(reader, most_components)
        image = reader.Execute()
    # What ITK says quotes the path, which may name a patient.
    except RuntimeError as error:
        if "orthonormal" in str(error) or "direction" in str(error).lower():
            raise _bad("axes that are not perpendicular") from None
        raise NothingReadable(
            _unreadable(path),
            expected=f"one of {', '.join(SUFFIXES)}, whole",
            remedy="Write it again from its source.",
        ) from None
    if image.GetDimension() == 4:
        image = image[:, :, :, 0]
    directions = np.array(image.GetDirection()).reshape(3, 3)
    if not np.allclose(directions.T @ directions, np.eye(3), atol=PERPENDICULAR_TOLERANCE):
        raise _bad("axes that are not perpendicular")
    affine = np.eye(4)
    affine[:3, :3] = (directions * np.array(image.GetSpacing()))[:, ::-1]
    affine[:3, 3] = image.GetOrigin()
    array = sitk.GetArrayFromImage(image)
    keys = (key for key in reader.GetMetaDataKeys() if key.isascii())  # no other can be asked for
    said = {key: reader.GetMetaData(key) for key in keys}
    z, y, x = array.shape[:3]
    return array, Grid((z, y, x), affine), said


def _unreadable(path: Path) -> str:
    if not path.is_file():
        return "no such image file"
    if not path.stat().st_size:
        return "an empty image file"
    known = path.name.lower().endswith(SUFFIXES)
    return "a damaged image file" if known else "a file that is no medical image"


def _check_header(reader: Any, most_components: int) -> None:
    size, spacing = reader.GetSize(), reader.GetSpacing()
    if (
        reader.GetNumberOfComponents() > most_components
        or len(size) < 3
        or any(n > 1 for n in size[3:])
    ):
        raise _bad("an image that is not one 3D volume")
    if min(size[:3]) < 2 or not np.isfinite(spacing).all() or min(spacing) <= 0:
        raise _bad("an image without depth or spacing")
    codes = [k for k in ("qform_code", "sform_code") if reader.HasMetaDataKey(k)]
    is_nrrd = reader.GetFileName().lower().endswith(NRRD)
    # Without these the file has axes but no patient: left could be right.
    if codes and all(reader.GetMetaData(k).strip() in ("0", "") for k in codes):
        raise _bad("a NIfTI without orientation (qform and sform codes are 0)")
    if is_nrrd and not reader.HasMetaDataKey("NRRD_space"):
        raise _bad("an NRRD without a space")


def _bad(found: str) -> BadGeometry:
    return BadGeometry(
        found,
        expected="a 3D image with perpendicular axes placed in the patient",
        remedy="Write it again from DICOM.",
    )


def _all_whole(array: np.ndarray) -> bool:
    return array.dtype.kind in "biu" or all(np.array_equal(s, np.rint(s)) for s in array)


def _write(array: np.ndarray, grid: Grid, path: Path) -> None:
    import SimpleITK as sitk  # noqa: N813

    spacing = np.array(grid.spacing_mm)
    directions = (grid.affine[:3, :3] / spacing)[:, ::-1]
    if not np.allclose(directions.T @ directions, np.eye(3), atol=PERPENDICULAR_TOLERANCE):
        raise ValueError("an image file holds only grids with perpendicular axes")
    with ONE_AT_A_TIME:
        image = sitk.GetImageFromArray(np.ascontiguousarray(array))
        image.SetSpacing(spacing[::-1].tolist())
        image.SetOrigin(grid.origin_mm.tolist())
        image.SetDirection(directions.ravel().tolist())
        compress = not path.name.lower().endswith(".nii")
        sitk.WriteImage(image, str(path), compress)
