"""The fine pass: probability of femur in the box of one hip, or in half the body."""

from __future__ import annotations

import numpy as np

from femurkit.geometry import Grid, resample
from femurkit.segment.weights import Network, fine_network
from femurkit.surface.islands import bounding_window
from femurkit.volume import Field, Volume

TILE = 192
"""Longest run of voxels along z that is predicted at once; a longer shaft is done in pieces."""
OVERLAP = 48
SLICES = 8
"""The same for a network of kind 'half', which sees each slice by itself: no overlap is needed."""
BODY_HU, AROUND = -300.0, 32
"""A half is predicted where anything is denser than this, and so many voxels around it: the rest
is air, most of the half. Fewer than one voxel of femur in a thousand changes."""


def predict(
    volume: Volume, box: Grid, *, network: Network | None = None, device: str = "auto"
) -> Field:
    """Probability of femur on a canonical box whose spacing is the network's.

    network: the default recipe's if not given. The box may be larger than the scan; outside the
    scan there is air.
    """
    hu = resample(volume.array, volume.grid, box, outside=-1000.0)
    network = network or fine_network(device=device)
    if network.kind != "half":
        return Field(_in_tiles(network, hu), box)
    out = np.zeros(hu.shape, np.float32)
    window = _body(hu, network.steps)
    if hu[window].size:
        out[window] = _in_tiles(network, hu[window])
    return Field(out, box)


def _body(hu: np.ndarray, steps: tuple[int, int, int]) -> tuple[slice, slice, slice]:
    """Where the body lies in a half (z, y, x), with AROUND voxels around it."""
    shown = np.asarray((hu > BODY_HU).any(axis=0, keepdims=True))
    _, y, x = bounding_window(shown, margin=AROUND)
    return slice(None), _widened(y, steps[1]), _widened(x, steps[2])


def _widened(cut: slice, step: int) -> slice:
    """A run of voxels widened to whole steps."""
    return slice(cut.start // step * step, cut.stop + -cut.stop % step)


def _in_tiles(network: Network, hu: np.ndarray) -> np.ndarray:
    """Femur probability (z, y, x), tiles along z, blended linearly where they overlap."""
    shape = hu.shape
    pad = [(0, -n % step) for n, step in zip(shape, network.steps, strict=True)]
    hu = np.pad(hu, pad, constant_values=-1000.0)
    tile, overlap = (SLICES, 0) if network.kind == "half" else (TILE, OVERLAP)
    tile += -tile % network.steps[0]
    total = np.zeros(hu.shape, np.float32)
    weight = np.zeros((hu.shape[0], 1, 1), np.float32)
    for start, stop in spans(hu.shape[0], tile=tile, overlap=overlap, step=network.steps[0]):
        ramp = np.minimum(np.arange(1, stop - start + 1), np.arange(stop - start, 0, -1))
        share = np.minimum(ramp, max(1, overlap)).astype(np.float32)[:, None, None]
        total[start:stop] += share * network(hu[start:stop])[network.femur]
        weight[start:stop] += share
    total /= weight
    return np.ascontiguousarray(total[: shape[0], : shape[1], : shape[2]])


def spans(
    length: int, *, tile: int = TILE, overlap: int = OVERLAP, step: int = 1
) -> list[tuple[int, int]]:
    """Start and stop of the tiles that cover a length: one, or as few as overlap by so much, of the
    same length, a multiple of `step`, and no longer than need be.
    """
    if length <= tile:
        return [(0, length)]
    count = -(-(length - overlap) // (tile - overlap))
    each = -(-(length + (count - 1) * overlap) // count)
    each += -each % step
    last = length - each
    return [(s, s + each) for s in (round(last * k / (count - 1)) for k in range(count))]
