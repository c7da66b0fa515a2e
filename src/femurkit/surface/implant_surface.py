"""The surface of an implant, finer than the scan's voxels."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from femurkit.geometry import Grid, linear
from femurkit.solid import faces
from femurkit.surface.implant import Implant
from femurkit.surface.islands import fill_holes
from femurkit.surface.periosteal import ended
from femurkit.surface.smooth import RIDGES, Surface, together
from femurkit.volume import Field, Volume

MARGIN = 6
"""Voxels around a part."""
LEAST_ML = 0.05
"""A smaller piece of an implant has no surface of its own, unless there is no larger one."""
SCALE_HU = 3000.0
"""HU that the field goes through from 0 to 1; metal is steeper than that."""


def implant_surface(implant: Implant, volume: Volume) -> Surface:
    """The outline of all parts of an implant as one closed surface, LPS mm, solid, outward normals.

    volume: the scan in HU. The outline lies where the scan reads implant.level_hu, between voxels
    too; it ends flat where the scan ends.
    """
    names, _ = ndimage.label(implant.mask.array, np.ones((3, 3, 3)))
    ml = np.bincount(names.ravel())[1:] * volume.grid.voxel_mm3 / 1000
    made = []
    for number, window in enumerate(ndimage.find_objects(names), start=1):
        if ml[number - 1] < min(LEAST_ML, ml.max()):
            continue
        start = np.array([w.start for w in window])
        made.append(_of_part(names[window] == number, start, volume, implant.level_hu))
    return together(made)


def _of_part(part: np.ndarray, start: np.ndarray, volume: Volume, level: float) -> Surface:
    """The surface of one part. part: (z, y, x) bool, which begins at the index `start`."""
    low, high = start - MARGIN, start + part.shape + MARGIN
    # beyond the scan its last layer goes on, and is cut off at the end
    z, y, x = (
        np.clip(np.arange(a, b), 0, n - 1)
        for a, b, n in zip(low, high, volume.grid.shape, strict=True)
    )
    hu = volume.array[np.ix_(z, y, x)].astype(np.float32)
    whole = np.pad(part, MARGIN)
    here = whole[np.ix_(*(i - a for i, a in zip((z, y, x), low, strict=True)))]
    field = np.clip(0.5 + (hu - level) / SCALE_HU, 0, 1)
    beside = ndimage.binary_dilation(here, np.ones((3, 3, 3)))
    field = np.where(beside, field, np.minimum(field, np.float32(0.3)))
    # another part that comes as close as a voxel stays apart
    field = np.where(here, np.maximum(field, 0.5), np.minimum(field, np.float32(0.499)))
    field = np.where(fill_holes(here) & ~here, np.float32(1), field).astype(np.float32)
    grid = volume.grid.crop(low, high)
    fine = _refined(grid)
    return ended(Field(linear(field, grid, fine), fine), faces(volume.grid), RIDGES)


def _refined(grid: Grid) -> Grid:
    """The same grid with thick axes divided, so that voxels are near cubes."""
    parts = [max(1, round(s / min(grid.spacing_mm))) for s in grid.spacing_mm]
    affine = grid.affine.copy()
    affine[:3, :3] = affine[:3, :3] / parts
    z, y, x = ((n - 1) * k + 1 for n, k in zip(grid.shape, parts, strict=True))
    return Grid((z, y, x), affine)
