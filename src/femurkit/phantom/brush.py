"""Painting soft parts into HU arrays: thick lines, ellipsoids, smooth noise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from femurkit.geometry import Grid, resample

Window = tuple[slice, slice, slice]
Ellipsoid = tuple[np.ndarray, np.ndarray, float]
"""Centre mm, radii mm, HU."""
FAR_MM = 12.0
"""Farther than this from a muscle or vessel nothing depends on how far."""


def lay_vessels(
    hu: np.ndarray, grid: Grid, lattice: Grid, vessels: list[tuple[np.ndarray, float, float]]
) -> None:
    """Paint tubes (path, radius mm, HU) into hu (z, y, x) in place; distances come from the
    lattice.
    """
    for value in {v for _, _, v in vessels}:
        away = np.full(lattice.shape, FAR_MM, np.float32)
        for path, radius, of_vessel in vessels:
            if of_vessel == value:
                window, here = beyond(lattice, path, radius)
                away[window] = np.minimum(away[window], here)
        share = resample(-away, lattice, grid, outside=-FAR_MM)
        hu += (value - hu) * np.clip(share / 1.2 + 0.5, 0, 1)


def lay_organs(
    hu: np.ndarray, grid: Grid, organs: list[Ellipsoid], *, room: np.ndarray | None
) -> None:
    """Paint ellipsoids (centre, radii, HU) into hu (z, y, x) in place, where there is room
    (0..1).
    """
    for centre, radii, value in organs:
        window = grid.window_around(centre - radii, centre + radii)
        if any(w.stop <= w.start for w in window):
            continue
        part = grid.crop([w.start for w in window], [w.stop for w in window])
        z, y, x = (
            (part.to_world(np.eye(3)[a] * np.arange(n)[:, None]) - centre) / radii
            for a, n in enumerate(part.shape)
        )
        scaled = np.sqrt((z[:, 2] ** 2)[:, None, None] + (y[:, 1] ** 2)[:, None] + x[:, 0] ** 2)
        share = np.clip((1 - scaled) * (radii.min() / 1.5) + 0.5, 0, 1).astype(np.float32)
        if room is not None:
            share *= room[window]
        hu[window] += (value - hu[window]) * share


def beyond(lattice: Grid, path: np.ndarray, radius: float) -> tuple[Window, np.ndarray]:
    """How far lattice points lie outside a thick line, mm, at most FAR_MM; only where it is near.

    Returns the window of the lattice and the distances in it, float32.
    """
    reach = radius + FAR_MM
    window = lattice.window_around(path.min(0) - reach, path.max(0) + reach)
    part = lattice.crop([w.start for w in window], [w.stop for w in window])
    points = part.to_world(np.indices(part.shape).reshape(3, -1).T).astype(np.float32)
    away = path_distance(points, path).reshape(part.shape) - radius
    return window, np.minimum(away, FAR_MM).astype(np.float32)


def path_distance(points: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Distance of (n, 3) points to a polyline (m, 3), mm."""
    best = np.full(len(points), np.inf, np.float32)
    for a, b in pairwise(path):
        along = (b - a).astype(np.float32)
        offset = points - a.astype(np.float32)
        share = np.clip(offset @ along / max(float(along @ along), 1e-6), 0, 1)
        offset -= share[:, None] * along
        best = np.minimum(best, np.einsum("ij,ij->i", offset, offset))
    return np.asarray(np.sqrt(best))


def smooth_field(grid: Grid, seed: int, scale_mm: float) -> np.ndarray:
    """Smooth noise of about unit spread: a periodic random lattice of scale_mm, linear between.

    The lattice is fixed in space, so neighbouring grids of one patient fit together.
    """
    low, high = grid.bounds_mm()
    start = np.floor(low / scale_mm).astype(int)
    count = np.ceil(high / scale_mm).astype(int) - start + 1
    tile = np.random.default_rng(seed).normal(0, 1.3, (32, 32, 32)).astype(np.float32)
    z, y, x = (np.arange(s, s + n) % 32 for s, n in zip(start[::-1], count[::-1], strict=True))
    part = tile[np.ix_(z, y, x)]
    return resample(
        part, Grid.aligned(part.shape, (scale_mm,) * 3, start * scale_mm), grid, outside=0.0
    )
