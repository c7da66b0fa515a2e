"""What must hold of one femur's surfaces and mask."""

from __future__ import annotations

from typing import Any

from femurkit.mesh import Mesh
from femurkit.surface.contour import parts
from femurkit.surface.crossings import self_intersections
from femurkit.volume import Mask

PLAUSIBLE_ML_PER_CM = (4.0, 40.0)
"""Volume per centimetre of visible length: a thin shaft gives 4, head and trochanter alone 30."""

TO_LESSER_TROCHANTER_MM = 95.0
"""Visible femur shorter than this ends at or above the lesser trochanter."""

LEAST_LENGTH_MM = 40.0
"""Less than this is a fragment."""

VOLUME_TOLERANCE = 0.01
"""Surface and mask may differ by this share of the volume."""


def checks(
    mask: Mask,
    periosteal: Mesh,
    hollow: Mesh | None,
    length_mm: float,
    *,
    whole: bool = True,
    pieces: int = 1,
) -> list[dict[str, Any]]:
    """What must hold of one femur: each with a stable code, whether it does, and what was found.

    hollow: None if there is no canal; whole: whether the length begins at a head; pieces:
    how many the bone is known to be in.
    """
    volume = periosteal.volume_mm3 / 1000
    density = volume / max(length_mm / 10, 1e-9)
    low, high = PLAUSIBLE_ML_PER_CM
    difference = volume / mask.volume_ml - 1 if mask.volume_ml else float("inf")
    found = int(parts(periosteal).max(initial=-1)) + 1
    crossings = self_intersections(periosteal)
    seen = f"{length_mm:.0f} mm of femur"
    needed = f"{TO_LESSER_TROCHANTER_MM:.0f} mm"
    out = [
        check(
            "VOLUME_PLAUSIBLE",
            low <= density <= high and length_mm >= LEAST_LENGTH_MM,
            f"{volume:.0f} ml are plausible for {seen}",
            f"{volume:.0f} ml are not plausible for {seen}",
        ),
        check(
            "REACHES_SHAFT",
            length_mm >= TO_LESSER_TROCHANTER_MM,
            f"{seen} in the scan, more than the {needed} to below the lesser trochanter"
            if whole
            else f"{seen} in the scan, without a head that could be told",
            f"{seen} in the scan, {needed} needed to pass the lesser trochanter",
        ),
        check(
            "WATERTIGHT",
            periosteal.is_watertight,
            "The periosteal surface is closed",
            "The periosteal surface is open",
        ),
        check(
            "NO_CROSSINGS",
            crossings == 0,
            "No triangles of the periosteal surface cut through each other",
            f"{crossings} pairs of triangles of the periosteal surface cut through each other",
        ),
        check(
            "OUTWARD",
            periosteal.volume_mm3 > 0,
            "The periosteal surface faces outward",
            "The periosteal surface is inside out",
        ),
        check(
            "ONE_COMPONENT",
            found == pieces,
            "The periosteal surface is one part"
            if pieces == 1
            else f"The periosteal surface is one part for each of {pieces} pieces of bone",
            f"The periosteal surface is {found} parts",
        ),
        check(
            "MASK_AGREES",
            abs(difference) <= VOLUME_TOLERANCE,
            f"Surface and mask agree in volume ({100 * difference:+.2f} %)",
            f"Surface and mask differ by {100 * difference:+.2f} % of the volume",
        ),
    ]
    if hollow is not None:
        closed = hollow.is_watertight and 0 < hollow.volume_mm3 <= periosteal.volume_mm3 * 1.001
        out.append(
            check(
                "HOLLOW_CLOSED",
                closed,
                "The hollow bone is closed, inside the solid",
                "The hollow bone is open, or not inside the solid",
            )
        )
    return out


def check(code: str, passed: bool, text: str, otherwise: str | None = None) -> dict[str, Any]:
    """text: what was found; otherwise: the same where the check fails, if other words are due."""
    told = text if passed or otherwise is None else otherwise
    return {"code": code, "passed": bool(passed), "text": told}
