"""The paper's reconstruction, to compare with: an isosurface of the masked HU, smoothed hard.

Source: Sultana, Naznin and Faisal, 2024, Med Biol Eng Comput (steps 11 to 14: HU denoising, cubic
B-spline stack, isosurface at 20, up to 200 smoothing iterations, islands removed).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.surface.contour import contour, largest_part
from femurkit.surface.hollow import Hollow
from femurkit.surface.islands import bounding_window, keep_largest
from femurkit.surface.smooth import Smoothing, Surface, smooth
from femurkit.volume import Field, Mask, Volume

BONE_HU = (20.0, 2500.0)
"""Cortical and trabecular bone; what lies outside counts as air."""
AIR_HU = -1000.0
ISO_HU = 20.0
SMOOTHING = Smoothing(200, 0.1)
LEAST_ISLAND_MM3 = 1000.0
"""Smaller pieces go before the surface is made."""
MEDIAN = 3
"""Voxels: closes gaps."""


def paper_surface(volume: Volume, mask: Mask) -> Surface:
    """The surface of one femur by the paper's recipe: LPS mm, one part, and what smoothing
    changed.

    mask: on the volume's grid. Marrow is below BONE_HU, so where the scan cuts the canal open the
    surface goes in there: what it encloses is bone, not the femur. Raises DegenerateShape if
    nothing of the mask is bone.
    """
    window = bounding_window(mask.array, margin=3)
    if window[0].stop == 0:
        raise DegenerateShape("the mask is empty")
    hu = volume.array[window].astype(np.float64)
    bone = mask.array[window] & (hu >= BONE_HU[0]) & (hu <= BONE_HU[1])
    bone &= _large(bone, volume.grid.voxel_mm3)
    hu = ndimage.median_filter(np.where(bone, hu, AIR_HU), MEDIAN)
    stack, grid = _stacked(
        hu, volume.grid.crop([w.start for w in window], [w.stop for w in window])
    )
    share = ((stack - AIR_HU) / (BONE_HU[1] - AIR_HU)).astype(np.float32)
    level = (ISO_HU - AIR_HU) / (BONE_HU[1] - AIR_HU)
    return smooth(largest_part(contour(Field(share, grid), level)), SMOOTHING)


def paper_hollow(volume: Volume, mask: Mask) -> Hollow:
    """The same as the hollow bone of a run: what it lacks of the mask's volume is canal."""
    made = paper_surface(volume, mask)
    canal = max(mask.volume_ml - made.mesh.volume_mm3 / 1000, 0.0)
    return Hollow(made, canal, ISO_HU, None, None, ())


def _large(bone: np.ndarray, voxel_mm3: float) -> np.ndarray:
    """Pieces of at least LEAST_ISLAND_MM3, or else the largest."""
    labels, _ = ndimage.label(bone)
    sizes = np.bincount(labels.ravel()) * voxel_mm3
    sizes[0] = 0
    large = (sizes >= LEAST_ISLAND_MM3)[labels]
    return np.asarray(large if large.any() else keep_largest(bone))


def _stacked(hu: np.ndarray, grid: Grid) -> tuple[np.ndarray, Grid]:
    """Cubic B-spline between slices, to voxels as thin as they are wide; overshoot clamped."""
    thick, wide = grid.spacing_mm[0], min(grid.spacing_mm[1:])
    count = round((len(hu) - 1) * thick / wide) + 1
    at = np.linspace(0, len(hu) - 1, count)
    coefficients = ndimage.spline_filter1d(hu, order=3, axis=0)
    index = np.broadcast_arrays(at[:, None, None], *np.ogrid[: hu.shape[1], : hu.shape[2]])
    out = np.empty((count, *hu.shape[1:]))
    for k in range(count):  # a slice at a time: the index of all would be three volumes
        here = [axis[k : k + 1] for axis in index]
        out[k] = ndimage.map_coordinates(coefficients, here, order=3, prefilter=False)[0]
    affine = grid.affine.copy()
    affine[:3, 0] *= (len(hu) - 1) / max(count - 1, 1)
    return np.clip(out, AIR_HU, BONE_HU[1]), Grid(out.shape, affine)
