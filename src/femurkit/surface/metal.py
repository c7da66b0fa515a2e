"""Metal in a CT: where it is, its parts, a ball in it, and where its outline lies."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from femurkit.geometry import Grid
from femurkit.surface.islands import bounding_window
from femurkit.volume import Volume

SEED_HU = 2500.0
"""Above this there is no bone: dense cortex reads 2000 HU at most."""
LEAST_HU = 2000.0
"""The outline of metal lies at this or at half its maximum, whichever is more."""
AROUND_HU = 500.0
"""What surrounds metal, between marrow and cortex; half the maximum is counted from here."""
CLIP_HU = (2900.0, 3200.0)
"""Metal that reads as much has more: 12 bits end at 3071 HU."""
CLIPPED_HU = 2500.0
"""Its outline then: nearer to half of what it has than half of what it reads."""
LEAST_PART_ML = 0.3
"""A smaller piece of metal is a wire, a clip or a seed, and no implant."""
REACH_MM = 60.0
"""How far beyond the box of a femur its implant may reach."""
MARGIN_MM = 6.0
"""What is looked at around metal."""
LEAST_BALL_MM = 10.5
"""Radius of the smallest prosthetic head, 22 mm wide, as the CT shows it; stems and nails are
thinner."""
ROUND = 1.5
"""The thick middle of a ball is shorter than this many radii; that of a stem is not."""


def metal_window(box: Grid, volume: Volume) -> tuple[slice, slice, slice] | None:
    """Where there is metal in and around a box, with a margin; None if there is none."""
    low, high = box.bounds_mm()
    wide = volume.grid.window_around(low - REACH_MM, high + REACH_MM)
    tight = bounding_window(volume.array[wide] > SEED_HU)
    if tight[0].stop == 0:
        return None
    margin = [round(MARGIN_MM / step) for step in volume.grid.spacing_mm]
    z, y, x = (
        slice(max(0, w.start + t.start - m), min(n, w.start + t.stop + m))
        for w, t, m, n in zip(wide, tight, margin, volume.grid.shape, strict=True)
    )
    return z, y, x


def metal_parts(hu: np.ndarray, grid: Grid) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Connected metal, (z, y, x) int, 0 where there is none, and the LPS points (n, 3) of each part
    that is large enough, by its number.

    A part has LEAST_HU throughout and SEED_HU somewhere.
    """
    parts, _ = ndimage.label(hu >= LEAST_HU, np.ones((3, 3, 3)))
    places = {}
    for number, window in enumerate(ndimage.find_objects(parts), start=1):
        part = parts[window] == number
        at = np.argwhere(part) + [w.start for w in window]
        if len(at) * grid.voxel_mm3 / 1000 >= LEAST_PART_ML and hu[window][part].max() > SEED_HU:
            places[number] = grid.to_world(at)
    return parts, places


def largest_ball(metal: np.ndarray, grid: Grid) -> tuple[np.ndarray, float] | None:
    """Centre (LPS mm) and radius of the largest ball in the metal, if that is as round and as
    large as a prosthetic head.
    """
    window = bounding_window(metal, margin=1)
    depth = ndimage.distance_transform_edt(np.pad(metal[window], 1), grid.spacing_mm)
    depth = depth[1:-1, 1:-1, 1:-1]
    radius = float(depth.max())
    if radius < LEAST_BALL_MM:
        return None
    names, _ = ndimage.label(depth >= 0.8 * radius)
    thick = np.argwhere(names == names.flat[int(depth.argmax())])
    points = grid.to_world(thick + [w.start for w in window])
    length = float(np.linalg.norm(np.ptp(points, axis=0)))
    return None if length > ROUND * radius else (points.mean(0), radius)


def distance_mm(points: np.ndarray, reach: np.ndarray, box: Grid) -> float:
    """Least distance of points (n, 3) from a femur, mm. reach: distance from it on its box."""
    index = box.to_index(points)
    at = np.clip(np.rint(index).astype(int), 0, np.array(box.shape) - 1)
    beyond = np.maximum(
        np.linalg.norm((index - at) * box.spacing_mm, axis=1) - max(box.spacing_mm), 0
    )
    return float((reach[tuple(at.T)] + beyond).min())


def outline_hu(hu: np.ndarray, metal: np.ndarray) -> tuple[float, bool]:
    """Half of the metal's maximum above bone, HU, and whether the scan's scale cuts it off."""
    top = float(np.percentile(hu[metal], 95))
    clipped = CLIP_HU[0] <= top <= CLIP_HU[1]
    return (CLIPPED_HU if clipped else max(LEAST_HU, (top + AROUND_HU) / 2)), clipped
