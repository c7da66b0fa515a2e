"""One thing that lies in or on the bones of a phantom, and how it is painted over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.geometry import Grid
from femurkit.phantom.solids import Solid, depth_on


@dataclass(frozen=True, eq=False)
class Part:
    """A solid of one HU. metal: its name in streaks.METALS if it makes streaks; soft_mm: width of
    its edge beside the pixel's.
    """

    solid: Solid
    hu: float
    metal: str = ""
    soft_mm: float = 0.0


def lay_part(hu: np.ndarray, grid: Grid, part: Part) -> None:
    """Lay a part into an HU array (z, y, x) in place."""
    edge = min(grid.spacing_mm[1:]) + part.soft_mm
    window, depth = depth_on(part.solid, grid, margin_mm=edge)
    if depth.size:
        share = np.clip(depth / edge + 0.5, 0, 1)
        hu[window] += share * (part.hu - hu[window])
