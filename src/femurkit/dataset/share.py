"""What a box holds of a partly annotated femur: its share of every voxel, and where that is known.

An annotated slice says what is femur and what is not; a slice that nobody annotated says nothing.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from femurkit.geometry import Grid, resample

NO_STEP = 1e-6
"""Slices of the scan that a whole box may cross unnoticed."""


def known(annotated: np.ndarray, grid: Grid, box: Grid) -> np.ndarray:
    """Voxels of a box whose nearest slice of the scan is annotated, (z, y, x) bool of the box.

    annotated: (z,) bool, by slice of the scan's grid. False outside the scan.
    """
    at = np.linalg.inv(grid.affine) @ box.affine
    steps = np.ogrid[tuple(slice(n) for n in box.shape)]
    out = np.ones(box.shape, bool)
    for axis, count in enumerate(grid.shape):
        index = np.full((1, 1, 1), at[axis, 3])
        for along, step in enumerate(steps):
            if abs(at[axis, along]) * box.shape[along] > NO_STEP:  # aligned grids stay flat here
                index = index + at[axis, along] * step
        within = (index >= -0.5) & (index < count - 0.5)
        if axis == 0:
            nearest = np.clip(np.rint(index).astype(int), 0, count - 1)
            within = within & annotated[nearest]
        out &= within
    return out


def share(inside: np.ndarray, annotated: np.ndarray, grid: Grid, box: Grid) -> np.ndarray:
    """How much of every voxel of a box lies in the femur, (z, y, x) float32 from 0 to 1.

    inside: (z, y, x) bool on the scan's grid. The depth below the outline, measured within the
    annotated slices, is interpolated between them and cut to the share of a voxel as the phantoms'
    examples do: clip(0.5 + depth / spacing). Source: Raya and Udupa, 1990, Shape-based
    interpolation of multidimensional objects, IEEE Trans Med Imaging 9:32, doi 10.1109/42.52980.
    """
    if not (inside.any() and annotated.any()):
        return np.zeros(box.shape, np.float32)
    parts = max(1, int(min(box.spacing_mm) / min(grid.spacing_mm[1:]) + 1e-6))
    fine = _refined(box, parts)
    spacing_mm = max(fine.spacing_mm)
    # Deeper says nothing more; it also decides how far a last slice reaches toward an empty one.
    limit_mm = max(2 * grid.spacing_mm[0], 3 * spacing_mm)
    window = _window(inside, grid, limit_mm)
    part = grid.crop([w.start for w in window], [w.stop for w in window])
    depth = np.full(part.shape, -limit_mm, np.float32)
    for index in np.flatnonzero(annotated):
        picture = inside[window][index]
        if picture.any():
            depth[index] = np.clip(_depth_mm(picture, grid), -limit_mm, limit_mm)
    _bridge(depth, annotated)
    shares = np.clip(0.5 + resample(depth, part, fine, outside=-limit_mm) / spacing_mm, 0, 1)
    z, y, x = box.shape
    return np.asarray(shares.reshape(z, parts, y, parts, x, parts).mean((1, 3, 5)))


def _refined(box: Grid, parts: int) -> Grid:
    """Every voxel cut in parts along each axis: averaging depths would shrink round shapes."""
    affine = box.affine.copy()
    affine[:3, :3] /= parts
    affine[:3, 3] = box.to_world(np.full(3, (1 / parts - 1) / 2))
    z, y, x = (n * parts for n in box.shape)
    return Grid((z, y, x), affine)


def _window(inside: np.ndarray, grid: Grid, margin_mm: float) -> tuple[slice, slice, slice]:
    """All slices, and of their rows and columns those that the femur and a margin take."""
    out = [slice(0, grid.shape[0])]
    for axis in (1, 2):
        at = np.flatnonzero(inside.any(tuple({0, 1, 2} - {axis})))
        room = int(np.ceil(margin_mm / grid.spacing_mm[axis])) + 2
        out.append(slice(max(0, int(at[0]) - room), min(grid.shape[axis], int(at[-1]) + 1 + room)))
    z, y, x = out
    return z, y, x


def _depth_mm(picture: np.ndarray, grid: Grid) -> np.ndarray:
    """Distance to the outline within one slice, positive inside; zero between unlike pixels."""
    pixel_mm = grid.spacing_mm[1:]
    half = sum(pixel_mm) / 4
    inner = ndimage.distance_transform_edt(picture, sampling=pixel_mm)
    outer = ndimage.distance_transform_edt(~picture, sampling=pixel_mm)
    return np.where(picture, inner - half, half - outer)


def _bridge(depth: np.ndarray, annotated: np.ndarray) -> None:
    """Fill slices that are not annotated from the nearest ones that are, in proportion."""
    at = np.flatnonzero(annotated)
    for index in np.flatnonzero(~annotated):
        place = int(np.searchsorted(at, index))
        before, after = at[max(place - 1, 0)], at[min(place, len(at) - 1)]
        part = (index - before) / (after - before) if after > before else 0.0
        depth[index] = (1 - part) * depth[before] + part * depth[after]
