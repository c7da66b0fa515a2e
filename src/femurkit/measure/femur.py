"""All measurements of one femur, and the checks that its surfaces must pass."""

from __future__ import annotations

from typing import Any

from femurkit.anatomy import Side
from femurkit.measure.area import end_area_mm2, surface_area_mm2
from femurkit.measure.confidence import confidence, signs_of
from femurkit.measure.length import visible_length_mm
from femurkit.measure.likeness import Likeness
from femurkit.measure.metal import metal_ml
from femurkit.measure.morphometry import morphometry
from femurkit.mesh import Mesh
from femurkit.solid import faces
from femurkit.surface.contour import genus, parts
from femurkit.surface.cortex import Cortex
from femurkit.surface.crossings import self_intersections
from femurkit.surface.head import fit_head
from femurkit.volume import Field, Mask, Volume

PLAUSIBLE_ML_PER_CM = (4.0, 40.0)
"""Volume per centimetre of visible length: a thin shaft gives 4, head and trochanter alone 30."""

LEAST_METAL_ML = 0.1

TO_LESSER_TROCHANTER_MM = 95.0
"""Visible femur shorter than this ends at or above the lesser trochanter."""

LEAST_LENGTH_MM = 40.0
"""Less than this is a fragment."""

VOLUME_TOLERANCE = 0.01
"""Surface and mask may differ by this share of the volume."""


def measure(
    side: Side,
    mask: Mask,
    periosteal: Mesh,
    hollow: Mesh | None = None,
    volume: Volume | None = None,
    *,
    probability: Field | None = None,
    cortex: Cortex | str | None = None,
    alike: Likeness | None = None,
) -> dict[str, Any]:
    """Plain numbers for measurements.json; units are the endings of the names.

    mask on the scan's grid, surfaces in LPS mm; probability: what a network gave, on its box, for
    the confidence, which needs the volume too; cortex: of the periosteal surface, if it was sought;
    alike: how like a femur that surface is.
    What cannot be measured is None, and `not_measurable` says why; `standard_errors` holds those
    that are known. `checks` is a list of {code, passed, text}.
    """
    head = fit_head(periosteal, side)
    length = visible_length_mm(periosteal)
    ends = faces(mask.grid)
    missing = {} if head.missing is None else {"head": head.missing}
    found: dict[str, Any] = {
        "side": side.value,
        "volume_ml": _rounded(periosteal.volume_mm3 / 1000),
        "mask_volume_ml": _rounded(mask.volume_ml),
        "surface_area_mm2": _rounded(surface_area_mm2(periosteal, ends), 1),
        "end_area_mm2": _rounded(end_area_mm2(periosteal, ends), 1),
        "visible_length_mm": _rounded(length, 1),
        "head_radius_mm": _rounded(head.radius_mm, 2),
        "head_fit_rms_mm": _rounded(head.rms_mm, 3),
        "head_centre_lps_mm": (
            None if head.centre_mm is None else [_rounded(x, 2) for x in head.centre_mm.tolist()]
        ),
    }
    if hollow is not None:
        found["hollow_volume_ml"] = _rounded(hollow.volume_mm3 / 1000)
        found["canal_volume_ml"] = _rounded((periosteal.volume_mm3 - hollow.volume_mm3) / 1000)
        found["hollow_surface_area_mm2"] = _rounded(surface_area_mm2(hollow, ends), 1)
    if periosteal.is_watertight and parts(periosteal).max() == 0:
        found["handles"] = genus(periosteal)
    shape = morphometry(periosteal, side, head, cortex)
    found |= {name: _rounded(one.value, 2) for name, one in shape.items()}
    found["standard_errors"] = {
        name: _rounded(one.error, 2) for name, one in shape.items() if one.error is not None
    }
    missing |= {name: one.missing for name, one in shape.items() if one.missing is not None}
    if isinstance(cortex, Cortex):
        found["compact_bone_hu"] = _rounded(cortex.cortical_hu, 0)
        found["blur_sigma_mm"] = _rounded(cortex.sigma_mm, 2)
    found["not_measurable"] = missing
    found["checks"] = checks(mask, periosteal, hollow, length)
    if alike is not None:
        found["shape_distance_mm"] = _rounded(alike.apart.out_mm, 2)
        found["checks"].append(_check("IS_A_FEMUR", alike.is_femur, alike.out_text))
        found["checks"].append(_check("LIKE_A_FEMUR", alike.is_usual, alike.back_text))
        found["checks"].append(_check("SIDE_AGREES", alike.side_agrees, alike.side_text))
    if volume is not None:
        metal = metal_ml(volume, mask)
        text = f"{metal:.1f} ml of metal in or beside the bone"
        found["checks"].append(_check("NO_METAL", metal < LEAST_METAL_ML, text))
    if volume is not None and probability is not None:
        sure = confidence(signs_of(probability, mask, volume))
        found["confidence"] = _rounded(sure.value, 2)
        found["checks"].append(_check("CONFIDENT", not sure.low, sure.text))
    return found


def checks(
    mask: Mask, periosteal: Mesh, hollow: Mesh | None, length_mm: float
) -> list[dict[str, Any]]:
    """What must hold of one femur: each with a stable code, whether it does, and the figures."""
    volume = periosteal.volume_mm3 / 1000
    density = volume / max(length_mm / 10, 1e-9)
    low, high = PLAUSIBLE_ML_PER_CM
    difference = volume / mask.volume_ml - 1 if mask.volume_ml else float("inf")
    pieces = int(parts(periosteal).max(initial=-1)) + 1
    crossings = self_intersections(periosteal)
    out = [
        _check(
            "VOLUME_PLAUSIBLE",
            low <= density <= high and length_mm >= LEAST_LENGTH_MM,
            f"{volume:.0f} ml over {length_mm:.0f} mm of visible femur",
        ),
        _check(
            "REACHES_SHAFT",
            length_mm >= TO_LESSER_TROCHANTER_MM,
            f"{length_mm:.0f} mm of femur in the scan, {TO_LESSER_TROCHANTER_MM:.0f} needed to "
            "pass the lesser trochanter",
        ),
        _check("WATERTIGHT", periosteal.is_watertight, "The periosteal surface is closed"),
        _check(
            "NO_CROSSINGS",
            crossings == 0,
            f"{crossings} pairs of triangles of the periosteal surface cut through each other",
        ),
        _check("OUTWARD", periosteal.volume_mm3 > 0, "The periosteal surface faces outward"),
        _check("ONE_COMPONENT", pieces == 1, f"The periosteal surface has {pieces} part(s)"),
        _check(
            "MASK_AGREES",
            abs(difference) <= VOLUME_TOLERANCE,
            f"Surface and mask differ by {100 * difference:+.2f} % of the volume",
        ),
    ]
    if hollow is not None:
        closed = hollow.is_watertight and 0 < hollow.volume_mm3 <= periosteal.volume_mm3 * 1.001
        out.append(_check("HOLLOW_CLOSED", closed, "The hollow bone is closed, inside the solid"))
    return out


def _check(code: str, passed: bool, text: str) -> dict[str, Any]:
    return {"code": code, "passed": bool(passed), "text": text}


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(float(value), digits)
