"""Where voxels are: the one class that owns all spatial meaning.

Index order is array order (z, y, x); world order is LPS x, y, z in mm. A grid may be rotated or
mirrored: sampling a volume on a mirrored grid is how a right hip becomes a left one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

AFFINE_TOLERANCE = 1e-3
"""Two affines are the same if no entry differs by more (mm per voxel, or mm)."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular lattice of voxel centres.

    shape: voxels along (z, y, x). affine: (4, 4), array index (z, y, x, 1) -> LPS mm (x, y, z, 1).
    """

    shape: tuple[int, int, int]
    affine: np.ndarray

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise ValueError("affine must be a finite 4x4 matrix")
        if abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise ValueError("affine is singular")
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @classmethod
    def aligned(
        cls,
        shape: Sequence[int],
        spacing_mm: Sequence[float],
        origin_mm: ArrayLike,
        *,
        mirrored: bool = False,
    ) -> Grid:
        """Grid along the LPS axes. spacing_mm: (z, y, x); origin_mm: LPS of voxel (0, 0, 0).

        With mirrored=True, x runs from the patient's left to the right: a right hip sampled on it
        looks like a left one.
        """
        dz, dy, dx = (float(s) for s in spacing_mm)
        affine = np.eye(4)
        affine[:3, :3] = np.array([[0, 0, -dx if mirrored else dx], [0, dy, 0], [dz, 0, 0]])
        affine[:3, 3] = origin_mm
        z, y, x = (int(n) for n in shape)
        return cls((z, y, x), affine)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size along (z, y, x)."""
        dz, dy, dx = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(dz), float(dy), float(dx)

    @property
    def origin_mm(self) -> np.ndarray:
        """LPS of the centre of voxel (0, 0, 0)."""
        return self.affine[:3, 3].copy()

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def slices(self) -> tuple[np.ndarray, float]:
        """Unit normal (3,) of the transverse slices, LPS, and the distance between them, mm.

        They are those of the axis nearest to the patient's z, wherever it stands in the array.
        """
        row = np.linalg.inv(self.affine)[int(abs(self.affine[2, :3]).argmax()), :3]
        length = float(np.linalg.norm(row))
        return row / length, 1 / length

    def to_world(self, indices: ArrayLike) -> np.ndarray:
        """LPS mm (..., 3) of array indices (..., 3) in order z, y, x."""
        points = np.asarray(indices, dtype=float) @ self.affine[:3, :3].T + self.affine[:3, 3]
        return np.asarray(points)

    def to_index(self, points_mm: ArrayLike) -> np.ndarray:
        """Array indices (..., 3) in order z, y, x of LPS points (..., 3) in mm."""
        inverse = np.linalg.inv(self.affine)
        indices = np.asarray(points_mm, dtype=float) @ inverse[:3, :3].T + inverse[:3, 3]
        return np.asarray(indices)

    def corners_mm(self) -> np.ndarray:
        """LPS of the eight corner voxel centres, (8, 3)."""
        ends = [(0, n - 1) for n in self.shape]
        return self.to_world(np.stack(np.meshgrid(*ends, indexing="ij"), -1).reshape(-1, 3))

    def bounds_mm(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest LPS coordinate over all voxel centres."""
        corners = self.corners_mm()
        return corners.min(0), corners.max(0)

    def crop(self, start: Sequence[int] | np.ndarray, stop: Sequence[int] | np.ndarray) -> Grid:
        """The sub-grid of indices start <= index < stop, each (z, y, x)."""
        affine = self.affine.copy()
        affine[:3, 3] = self.to_world(start)
        z, y, x = (int(b - a) for a, b in zip(start, stop, strict=True))
        return Grid((z, y, x), affine)

    def window_around(
        self, lo_mm: np.ndarray, hi_mm: np.ndarray, *, margin: int = 0
    ) -> tuple[slice, slice, slice]:
        """Slices of the voxels that cover an LPS box, clipped to the grid; empty if outside."""
        ends = np.array(np.meshgrid(*zip(lo_mm, hi_mm, strict=True), indexing="ij"))
        corners = self.to_index(ends.reshape(3, -1).T)
        start = np.floor(corners.min(0)).astype(int) - margin
        stop = np.ceil(corners.max(0)).astype(int) + 1 + margin
        start, stop = np.clip(start, 0, self.shape), np.clip(stop, 0, self.shape)
        z, y, x = (slice(int(a), max(int(a), int(b))) for a, b in zip(start, stop, strict=True))
        return z, y, x

    def same_as(self, other: Grid) -> bool:
        """Equal shape and equal affine within AFFINE_TOLERANCE."""
        return self.shape == other.shape and bool(
            np.allclose(self.affine, other.affine, rtol=0, atol=AFFINE_TOLERANCE)
        )


def resample(
    array: np.ndarray, source: Grid, target: Grid, *, order: int = 1, outside: float = -1000.0
) -> np.ndarray:
    """Sample an array on another grid; float32 (z, y, x) of target.shape.

    Where the target is coarser, whole source voxels are averaged first, so that nothing aliases.
    The source reaches to its outer voxel faces; beyond them the value is `outside`.
    order: spline order, 0 nearest or 1 linear (or 3).
    """
    factor = _coarser(source, target) if order > 0 else np.ones(3, int)
    window = source.window_around(*target.bounds_mm(), margin=int(2 * factor.max()) + 1)
    if any(w.stop <= w.start for w in window):
        return np.full(target.shape, outside, np.float32)
    grid = source.crop([w.start for w in window], [w.stop for w in window])
    part, grid = _averaged(array[window], grid, factor)
    if order == 1:
        out = linear(part, grid, target)
    else:
        index = np.linalg.inv(grid.affine) @ target.affine
        out = ndimage.affine_transform(
            part.astype(np.float32, copy=False), index[:3, :3], index[:3, 3], target.shape,
            np.float32, order=order, mode="nearest",
        )  # fmt: skip
    for axis in range(3):
        _blank_beyond(out, source, target, axis, outside)
    return np.asarray(out)


def linear(array: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    """An array on another grid by trilinear interpolation, float32 (z, y, x) of target.shape.

    Beyond the source's outermost voxel centres its last layer goes on.
    """
    index = np.linalg.inv(source.affine) @ target.affine
    matrix, offset = index[:3, :3], index[:3, 3]
    array = array.astype(np.float32, copy=False)
    if np.allclose(matrix, np.diag(np.diag(matrix)), atol=1e-6):
        return _along_axes(array, np.diag(matrix), offset, target.shape)
    return np.asarray(
        ndimage.affine_transform(
            array, matrix, offset, target.shape, np.float32, order=1, mode="nearest"
        )
    )


def _along_axes(
    array: np.ndarray, steps: np.ndarray, offset: np.ndarray, shape: tuple[int, int, int]
) -> np.ndarray:
    """Linear interpolation one axis at a time, six times as fast as scipy's general loop.

    Shrinking axes go first, then x before z, so that the passes over the full size are contiguous.
    """
    out = array
    for axis in sorted(range(3), key=lambda axis: (shape[axis] / array.shape[axis], -axis)):
        last = array.shape[axis] - 1
        at = np.clip(offset[axis] + steps[axis] * np.arange(shape[axis]), 0, last)
        low = np.floor(at).astype(int)
        share = (at - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
        first = np.take(out, low, axis)
        out = np.take(out, np.minimum(low + 1, last), axis)
        out -= first
        out *= share
        out += first
    return out


def _blank_beyond(out: np.ndarray, source: Grid, target: Grid, axis: int, value: float) -> None:
    """Write value where target voxels lie beyond the source's two outer faces along an axis."""
    end = source.shape[axis] - 0.5
    corners = source.to_index(target.corners_mm())[:, axis]
    if corners.min() >= -0.5 and corners.max() <= end:
        return
    a, b, c, d = (np.linalg.inv(source.affine) @ target.affine)[axis]
    z, y, x = (np.arange(n) for n in target.shape)
    index = (a * z + d)[:, None, None] + (b * y)[:, None] + c * x
    out[(index < -0.5) | (index > end)] = value


def _coarser(source: Grid, target: Grid) -> np.ndarray:
    """How many whole source voxels one target voxel spans along each source axis, (3,) int >= 1."""
    step = np.abs(np.linalg.inv(source.affine)[:3, :3] @ target.affine[:3, :3]).max(1)
    return np.asarray(np.maximum(1, np.floor(step + 1e-6)).astype(int))


def _averaged(array: np.ndarray, grid: Grid, factor: np.ndarray) -> tuple[np.ndarray, Grid]:
    """Block means of `factor` voxels (z, y, x); the last layer repeats to fill a block."""
    if (factor == 1).all():
        return array, grid
    layers, rows, columns = (int(f) for f in factor)
    z, y, x = (-(-n // int(f)) for n, f in zip(array.shape, factor, strict=True))
    fill = [(0, y * rows - array.shape[1]), (0, x * columns - array.shape[2])]
    out = np.empty((z, y, x), np.float32)
    for k in range(z):  # one layer at a time: no copy of the whole is made
        block = array[k * layers : (k + 1) * layers]
        total = block.sum(0, dtype=np.float32)
        total += (layers - len(block)) * block[-1].astype(np.float32)
        whole = np.pad(total, fill, mode="edge").reshape(y, rows, -1).sum(1)
        out[k] = sum(whole[:, start::columns] for start in range(columns))
    out /= layers * rows * columns
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world((factor - 1) / 2)
    affine[:3, :3] *= factor
    return out, Grid((z, y, x), affine)
