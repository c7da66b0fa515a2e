"""How much metal lies in and around a femur."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from femurkit.volume import Mask, Volume

METAL_HU = 2500.0
"""Above this there is no bone: dense cortex reads 2000 HU at most."""
REACH_MM = 8.0


def metal_ml(volume: Volume, mask: Mask) -> float:
    """Millilitres above METAL_HU within REACH_MM of the mask, on the same grid as the volume."""
    dense = volume.array > METAL_HU
    if not dense.any():
        return 0.0
    window = []
    for axis, step in enumerate(mask.grid.spacing_mm):
        hit = np.flatnonzero(mask.array.any(axis=tuple({0, 1, 2} - {axis})))
        margin = int(np.ceil(REACH_MM / step))
        window.append(slice(max(0, hit[0] - margin), hit[-1] + margin + 1))
    part = tuple(window)
    away = ndimage.distance_transform_edt(~mask.array[part], mask.grid.spacing_mm)
    near = dense[part] & (away <= REACH_MM)
    return float(np.count_nonzero(near)) * mask.grid.voxel_mm3 / 1000.0
