"""How much metal lies in and around a femur."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from femurkit.surface.islands import bounding_window
from femurkit.volume import Mask, Volume

METAL_HU = 2500.0
"""Above this there is no bone: dense cortex reads 2000 HU at most."""
REACH_MM = 8.0


def metal_ml(volume: Volume, mask: Mask) -> float:
    """Millilitres above METAL_HU within REACH_MM of the mask, on the same grid as the volume."""
    step = mask.grid.spacing_mm
    window = bounding_window(mask.array, margin=int(np.ceil(REACH_MM / min(step))))
    dense = volume.array[window] > METAL_HU
    if not dense.any():
        return 0.0
    near = dense & (ndimage.distance_transform_edt(~mask.array[window], step) <= REACH_MM)
    return float(np.count_nonzero(near)) * mask.grid.voxel_mm3 / 1000.0
