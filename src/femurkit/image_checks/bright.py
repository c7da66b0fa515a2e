"""Evenly bright regions of soft tissue: vessels and organs that hold contrast agent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.geometry import Grid
from femurkit.image_checks.spots import BRIGHT_HU, Spots, bright_part, even_spots, joined
from femurkit.volume import Volume

LEVEL_MM, PIXEL_MM = 4.0, 1.5
"""About this far apart are the levels looked at, and the pixels in them."""
TISSUE_HU, AROUND_MM = -300.0, 12.0
"""Above the first is tissue; within the second it is counted."""


@dataclass(frozen=True, eq=False)
class Region:
    """An evenly bright region that goes on from level to level.

    length_mm: along the body. hu: mean inside its rim. uneven: standard deviation over the mean
    within its levels; drift: the same of the levels' means; steady: the same of their areas.
    bend_mm: how far its centre strays from a straight line (root mean square). tissue: share of
    tissue, not air, around it. centre_mm: (3,) LPS.
    """

    length_mm: float
    volume_ml: float
    hu: float
    uneven: float
    drift: float
    steady: float
    bend_mm: float
    tissue: float
    centre_mm: np.ndarray

    @property
    def area_mm2(self) -> float:
        """Mean cross-section."""
        return 1000 * self.volume_ml / self.length_mm


def bright_regions(volume: Volume, *, min_ml: float) -> list[list[Region]]:
    """Find the evenly bright regions of at least min_ml in a scan, above each of BRIGHT_HU.

    Looks at levels about LEVEL_MM apart; spots that lie over each other are one region.
    """
    values, grid = _coarse(volume)
    found: list[list[Spots]] = [[] for _ in BRIGHT_HU]
    for z, level in enumerate(values):
        smooth, corner = bright_part(level)
        for spots, limit in zip(found, BRIGHT_HU, strict=True):
            even = even_spots(level, smooth, limit, (z, *corner), grid)
            if even is not None:
                spots.append(even)
    return [_regions(values, grid, joined(spots), min_ml) if spots else [] for spots in found]


def _coarse(volume: Volume) -> tuple[np.ndarray, Grid]:
    """Levels along the body, float32 (z, y, x), pixels averaged within each, and their grid."""
    grid = volume.grid
    along = int(abs(grid.affine[2, :3]).argmax())
    order = [along, *(axis for axis in range(3) if axis != along)]
    spacing = [grid.spacing_mm[axis] for axis in order]
    step, rows, columns = (
        max(1, round(wanted / mm))
        for wanted, mm in zip((LEVEL_MM, PIXEL_MM, PIXEL_MM), spacing, strict=True)
    )
    levels = volume.array.transpose(order)[::step]
    y, x = levels.shape[1] // rows, levels.shape[2] // columns
    out = np.empty((len(levels), y, x), np.float32)
    for mean, level in zip(out, levels, strict=True):
        part = level[: y * rows, : x * columns]
        lines = sum(part[k::rows].astype(np.float32) for k in range(rows))
        mean[:] = sum(lines[:, k::columns] for k in range(columns))
    out /= rows * columns
    affine = grid.affine[:, [*order, 3]].copy()
    affine[:, 3] += affine[:, 1] * (rows - 1) / 2 + affine[:, 2] * (columns - 1) / 2
    affine[:, :3] *= [step, rows, columns]
    return out, Grid((len(levels), y, x), affine)


def _regions(values: np.ndarray, grid: Grid, spots: Spots, min_ml: float) -> list[Region]:
    low = spots.pixels.min(0)
    at = tuple((spots.pixels - low).T)
    filled = np.zeros(spots.pixels.max(0) - low + 1, bool)
    filled[at] = True
    filled[1:-1] |= filled[:-2] & filled[2:]  # a level may fail between two that do not
    names, _ = ndimage.label(filled)
    of_spot = np.zeros(len(spots.hu), int)
    of_spot[spots.of_pixel] = names[at]
    ml = np.bincount(names[at]) * grid.voxel_mm3 / 1000
    size = np.bincount(spots.of_pixel)
    centre = np.column_stack([np.bincount(spots.of_pixel, i) / size for i in spots.pixels.T])
    return [
        _region(values, grid, spots, centre, size, of_spot == name)
        for name in np.flatnonzero(ml >= min_ml)
    ]


def _region(
    values: np.ndarray,
    grid: Grid,
    spots: Spots,
    centre: np.ndarray,
    size: np.ndarray,
    which: np.ndarray,
) -> Region:
    """One region of spots; centre: (n, 3) indices, size: (n,) pixels, which: (n,) bool."""
    weight = spots.inner[which]
    hu = float(np.average(spots.hu[which], weights=weight))
    drift = float(np.sqrt(np.average((spots.hu[which] - hu) ** 2, weights=weight))) / hu
    points = grid.to_world(centre[which])
    level = centre[which, 0]
    return Region(
        length_mm=len(np.unique(level)) * grid.spacing_mm[0],
        volume_ml=float(size[which].sum() * grid.voxel_mm3 / 1000),
        hu=hu,
        uneven=float(np.average(spots.uneven[which], weights=weight)),
        drift=drift,
        steady=float(size[which].std() / size[which].mean()),
        bend_mm=_bend(level, points),
        tissue=_tissue(values, grid, centre[which]),
        centre_mm=np.average(points, axis=0, weights=weight),
    )


def _bend(level: np.ndarray, points: np.ndarray) -> float:
    """Root mean square distance in mm of points (n, 3) from the straight line through them."""
    if len(points) < 3:
        return 0.0
    fitted = np.polynomial.polynomial.polyfit(level, points, 1)
    off = points - np.polynomial.polynomial.polyval(level, fitted).T
    return float(np.sqrt((off**2).sum(1).mean()))


def _tissue(values: np.ndarray, grid: Grid, centre: np.ndarray) -> float:
    """Share of tissue within AROUND_MM of the middles of spots, each in its level."""
    rows, columns = (round(AROUND_MM / mm) for mm in grid.spacing_mm[1:])
    shares = []
    for z, y, x in np.rint(centre).astype(int):
        near = values[z, max(y - rows, 0) : y + rows + 1, max(x - columns, 0) : x + columns + 1]
        shares.append((near > TISSUE_HU).mean())
    return float(np.mean(shares))
