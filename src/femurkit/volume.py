"""A CT, a mask, a probability field: arrays that never travel without their grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.geometry import Grid


@dataclass(frozen=True, eq=False)
class Volume:
    """Hounsfield units on a grid. array: (z, y, x) int16 or float32, read-only once built."""

    array: np.ndarray
    grid: Grid

    def __post_init__(self) -> None:
        _check(self.array, self.grid)
        if self.array.dtype not in (np.int16, np.float32):
            raise TypeError(f"HU must be int16 or float32, not {self.array.dtype}")
        _freeze(self)


@dataclass(frozen=True, eq=False)
class Mask:
    """Which voxels belong to one femur. array: (z, y, x) bool, read-only once built."""

    array: np.ndarray
    grid: Grid

    def __post_init__(self) -> None:
        _check(self.array, self.grid)
        if self.array.dtype != np.bool_:
            raise TypeError(f"a mask is bool, not {self.array.dtype}")
        _freeze(self)

    @property
    def volume_ml(self) -> float:
        """Voxels counted, in millilitres."""
        return float(np.count_nonzero(self.array)) * self.grid.voxel_mm3 / 1000.0


def _check(array: np.ndarray, grid: Grid) -> None:
    if array.shape != grid.shape:
        raise ValueError(f"array is {array.shape}, its grid {grid.shape}")


def _freeze(holder: Volume | Mask | Field) -> None:
    view = holder.array.view()
    view.flags.writeable = False
    object.__setattr__(holder, "array", view)


@dataclass(frozen=True, eq=False)
class Field:
    """Probability of being femur, 0..1, on a grid. array: (z, y, x) float32, read-only once built.

    The outline is where it crosses 0.5.
    """

    array: np.ndarray
    grid: Grid

    def __post_init__(self) -> None:
        _check(self.array, self.grid)
        if self.array.dtype != np.float32:
            raise TypeError(f"a field is float32, not {self.array.dtype}")
        _freeze(self)
