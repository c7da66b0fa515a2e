"""Whether the values of a scan were cut off at the top."""

from __future__ import annotations

import numpy as np

from femurkit.image_checks.metal import METAL_HU
from femurkit.remark import Claim
from femurkit.volume import Volume

MIN_VOXELS, MIN_TIMES, BELOW_HU = 50, 20.0, 20
"""So many voxels hold the greatest value, and so many times more than one of the values below it: a
program cut them off. In an uncut scan it is held by one or two."""


def _cut_off(volume: Volume) -> str | None:
    layers = volume.array.max(axis=(1, 2))
    top = layers.max()
    if top >= METAL_HU:
        return None
    near = np.flatnonzero(layers > top - BELOW_HU)  # one by one: no copy of many is made
    at_top = sum(int(np.count_nonzero(volume.array[layer] == top)) for layer in near)
    below = sum(np.count_nonzero(volume.array[layer] > top - BELOW_HU) for layer in near) - at_top
    if at_top < MIN_VOXELS or at_top < MIN_TIMES * below / (BELOW_HU - 1):
        return None
    return (
        f"{at_top} voxels hold the greatest value, {top:.0f} HU: all above was cut off. Dense "
        "cortex reads too low, and metal cannot be told from bone."
    )


FULL_RANGE: Claim[Volume] = Claim(
    "FULL_RANGE", "warning", "dense bone and metal keep their values", _cut_off,
    "Give the CT with its full range of values, not windowed.",
)  # fmt: skip
