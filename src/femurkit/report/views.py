"""The views of a femur that the report shows."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np

from femurkit.anatomy import Side
from femurkit.mesh import Mesh
from femurkit.report.content import View
from femurkit.surface.draw import PIXEL_MM, Direction, draw

THICK_MM = 6.0
"""Cortical thickness at the end of the scale of colours."""
UNKNOWN_RGB = np.array([150.0, 150.0, 150.0])


def view(
    mesh: Mesh,
    name: str,
    side: Side,
    *,
    colours: np.ndarray | None = None,
    pixel_mm: float = PIXEL_MM,
) -> View:
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
    return View(name, draw(mesh, towards[name], up, colours=colours, pixel_mm=pixel_mm))


def thickness_colours(thickness_mm: np.ndarray) -> np.ndarray:
    """RGB 0..255 of cortical thickness, (n, 3): cividis from 0 to THICK_MM, grey where unknown.

    The scale reads the same without colour vision: dark is thin.
    """
    known = np.isfinite(thickness_mm)
    share = np.clip(np.where(known, thickness_mm, 0) / THICK_MM, 0, 1)
    return np.where(known[:, None], 255 * _cividis(share), UNKNOWN_RGB)


def palette(count: int) -> np.ndarray:
    """(count, 3) RGB 0..1: the scale from end to end, and at last the colour of what is unknown."""
    return np.vstack([_cividis(np.linspace(0, 1, count - 1)), UNKNOWN_RGB / 255])


def _cividis(share: np.ndarray) -> np.ndarray:
    """RGB 0..1 of 0..1, from a table: matplotlib, whose colours they are, takes 0.3 s to load."""
    return _table()[np.minimum((256 * share).astype(int), 255)] / 255


@cache
def _table() -> np.ndarray:
    """(256, 3) uint8. Source: Nunez, Anderton and Renslow, 2018, PLoS ONE 13(7):e0199239, CC0."""
    with files(__package__).joinpath("cividis.npy").open("rb") as file:
        return np.asarray(np.load(file))
