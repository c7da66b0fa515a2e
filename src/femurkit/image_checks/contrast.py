"""Whether contrast agent is seen in a scan, and whether the header says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from femurkit.image_checks.bright import Region, bright_regions
from femurkit.image_checks.region import region, tissue_bounds
from femurkit.remark import Claim
from femurkit.volume import Volume

MIN_VESSEL_MM = 50.0
"""A shorter tube is a tip of bone."""
MIN_SLENDER = 5.0
"""A vessel is so many times longer than wide."""
MIN_ORGAN_ML, MIN_ORGAN_MM = 3.0, 12.0
"""Less of bowel, bladder or kidney is no sign."""
MAX_UNEVEN_VESSEL, MAX_DRIFT_VESSEL = 0.07, 0.055
MAX_UNEVEN_ORGAN, MAX_DRIFT_ORGAN = 0.05, 0.07
"""Cancellous bone differs more within a level, ribs from level to level (see bright.Region)."""
MIN_TISSUE = 0.7
"""Ribs lie beside the lung and table rails in air."""
ROD_MM, ROD_BEND_MM, ROD_STEADY = 20.0, 0.15, 0.04
"""Calibration rods under the patient are at least so long, as straight, and everywhere as thick."""
REAR, ROD_DEPTH_MM = 0.8, 15.0
"""Rods lie in the rear of all that is no air, in one layer that is no deeper."""


@dataclass(frozen=True)
class Contrast:
    """Contrast agent that is seen: in vessels (mm along the body, HU, where) and in bowel,
    bladder or kidneys (ml, HU, where); 0 and empty where it is not.
    """

    vessel_mm: float = 0.0
    vessel_hu: float = 0.0
    vessel_at: str = ""
    organ_ml: float = 0.0
    organ_hu: float = 0.0
    organ_at: str = ""

    def __str__(self) -> str:
        parts = []
        if self.vessel_mm:
            parts.append(
                f"{self.vessel_mm:.0f} mm of bright vessels (about {self.vessel_hu:.0f} HU, the "
                f"longest in {self.vessel_at})"
            )
        if self.organ_ml:
            parts.append(
                f"{self.organ_ml:.0f} ml of bright bowel, bladder or kidney (about "
                f"{self.organ_hu:.0f} HU, the largest in {self.organ_at})"
            )
        return " and ".join(parts)


def contrast_seen(volume: Volume) -> Contrast | None:
    """Look for contrast agent in a scan; None if there is no sign of it.

    Vessels are evenly bright, slender tubes of at least 30 mm2; bowel, bladder and kidneys are
    larger regions as even. Bone is uneven. Vessels of less than about 120 HU are not seen.
    """
    levels = _before_rods(volume, bright_regions(volume, min_ml=1.0))
    vessels = [[r for r in each if _is_vessel(r)] for each in levels]
    best = int(np.argmax([_length_mm(each) for each in vessels]))
    searched = levels[best : best + 1] if vessels[best] else levels[:-1]
    organs = max(([r for r in each if _is_organ(r)] for each in searched), key=_ml)
    if not vessels[best] and not organs:
        return None
    return Contrast(
        _length_mm(vessels[best]),
        _hu(vessels[best]),
        _place(volume, vessels[best], [r.length_mm for r in vessels[best]]),
        _ml(organs),
        _hu(organs),
        _place(volume, organs, [r.volume_ml for r in organs]),
    )


def _before_rods(volume: Volume, levels: list[list[Region]]) -> list[list[Region]]:
    """Those in front of the calibration rods, if there are any."""
    low, high = tissue_bounds(volume)
    rear = low[1] + REAR * (high[1] - low[1])
    rods = [r.centre_mm[1] for each in levels for r in each if _is_rod(r)]
    limit = min((y for y in rods if y > rear), default=np.inf) - ROD_DEPTH_MM
    return [[r for r in each if r.centre_mm[1] < limit] for each in levels]


def _is_rod(r: Region) -> bool:
    return r.length_mm >= ROD_MM and r.bend_mm <= ROD_BEND_MM and r.steady <= ROD_STEADY


def _is_vessel(r: Region) -> bool:
    slender = r.length_mm / np.sqrt(4 * r.area_mm2 / np.pi)
    even = r.uneven <= MAX_UNEVEN_VESSEL and r.drift <= MAX_DRIFT_VESSEL
    long = r.length_mm >= MIN_VESSEL_MM and slender >= MIN_SLENDER
    return bool(even and long and r.tissue >= MIN_TISSUE)


def _is_organ(r: Region) -> bool:
    even = r.uneven <= MAX_UNEVEN_ORGAN and r.drift <= MAX_DRIFT_ORGAN
    large = r.volume_ml >= MIN_ORGAN_ML and r.length_mm >= MIN_ORGAN_MM
    return even and large and r.tissue >= MIN_TISSUE and not _is_vessel(r)


def _length_mm(regions: Sequence[Region]) -> float:
    return float(sum(r.length_mm for r in regions))


def _ml(regions: Sequence[Region]) -> float:
    return float(sum(r.volume_ml for r in regions))


def _hu(regions: Sequence[Region]) -> float:
    if not regions:
        return 0.0
    return float(np.average([r.hu for r in regions], weights=[r.volume_ml for r in regions]))


def _place(volume: Volume, regions: Sequence[Region], sizes: Sequence[float]) -> str:
    return region(volume, regions[int(np.argmax(sizes))].centre_mm) if regions else ""


@dataclass(frozen=True)
class ContrastEvidence:
    """given: whether the header names contrast agent, None where there is no header. seen: in the
    image.
    """

    given: bool | None
    seen: Contrast | None


def _none(evidence: ContrastEvidence) -> str | None:
    given, seen = evidence.given, evidence.seen
    if seen is None:
        if not given:
            return None
        return (
            "The header says that contrast agent was given; none is seen in vessels, bowel, "
            "bladder or kidneys."
        )
    if given is None:
        return f"Contrast agent is seen: {seen}."
    if given:
        return f"Contrast agent was given and is seen: {seen}."
    return f"Contrast agent is seen, though the header names none: {seen}."


NO_CONTRAST: Claim[ContrastEvidence] = Claim(
    "NO_CONTRAST", "note", "no contrast agent in header or image", _none,
    "See that the outline takes in no vessel or bowel.",
)  # fmt: skip
