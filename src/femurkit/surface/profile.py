"""The CT along the normals of a surface."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage

from femurkit.volume import Volume

HU_RANGE = (-300.0, 2000.0)
"""Clamped to it before splines are put through: beyond is gas and metal, which would ring."""


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
    at = points[:, None] - normals[:, None] * depth[:, None]
    index = np.moveaxis(volume.grid.to_index(at), -1, 0)
    room = 1 if order == 1 else 8
    window = tuple(
        slice(max(0, int(i.min()) - room), max(1, min(n, int(i.max()) + room + 2)))
        for i, n in zip(index, volume.grid.shape, strict=True)
    )
    last = np.array(volume.grid.shape)[:, None, None] - 1
    outside = ((index < -0.5) | (index > last + 0.5)).any(0)
    index = index - np.array([w.start for w in window])[:, None, None]
    part = volume.array[window].astype(np.float32)
    if order == 3:
        part = ndimage.spline_filter(np.clip(part, *HU_RANGE), 3, np.float32, mode="mirror")
    hu = ndimage.map_coordinates(
        part, index, np.float32, order=order, mode="nearest", prefilter=False
    )
    hu[outside] = np.nan
    return hu
