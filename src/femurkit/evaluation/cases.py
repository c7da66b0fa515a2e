"""Where the masks and surfaces of a patient are, in any of the layouts that femurkit writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from femurkit.anatomy import Side
from femurkit.errors import BadGeometry, NothingReadable
from femurkit.geometry import Grid

MASK = "mask.nii.gz"
SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")
SEG = ".dcm"
ON_VOXEL = 0.02
"""Voxel centres of two grids are one if they are no further apart, in voxels."""
HOLLOW = "femur_hollow.stl"


@dataclass(frozen=True)
class Case:
    """Where the masks and surfaces of one patient are. masks: by side, or one label map."""

    labels: Path | None
    masks: Mapping[Side, Path]
    surfaces: Mapping[Side, Path]


def case_at(path: Path) -> Case | None:
    """What lies at a path, if it is one patient: a label file, OUT, or a phantom's folder."""
    if path.is_file():
        return Case(path, {}, {})
    masks = {s: path / s.value / MASK for s in Side if (path / s.value / MASK).is_file()}
    if masks:
        return Case(None, masks, _there({s: path / s.value / "femur.stl" for s in Side}))
    for folder in (path / "truth", path):
        if (folder / MASK).is_file():
            return Case(folder / MASK, {}, _there({s: folder / f"{s.value}.stl" for s in Side}))
    return None


def required_case(path: Path) -> Case:
    """The same, or NothingReadable."""
    case = case_at(path)
    if case is None:
        raise NothingReadable(
            f"no mask at {path.name}",
            expected="a label file, OUT of reconstruct, or a phantom's patient folder",
            remedy="Name one of these.",
        )
    return case


def cases_in(folder: Path) -> dict[str, Case]:
    """The patients in a folder, by name without suffix."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    usable = [p for p in entries if p.is_dir() or p.name.endswith((*SUFFIXES, SEG))]
    found = {name_of(path): case_at(path) for path in usable}
    return {name: case for name, case in found.items() if case is not None}


def name_of(path: Path) -> str:
    """File or folder name without an image's suffix."""
    for suffix in (*SUFFIXES, SEG):
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.name


def scan_of(folder: Path, name: str) -> Path:
    """The CT of one patient in a folder of them, or NothingReadable: an image file, a zip, a
    folder of DICOM, or a phantom's folder.
    """
    files = [folder / name / f"ct{suffix}" for suffix in SUFFIXES]
    files += [folder / f"{name}{suffix}" for suffix in (*SUFFIXES, ".zip")]
    for path in (*files, folder / name):
        if path.exists():
            return path
    raise NothingReadable(
        f"no CT for {name}",
        expected="one CT for each patient of TRUTH, of the same name",
        remedy="Name the folders or files alike, or leave --ct out.",
    )


def labels_of(case: Case) -> tuple[np.ndarray, Grid]:
    """The label map of a case, put together from one file a side if need be; DICOM SEG too."""
    from femurkit.dicom.read_seg import is_dicom, read_seg
    from femurkit.images import read_mask

    if case.labels is not None:
        return read_seg(case.labels) if is_dicom(case.labels) else read_mask(case.labels)
    labels: np.ndarray | None = None
    grid: Grid | None = None
    for side, path in case.masks.items():
        array, here = read_mask(path)
        if labels is None or grid is None:
            labels, grid = np.zeros(array.shape, np.uint8), here
        elif not here.same_as(grid):
            raise BadGeometry(
                "left and right mask on different grids",
                expected="one grid",
                remedy="Give masks of one run.",
            )
        labels[array > 0] = side.label
    assert labels is not None and grid is not None
    return labels, grid


def labels_on(case: Case, grid: Grid) -> np.ndarray:
    """The label map of a case on the grid of another. A DICOM SEG, which holds only slices with
    bone, is filled up to it. Raises BadGeometry if the voxels are not those of the grid.
    """
    labels, own = labels_of(case)
    if own.same_as(grid):
        return labels
    sparse = case.labels is not None and case.labels.name.lower().endswith(SEG)
    placed = on_voxels(labels, own, grid) if sparse else None
    if placed is None:
        raise BadGeometry(
            f"prediction on {own.shape} voxels at {_mm(own)}",
            expected=f"the truth's grid, {grid.shape} at {_mm(grid)}",
            remedy="Compare on one grid: resample the probability, not the labels.",
        )
    return placed


def on_voxels(labels: np.ndarray, own: Grid, grid: Grid) -> np.ndarray | None:
    """Labels (z, y, x) moved to a grid of the same voxels but other bounds or order of axes.

    0 where they do not reach. None if the voxels are others, or a label lies outside the grid.
    """
    found = np.argwhere(labels)
    index = grid.to_index(own.to_world(found))
    whole = np.rint(index).astype(int)
    same_size = np.allclose(sorted(own.spacing_mm), sorted(grid.spacing_mm), atol=1e-3)
    inside = ((whole >= 0) & (whole < grid.shape)).all()
    if not (same_size and inside and np.abs(index - whole).max(initial=0) < ON_VOXEL):
        return None
    out = np.zeros(grid.shape, np.uint8)
    out[tuple(whole.T)] = labels[tuple(found.T)]
    return out


def _mm(grid: Grid) -> str:
    return " x ".join(f"{s:.2f}" for s in grid.spacing_mm) + " mm"


def _there(paths: Mapping[Side, Path]) -> dict[Side, Path]:
    return {side: path for side, path in paths.items() if path.is_file()}
