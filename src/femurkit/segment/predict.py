"""The fine pass: probability of femur in one hip's box."""

from __future__ import annotations

import numpy as np

from femurkit.geometry import Grid, resample
from femurkit.segment.weights import Network, shipped
from femurkit.volume import Field, Volume

TILE = 192
"""Longest run of voxels along z that is predicted at once; a longer shaft is done in pieces."""
OVERLAP = 48
FEMUR = 1


def predict(volume: Volume, box: Grid, *, device: str = "auto") -> Field:
    """Probability of femur on a canonical box whose spacing is the fine network's.

    The box may be larger than the scan; outside the scan there is air.
    """
    hu = resample(volume.array, volume.grid, box, outside=-1000.0)
    return Field(_in_tiles(shipped("fine", device), hu), box)


def _in_tiles(network: Network, hu: np.ndarray) -> np.ndarray:
    """Femur probability (z, y, x), overlapping tiles along z blended linearly."""
    shape = hu.shape
    pad = [(0, -n % network.step) for n in shape]
    hu = np.pad(hu, pad, constant_values=-1000.0)
    total = np.zeros(hu.shape, np.float32)
    weight = np.zeros((hu.shape[0], 1, 1), np.float32)
    for start, stop in spans(hu.shape[0]):
        ramp = np.minimum(np.arange(1, stop - start + 1), np.arange(stop - start, 0, -1))
        share = np.minimum(ramp, OVERLAP).astype(np.float32)[:, None, None]
        total[start:stop] += share * network(hu[start:stop])[FEMUR]
        weight[start:stop] += share
    return np.ascontiguousarray((total / weight)[: shape[0], : shape[1], : shape[2]])


def spans(length: int) -> list[tuple[int, int]]:
    """Start and stop of the tiles that cover a length: one, or several that overlap."""
    if length <= TILE:
        return [(0, length)]
    starts = list(range(0, length - TILE, TILE - OVERLAP)) + [length - TILE]
    return [(s, s + TILE) for s in starts]
