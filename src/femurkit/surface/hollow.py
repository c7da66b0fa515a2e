"""The hollow bone: the femur with its medullary canal open in the shaft, solid above it.

The canal is what lies inside the shaft's cortex below a threshold half way between this patient's
own marrow and cortical bone. It ends in a dome where the shaft widens or where trabecular bone
begins, whichever is lower; everything above counts as bone, however thin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.geometry import Grid, linear
from femurkit.mesh import Mesh
from femurkit.surface.field import Ready
from femurkit.surface.islands import fill_levels, keep_largest
from femurkit.surface.periosteal import ended
from femurkit.surface.smooth import Surface
from femurkit.volume import Field, Volume

WALL_MM = 1.5
"""Least bone left around the canal; keeps soft tissue at the rim from opening it."""

WIDENING = 1.35
"""The shaft ends where its section is this many times its smallest: at the lesser trochanter."""

MOST_SECTION_MM2 = 1200.0
"""A larger transverse section is not shaft."""

LEAST_SHAFT_MM = 9.0
"""A shorter piece of shaft shows no canal worth opening."""

TRABECULAR = 0.15
"""Marrow ends where its median has risen by this share of the way to cortical bone."""

LEAST_METAL_ML = 0.3
"""Less metal in the shaft does not keep its canal from being opened."""

LEAST_CONTRAST_HU = 300.0
"""Between marrow and cortical bone; with less no canal can be told from bone."""

METAL_HU = 1900.0
"""More than any cortical bone: half the shaft's bright voxels above it mean a nail or a stem."""

HU_RANGE = (-200.0, 2000.0)
"""Values are clamped to it: gas below, metal above."""


@dataclass(frozen=True)
class Hollow:
    """The hollow bone and how it was found. HU is None where there was no shaft to judge."""

    surface: Surface
    canal_ml: float
    threshold_hu: float | None
    marrow_hu: float | None
    cortical_hu: float | None
    notes: tuple[str, ...]

    @property
    def mesh(self) -> Mesh:
        """The closed surface, LPS mm."""
        return self.surface.mesh


@dataclass(frozen=True)
class _Bone:
    """Where the canal is sought: arrays (z, y, x) on the canonical lattice, lowest level first."""

    inside: np.ndarray
    depth_mm: np.ndarray
    hu: np.ndarray
    shaft: slice
    step_mm: float


def hollow(ready: Ready, volume: Volume, solid: Surface) -> Hollow:
    """The bone of one femur as a closed surface in LPS mm: outline outside, canal inside.

    volume: the scan in HU, on a grid of its own; solid: the periosteal surface. Where the scan ends
    in the shaft the canal is open at the flat end. Without a shaft, or without contrast between
    marrow and cortex, the bone is `solid` and `notes` says why.
    """
    field, grid = ready.field, ready.field.grid
    up = slice(None, None, 1 if grid.affine[2, 0] > 0 else -1)
    inside = field.array >= 0.5
    step = grid.spacing_mm[0]
    bone = _Bone(
        inside[up],
        ndimage.distance_transform_edt(inside, sampling=grid.spacing_mm)[up],
        _hu_on(grid, volume)[up],
        _shaft(inside[up], grid),
        step,
    )
    seen = _levels_in_scan(field, volume.grid)[up]
    if np.count_nonzero(seen[bone.shaft]) * step < LEAST_SHAFT_MM:
        return Hollow(solid, 0.0, None, None, None, ("No shaft in the scan: no canal opened.",))
    core = bone.depth_mm[bone.shaft] > WALL_MM
    marrow, cortical = two_classes(bone.hu[bone.shaft][core])
    if not LEAST_CONTRAST_HU + marrow <= cortical <= METAL_HU:
        why = "metal in the shaft" if cortical > METAL_HU else "too close to tell apart"
        note = f"Marrow {marrow:.0f}, cortex {cortical:.0f} HU, {why}: no canal opened."
        return Hollow(solid, 0.0, None, marrow, cortical, (note,))
    threshold = (marrow + cortical) / 2
    share = np.zeros_like(field.array)
    share[up] = _canal_share(bone, marrow, cortical)
    left = Field(np.minimum(field.array, 1 - share).astype(np.float32), grid)
    opened = ended(left, ready.planes, ready.smoothing)
    canal_ml = (solid.mesh.volume_mm3 - opened.mesh.volume_mm3) / 1000
    notes = () if canal_ml > 0.1 else ("The canal does not reach the end of the scan.",)
    return Hollow(opened, canal_ml, threshold, marrow, cortical, notes)


def metal_in_shaft(ready: Ready, metal: Field) -> bool:
    """Whether the shaft holds so much metal that its canal cannot be told.

    metal: share of each voxel that is metal, on any grid.
    """
    grid = ready.field.grid
    up = slice(None, None, 1 if grid.affine[2, 0] > 0 else -1)
    inside = ready.field.array >= 0.5
    share = linear(metal.array, metal.grid, grid) * inside
    ml = float(share[up][_shaft(inside[up], grid)].sum()) * grid.voxel_mm3 / 1000
    return ml >= LEAST_METAL_ML


def unopened(solid: Surface, why: str) -> Hollow:
    """The solid bone, for want of a canal. why: a sentence."""
    return Hollow(solid, 0.0, None, None, None, (why,))


def two_classes(hu: np.ndarray) -> tuple[float, float]:
    """Median HU of marrow and of cortical bone among shaft voxels, parted by Otsu's threshold.

    hu: any shape. Source: Otsu, 1979, A threshold selection method from gray-level histograms,
    IEEE Trans Syst Man Cybern 9:62, doi 10.1109/TSMC.1979.4310076.
    """
    counts, edges = np.histogram(hu, bins=110, range=HU_RANGE)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = hu.size - below
    mass = np.cumsum(counts * centres)
    means = mass[:-1] / np.maximum(below, 1), (mass[-1] - mass[:-1]) / np.maximum(above, 1)
    split = edges[1 + int(np.argmax(below * above * (means[0] - means[1]) ** 2))]
    low, high = hu[hu < split], hu[hu >= split]
    if not low.size or not high.size:
        return float(np.median(hu)), float(np.median(hu))
    return float(np.median(low)), float(np.median(high))


def _hu_on(grid: Grid, volume: Volume) -> np.ndarray:
    """HU at the nodes of a grid, linear; the outermost slice is repeated beyond the scan."""
    window = volume.grid.window_around(*grid.bounds_mm(), margin=1)
    source = volume.grid.crop([w.start for w in window], [w.stop for w in window])
    return np.clip(linear(volume.array[window], source, grid), *HU_RANGE)


def _levels_in_scan(field: Field, scan_grid: Grid) -> np.ndarray:
    """Which levels of a prepared field hold femur inside the scan, (z,) bool."""
    inside = np.argwhere(field.array >= 0.5)
    index = scan_grid.to_index(field.grid.to_world(inside))
    seen = ((index >= -0.5) & (index <= np.array(scan_grid.shape) - 0.5)).all(-1)
    return np.bincount(inside[seen, 0], minlength=field.grid.shape[0]) > 0


def _shaft(inside: np.ndarray, grid: Grid) -> slice:
    """Levels, lowest first, from the lower end of the femur to where the shaft widens."""
    dz, dy, dx = grid.spacing_mm
    area = ndimage.median_filter(inside.sum((1, 2)) * dy * dx, 5, mode="nearest")
    first = int(np.argmax(area > 0))
    # a femur that ends within the scan has a rounded lower end, which is not its least section
    ahead = np.median(area[first : first + max(1, round(20 / dz))])
    first += int(np.argmax(area[first:] >= 0.7 * ahead))
    least = np.minimum.accumulate(area[first:])
    wide = area[first:] > np.minimum(WIDENING * least, MOST_SECTION_MM2)
    return slice(first, first + (int(np.argmax(wide)) if wide.any() else len(wide)))


def _canal_share(bone: _Bone, marrow: float, cortical: float) -> np.ndarray:
    """How much of each voxel is canal, 0..1; crosses 0.5 where HU crosses the threshold."""
    threshold = (marrow + cortical) / 2
    dark = (bone.hu < threshold) & (bone.depth_mm > WALL_MM)
    top = _marrow_top(bone, dark, marrow + TRABECULAR * (cortical - marrow))
    dark[top:] = False
    lumen = keep_largest(ndimage.binary_opening(keep_largest(dark)))
    lumen = keep_largest(_domed(fill_levels(lumen)))
    share = np.clip(0.5 + (threshold - bone.hu) / (cortical - marrow), 0, 1)
    beside = ndimage.binary_dilation(lumen)
    return np.where(lumen, np.maximum(share, 0.51), np.where(beside, np.minimum(share, 0.49), 0))


def _marrow_top(bone: _Bone, dark: np.ndarray, limit_hu: float) -> int:
    """First level of the shaft at which, and for 6 mm above, the median of the dark is bone."""
    run = max(1, round(6 / bone.step_mm))
    count = 0
    for level in range(bone.shaft.start, bone.shaft.stop):
        hu = bone.hu[level][dark[level]]
        count = count + 1 if hu.size == 0 or np.median(hu) > limit_hu else 0
        if count == run:
            return level - run + 1
    return bone.shaft.stop


def _domed(lumen: np.ndarray) -> np.ndarray:
    """The same with its upper end rounded as half a ball of the lumen's own radius."""
    levels = np.flatnonzero(lumen.any((1, 2)))
    if not len(levels):
        return lumen
    out = lumen.copy()
    top = int(levels[-1])
    radius = np.max([ndimage.distance_transform_edt(lumen[k]).max() for k in levels[-8:]])
    for level in range(max(0, int(top - radius)), top + 1):
        height = (level - (top - radius)) / radius
        inset = radius * (1 - np.sqrt(max(0.0, 1 - height**2)))
        out[level] &= ndimage.distance_transform_edt(lumen[level]) > inset
    return out
