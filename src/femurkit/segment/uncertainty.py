"""Where the network is undecided: the entropy of its femur probability, voxel by voxel."""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from femurkit.geometry import resample
from femurkit.volume import Field, Mask

REACH_MM = 10.0
"""The map goes this far beyond the femur on all sides."""
PERCENT = 100
"""Value of a voxel that is wholly undecided: one bit."""


def entropy_bits(probability: np.ndarray) -> np.ndarray:
    """Binary entropy of a probability, any shape: 0 certain, 1 undecided."""
    p = np.clip(probability, 0.0, 1.0)
    return np.asarray((entr(p) + entr(1 - p)) / np.log(2), np.float32)


def uncertainty(field: Field, mask: Mask) -> np.ndarray:
    """Entropy on the mask's grid, (z, y, x) uint8: per cent of a bit, 0 certain, 100 undecided.

    Only in the window of the mask with REACH_MM of room; 0 elsewhere and for an empty mask. The
    probability is brought to the grid first, then its entropy is taken.
    """
    out = np.zeros(mask.grid.shape, np.uint8)
    at = [np.flatnonzero(mask.array.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    if not len(at[0]):
        return out
    room = [int(np.ceil(REACH_MM / step)) for step in mask.grid.spacing_mm]
    start = [max(0, int(a[0]) - r) for a, r in zip(at, room, strict=True)]
    stop = [min(n, int(a[-1]) + 1 + r) for a, r, n in zip(at, room, mask.grid.shape, strict=True)]
    here = resample(field.array, field.grid, mask.grid.crop(start, stop), outside=0.0)
    window = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    out[window] = np.rint(PERCENT * entropy_bits(here))
    return out
