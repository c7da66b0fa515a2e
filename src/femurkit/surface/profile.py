"""The CT along the normals of a surface."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage

from femurkit.volume import Volume

HU_RANGE = (-300.0, 2000.0)
"""Clamped to it before splines are put through: beyond is gas and metal, which would ring."""
BLOCK = 4000
"""Points looked at together."""


def hu_below(
    points: np.ndarray,
    normals: np.ndarray,
    depth: np.ndarray,
    volume: Volume,
    *,
    order: Literal[1, 3] = 1,
) -> np.ndarray:
    """HU at depths below points, (n, depths) float32; NaN beyond the scan's outer voxel faces.

    points: (n, 3) LPS mm; normals: (n, 3) unit, outward; depth: mm. order 1: linear; 3: cubic
    B-splines, which follow the foot of a blurred edge that linear interpolation lifts.
    """
    last = np.array(volume.grid.shape) - 1
    ends = [volume.grid.to_index(points - normals * d) for d in (depth.min(), depth.max())]
    room = 1 if order == 1 else 8
    start = np.clip(np.floor(np.min(ends, axis=(0, 1))).astype(int) - room, 0, last)
    stop = np.clip(np.ceil(np.max(ends, axis=(0, 1))).astype(int) + room, 0, last) + 1
    window = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    part = volume.array[window].astype(np.float32)
    if order == 3:
        part = ndimage.spline_filter(np.clip(part, *HU_RANGE), 3, np.float32, mode="mirror")
    hu = np.empty((len(points), len(depth)), np.float32)
    for k in range(0, len(points), BLOCK):
        block = slice(k, k + BLOCK)
        at = points[block, None] - normals[block, None] * depth[:, None]
        index = np.moveaxis(volume.grid.to_index(at), -1, 0)
        out = ((index < -0.5) | (index > last[:, None, None] + 0.5)).any(0)
        index -= start[:, None, None]
        ndimage.map_coordinates(
            part, index, hu[block], order=order, mode="nearest", prefilter=False
        )
        hu[block][out] = np.nan
    return hu
