"""Evenly bright spots in one level of a scan.

Bone is as bright as contrast agent, but uneven: a hard rim around cancellous bone. What holds
contrast agent has the same value everywhere but at its rim.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.geometry import Grid

BRIGHT_HU = (115.0, 170.0, 250.0)
"""No soft tissue without contrast agent reads more than the first, smoothed over three by three
pixels; the others part an artery from its vein, and loops of bowel."""
DENSE_HU, MAX_DENSE_SHARE = 600.0, 0.02
"""Cortical bone and calcium; contrast agent in vessels reads less."""
MIN_AREA_MM2 = 30.0
"""A calcified artery shows 17 mm2, a femoral artery full of contrast agent 40."""
MIN_CORE_MM2 = 25.0
"""With as much two pixels inside the rim, evenness is judged there, else one pixel inside."""
MAX_UNEVEN = 0.10
"""Standard deviation within one level over the mean; cancellous bone has 0.1 to 0.3."""


@dataclass(frozen=True, eq=False)
class Spots:
    """Evenly bright spots of one level or more.

    pixels: (m, 3) indices; of_pixel: (m,) the spot of each. inner: (n,) pixels inside the rim; hu:
    (n,) their mean; uneven: (n,) standard deviation over it.
    """

    pixels: np.ndarray
    of_pixel: np.ndarray
    inner: np.ndarray
    hu: np.ndarray
    uneven: np.ndarray


def bright_part(level: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """The level smoothed, as far as it is bright, and the first row and column of that."""
    bright = level > BRIGHT_HU[0]
    y, x = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    if not len(y):
        return level[:0], (0, 0)
    top, left = max(y[0] - 1, 0), max(x[0] - 1, 0)
    part = level[top : y[-1] + 2, left : x[-1] + 2]
    rows = part[:-2] + 2 * part[1:-1] + part[2:]
    smooth = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    return smooth, (int(top) + 1, int(left) + 1)


def even_spots(
    level: np.ndarray, smooth: np.ndarray, limit: float, corner: tuple[int, int, int], grid: Grid
) -> Spots | None:
    """Evenly bright spots of one level.

    level: (rows, columns); smooth: a part of it, averaged, whose first pixel lies at corner
    (level, row, column).
    """
    bright = smooth > limit
    labels, n = ndimage.label(bright)
    if not n:
        return None
    z, y, x = corner
    inside = _eroded(bright)
    layer = inside.astype(int) + _eroded(inside)
    rows, columns = np.nonzero(bright)
    label, value = labels[rows, columns] - 1, smooth[rows, columns].astype(float)
    rim, between, core = _by_layer(label, layer[rows, columns], value, n)
    inner = _together(between, core)
    pixels = rim[0] + inner[0]
    pixel_mm2 = grid.voxel_mm3 / grid.spacing_mm[0]
    large = core[0] * pixel_mm2 >= MIN_CORE_MM2
    uneven = np.where(large, _uneven(core), _uneven(inner))
    dense = np.bincount(label, level[rows + y, columns + x] > DENSE_HU, n) / pixels
    kept = (pixels * pixel_mm2 >= MIN_AREA_MM2) & (inner[0] > 0) & (uneven <= MAX_UNEVEN)
    kept &= (dense <= MAX_DENSE_SHARE) & (_mean(inner) > _mean(rim))
    kept &= ~large | (_mean(core) > _mean(between))
    if not kept.any():
        return None
    new = np.cumsum(kept) - 1
    chosen = kept[label]
    at = np.column_stack([np.full(len(rows), z), rows + y, columns + x])[chosen]
    return Spots(at, new[label[chosen]], inner[0][kept], _mean(inner)[kept], uneven[kept])


def _by_layer(
    label: np.ndarray, layer: np.ndarray, value: np.ndarray, n: int
) -> list[tuple[np.ndarray, ...]]:
    """Count, sum and sum of squares (n,) of each spot, in each of its three layers from its rim."""
    key = label + n * layer
    sums = [np.bincount(key, w, 3 * n).reshape(3, n) for w in (None, value, value**2)]
    return list(zip(*sums, strict=True))


def _together(one: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _mean(stats: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.asarray(stats[1] / np.maximum(stats[0], 1))


def _uneven(stats: tuple[np.ndarray, ...]) -> np.ndarray:
    """Standard deviation over the mean."""
    mean, square = _mean(stats), stats[2] / np.maximum(stats[0], 1)
    return np.asarray(np.sqrt(np.maximum(square - mean**2, 0)) / np.maximum(mean, 1))


def _eroded(mask: np.ndarray) -> np.ndarray:
    """The set without its rim of one pixel; (rows, columns) bool."""
    out = np.zeros_like(mask)
    out[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1]
    out[1:-1, 1:-1] &= mask[1:-1, :-2] & mask[1:-1, 2:]
    return out


def joined(spots: list[Spots]) -> Spots:
    """Those of all levels, one numbering for all."""
    first = np.cumsum([0, *(len(each.hu) for each in spots)])
    of_pixel = [each.of_pixel + start for each, start in zip(spots, first, strict=False)]
    rest = [
        np.concatenate([getattr(each, name) for each in spots])
        for name in ("inner", "hu", "uneven")
    ]
    return Spots(np.concatenate([s.pixels for s in spots]), np.concatenate(of_pixel), *rest)
