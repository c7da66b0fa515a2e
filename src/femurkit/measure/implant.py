"""What an implant leaves of a femur to be measured, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from femurkit.measure.hollow import OF_HOLLOW
from femurkit.remark import Remark
from femurkit.surface.head import Head
from femurkit.surface.implant import Implant
from femurkit.volume import Volume

ON_HEAD_MM = 3.0
"""Metal so close to the sphere of a head lies on it."""
ON_HEAD = 0.25
"""Share of the sphere with metal on it from which on the head is one of metal: a cap or a ball."""
MOSTLY = 0.6
"""Share of the metal that lies within the bone from which on it is said to lie in it."""
BLOOM_MM = 2.0
"""What surrounds metal so closely has no HU of its own."""
PROFILE_MM = 20.0
"""The cortex is measured on profiles that reach no farther from the bone than this."""
REPLACED = "an implant replaces the femoral head"
IN_CANAL = "metal in the canal"
BESIDE = "metal lies beside it"
FROM_CORTEX = ("cortical_thickness_mm", "canal_flare_index")


def replaced(head: Head, implant: Implant) -> bool:
    """Whether the head is one of metal: a ball was found, or metal covers the head's sphere."""
    if implant.ball_mm is not None:
        return True
    if head.centre_mm is None or head.radius_mm is None:
        return False
    k = np.arange(400) + 0.5
    z, turn = 1 - k / 200, k * np.pi * (1 + 5**0.5)
    ring = np.sqrt(1 - z**2)
    sphere = np.c_[ring * np.cos(turn), ring * np.sin(turn), z]
    metal = implant.mask.grid.to_world(np.argwhere(implant.mask.array))
    away, _ = cKDTree(metal).query(head.centre_mm + head.radius_mm * sphere)
    return float(np.mean(away <= ON_HEAD_MM)) >= ON_HEAD


def without_metal(volume: Volume, implant: Implant) -> Volume:
    """The scan around the bone and its implant with NaN where there is metal or its blooming."""
    box, metal, grid = implant.within.grid, implant.mask.array, volume.grid
    low, high = box.bounds_mm()
    window = grid.window_around(low - PROFILE_MM, high + PROFILE_MM)
    hu = volume.array[window].astype(np.float32)
    if metal[window].any():
        away = ndimage.distance_transform_edt(~metal[window], grid.spacing_mm)
        hu[away <= BLOOM_MM] = np.nan
    part = grid.crop([w.start for w in window], [w.stop for w in window])
    return Volume(hu, part)


def unmeasured(missing: Mapping[str, str]) -> dict[str, str]:
    """The reasons of `not_measurable` where there is metal, which may be why the cortex is unknown.

    missing: name -> reason, as far as they are known without.
    """
    return {
        name: f"{why}; {BESIDE}" if name.endswith(FROM_CORTEX) and why != REPLACED else why
        for name, why in missing.items()
    }


def facts(implant: Implant) -> dict[str, Any]:
    """What measurements.json says of an implant."""
    return {
        "implant_volume_ml": round(implant.volume_ml, 2),
        "implant_within_bone_ml": round(implant.within_ml, 2),
    }


def implant_findings(implant: Implant | None, measured: Mapping[str, Any]) -> tuple[Remark, ...]:
    """The finding IMPLANT, if there is one. measured: what measure() returns."""
    if implant is None:
        return ()
    why = measured["not_measurable"]
    lost = []
    if why.get("head") == REPLACED:
        lost.append("the head, and the angle, lengths and offset that are counted from it")
    if why.get(OF_HOLLOW[0]) == IN_CANAL:
        lost.append("the canal")
    lost.append("the cortex and the HU of bone beside the metal")
    text = (
        f"{implant.volume_ml:.0f} ml of metal at this femur, {implant.within_ml:.0f} ml of it "
        f"within the bone: an implant that {_place(implant, measured)}. "
        f"Not measurable because of it: {'; '.join(lost)}."
    )
    remedy = "Look at the outline beside the metal, and at implant.stl."
    return (Remark("IMPLANT", "warning", text, remedy),)


def _place(implant: Implant, measured: Mapping[str, Any]) -> str:
    if measured["not_measurable"].get("head") == REPLACED:
        return "replaces the head"
    if implant.within_ml >= MOSTLY * implant.volume_ml:
        return "lies within the bone"
    return "lies along the bone"
