"""A network's probability made fit to be interpolated.

From voxel to voxel a probability jumps between nearly 0 and nearly 1; half way between two voxels
says little of where it crosses 0.5. Its log odds change evenly, so between them the crossing is
found.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from femurkit.volume import Field

SURE = 8.0
"""Log odds beyond which a network is only more or less certain: clipped."""


def log_odds(probability: Field) -> Field:
    """Log odds, clipped to -SURE..SURE and scaled to 0..1: the same outline at 0.5, float32."""
    odds = np.clip(logit(np.clip(probability.array, 1e-6, 1 - 1e-6)), -SURE, SURE)
    return Field((0.5 + odds / (2 * SURE)).astype(np.float32), probability.grid)
