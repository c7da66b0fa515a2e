"""The hips of a scan, each in the box that a network takes: around the hip, or half the body."""

from __future__ import annotations

from dataclasses import replace

from femurkit.locate.find import find_hips
from femurkit.locate.half import half_box
from femurkit.locate.hip import Hip
from femurkit.segment.weights import Network
from femurkit.volume import Volume


def hips_for(network: Network, volume: Volume, *, device: str = "auto") -> list[Hip]:
    """Left and right proximal femur, as far as they are in the scan, in boxes for a network.

    Raises NoFemurFound if neither is there.
    """
    hips = find_hips(volume, network=network, device=device)
    if network.kind == "hip":
        return hips
    step = network.spacing_mm
    return [
        replace(hip, box=half_box(volume, hip.side, spacing_mm=step, hips=hips)) for hip in hips
    ]
