"""The views of a femur that the report shows."""

from __future__ import annotations

import numpy as np

from femurkit.anatomy import Side
from femurkit.mesh import Mesh
from femurkit.report.content import View
from femurkit.surface.draw import Direction, draw

THICK_MM = 6.0
"""Cortical thickness at the end of the scale of colours."""
UNKNOWN_RGB = np.array([150.0, 150.0, 150.0])


def view(mesh: Mesh, name: str, side: Side, *, colours: np.ndarray | None = None) -> View:
    """The surface seen from one side, head up; from below, the front is up.

    name: anterior, posterior, medial, lateral or below. colours: (n, 3) RGB of the vertices.
    """
    lateral = float(side.sign)
    towards: dict[str, Direction] = {
        "anterior": (0, -1, 0),
        "posterior": (0, 1, 0),
        "medial": (-lateral, 0, 0),
        "lateral": (lateral, 0, 0),
        "below": (0, 0, -1),
    }
    up: Direction = (0, -1, 0) if name == "below" else (0, 0, 1)
    return View(name, draw(mesh, towards[name], up, colours=colours))


def thickness_colours(thickness_mm: np.ndarray) -> np.ndarray:
    """RGB 0..255 of cortical thickness, (n, 3): cividis from 0 to THICK_MM, grey where unknown.

    The scale reads the same without colour vision: dark is thin.
    """
    import matplotlib

    known = np.isfinite(thickness_mm)
    share = np.clip(np.where(known, thickness_mm, 0) / THICK_MM, 0, 1)
    rgb = 255 * matplotlib.colormaps["cividis"](share)[:, :3]
    return np.where(known[:, None], rgb, UNKNOWN_RGB)
