"""Labels of any kind, as 1 left and 2 right on the grid of their CT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from femurkit.dicom.read_seg import is_dicom, read_seg
from femurkit.errors import InputRefused
from femurkit.geometry import Grid
from femurkit.images import read_mask
from femurkit.sources import Scan


@dataclass(frozen=True, eq=False)
class Labels:
    """What a label file says, on its own grid.

    array: (z, y, x) uint8. sided: 1 is said to be left and 2 right; otherwise 1 is femur of
    whichever side it lies on.
    """

    array: np.ndarray
    grid: Grid
    sided: bool
    notes: tuple[str, ...] = ()


def read_labels(path: Path, scan: Scan) -> Labels:
    """Read labels by what the file is. Raises InputRefused and its like."""
    if path.is_file() and is_dicom(path):
        return from_values(*read_seg(path))
    return from_values(*read_mask(path))


def from_values(array: np.ndarray, grid: Grid) -> Labels:
    """Sides by value: 1 left and 2 right; a single value that is not 2 says no side."""
    present = np.flatnonzero(np.bincount(array.ravel(), minlength=256)[1:]) + 1
    left_right = {1, 2}
    if len(present) <= 1 and present.tolist() != [2]:
        return Labels((array > 0).astype(np.uint8), grid, sided=False)
    if set(present.tolist()) <= left_right:
        return Labels(array, grid, sided=True)
    raise InputRefused(
        f"labels {', '.join(map(str, present))}",
        expected="1 left and 2 right femur, or one value",
        remedy="Keep only the femurs in the labels.",
    )
