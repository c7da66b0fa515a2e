"""Cortical thickness of the regions of a femur."""

from __future__ import annotations

import numpy as np

from femurkit.measure.measured import Measured, missing
from femurkit.mesh import Mesh, vertex_areas_mm2
from femurkit.surface.cortex import RANGE_MM, Cortex
from femurkit.surface.regions import REGIONS, Regions

LEAST_SHARE = 0.3
"""Of a region's surface that must have been measured."""
FIT_MM = 0.15
"""What a fit itself may be off by, as phantoms show (docs/results/thickness.md)."""
AT_LIMIT = 1.01


def cortical_thickness_mm(outline: Mesh, cortex: Cortex, regions: Regions) -> dict[str, Measured]:
    """Median thickness by area of each region, mm, by its name.

    outline: the surface that the cortex was measured on. Error: half the width of the middle half
    of the values by the root of how many places 2 mm apart made them, and FIT_MM. A region most of
    which is at a limit of the fit has none.
    """
    area = vertex_areas_mm2(outline)
    region = regions.at(outline.vertices)
    known = np.isfinite(cortex.thickness_mm)
    out = {}
    for number, name in enumerate(REGIONS):
        here = region == number
        chosen = here & known
        if not chosen.any() or area[chosen].sum() < LEAST_SHARE * area[here].sum():
            out[name] = missing(f"the cortex of the {name} could not be told in this scan")
            continue
        low, middle, high = _quantiles(cortex.thickness_mm[chosen], area[chosen])
        if not RANGE_MM[0] * AT_LIMIT < middle < RANGE_MM[1] / AT_LIMIT:
            beyond = "thinner" if middle < 1 else "thicker"
            out[name] = missing(f"most of the cortex of the {name} is {beyond} than can be fitted")
            continue
        places = max(float(area[chosen].sum()) / 4, 1.0)
        spread = (high - low) / 2 / float(np.sqrt(places))
        out[name] = Measured(middle, float(np.hypot(spread, FIT_MM)))
    return out


def _quantiles(values: np.ndarray, weights: np.ndarray) -> list[float]:
    """The quartiles of weighted values."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    index = np.minimum(np.searchsorted(reached, (0.25, 0.5, 0.75)), len(values) - 1)
    return [float(v) for v in values[order][index]]
