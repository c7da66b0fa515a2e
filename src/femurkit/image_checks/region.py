"""Where in a scan a point lies, in words."""

from __future__ import annotations

import numpy as np

from femurkit.volume import Volume

SAMPLE_MM = 8.0
"""A voxel in each cube of this side is enough to see where the body lies."""
TISSUE_HU = -300
"""Between air and fat."""
OUTER = 0.02
"""Share of the tissue left out at either side: a table, an arm."""
MIDDLE = (0.4, 0.6)
"""Shares of the body's width and depth between which a point is in the middle."""
THIRDS = (1 / 3, 2 / 3)


def region(volume: Volume, point_mm: np.ndarray) -> str:
    """Name the part of the scan that holds a point (3,) LPS mm: "the lower right front part".

    Left and right are the patient's. Right, left, front and back are told within the tissue in the
    scan, upper and lower within the scan.
    """
    low, high = tissue_bounds(volume)
    across, deep, up = (point_mm - low) / np.maximum(high - low, 1e-6)
    words = [
        _word(up, THIRDS, "lower", "upper"),
        _word(across, MIDDLE, "right", "left"),
        _word(deep, MIDDLE, "front", "back"),
    ]
    named = [word for word in words if word]
    return f"the {' '.join(named)} part" if named else "the middle"


def _word(share: float, limits: tuple[float, float], first: str, last: str) -> str:
    return first if share < limits[0] else last if share > limits[1] else ""


def tissue_bounds(volume: Volume) -> tuple[np.ndarray, np.ndarray]:
    """LPS bounds of the tissue across and in depth, and of the scan along the body."""
    steps = np.maximum(1, np.rint(SAMPLE_MM / np.array(volume.grid.spacing_mm))).astype(int)
    sample = volume.array[tuple(slice(None, None, step) for step in steps)]
    low, high = volume.grid.bounds_mm()
    tissue = np.argwhere(sample > TISSUE_HU) * steps
    if len(tissue):
        ends = np.quantile(volume.grid.to_world(tissue), (OUTER, 1 - OUTER), axis=0)
        low[:2], high[:2] = ends[0, :2], ends[1, :2]
    return low, high
