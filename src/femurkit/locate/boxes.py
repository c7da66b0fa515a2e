"""The hips of a scan, each in the box that a network takes: around the hip, or half the body."""

from __future__ import annotations

from dataclasses import replace

from femurkit.locate.find import locate
from femurkit.locate.half import half_box
from femurkit.locate.hip import Located
from femurkit.segment.weights import Network
from femurkit.volume import Volume


def hips_for(network: Network, volume: Volume, *, device: str = "auto") -> Located:
    """Left and right proximal femur, as far as they are in the scan, in boxes for a network.

    Raises NoFemurFound if neither is there.
    """
    located = locate(volume, network=network, device=device)
    if network.kind == "hip":
        return located
    step, hips = network.spacing_mm, located.hips
    halves = (
        replace(hip, box=half_box(volume, hip.side, spacing_mm=step, hips=hips)) for hip in hips
    )
    return replace(located, hips=tuple(halves))
