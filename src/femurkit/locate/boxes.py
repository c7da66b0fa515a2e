"""The hips of a scan, each in the box that a network takes: around the hip, or half the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from femurkit.geometry import Grid
from femurkit.locate.find import locate
from femurkit.locate.half import half_box
from femurkit.locate.hip import Hip, Located
from femurkit.segment.weights import Network
from femurkit.volume import Volume


def hips_for(network: Network, volume: Volume, *, device: str = "auto") -> Located:
    """Left and right proximal femur, as far as they are in the scan, in boxes for a network.

    Raises NoFemurFound if neither is there.
    """
    located = locate(volume, network=network, device=device)
    if network.kind == "hip":
        return located
    halves = (replace(hip, box=_half(hip, located.hips, network, volume)) for hip in located.hips)
    return replace(located, hips=tuple(halves))


def _half(hip: Hip, hips: Sequence[Hip], network: Network, volume: Volume) -> Grid:
    """The half of the body at one hip, on the slices that the box around the hip covers."""
    half = half_box(volume, hip.side, spacing_mm=network.spacing_mm, hips=hips)
    ends = np.zeros((2, 3)) + half.origin_mm
    ends[:, 2] = [bound[2] for bound in hip.box.bounds_mm()]
    first, last = np.sort(half.to_index(ends)[:, 0])
    nz, ny, nx = half.shape
    low = int(np.clip(np.floor(first), 0, nz - 1))
    high = int(np.clip(np.ceil(last) + 1, low + 1, nz))
    return half.crop(np.array([low, 0, 0]), np.array([high, ny, nx]))
