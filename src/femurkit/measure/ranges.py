"""What is usual among adults, with its source: to tell a strange value from a wrong one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """Ends in the unit of the measurement, and where they are from."""

    low: float
    high: float
    source: str

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


HEALTHY_CT = "CT of 628 healthy adults, mean ± 2 SD (Carmona et al., hal-03553324)"
RANGES: dict[str, Range] = {
    "neck_shaft_angle_deg": Range(112.3, 137.1, HEALTHY_CT),
    "femoral_anteversion_deg": Range(-1.7, 30.7, HEALTHY_CT),
    "femoral_offset_mm": Range(29.3, 56.5, HEALTHY_CT),
    "canal_flare_index": Range(2.4, 4.4, HEALTHY_CT),
    "head_radius_mm": Range(18.3, 27.9, "200 femurs, mean ± 2 SD (Noble et al. 1988)"),
}
"""By the name of the measurement."""
