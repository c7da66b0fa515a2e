"""The views of a femur that the report shows."""

from __future__ import annotations

from femurkit.anatomy import Side
from femurkit.mesh import Mesh
from femurkit.report.content import View
from femurkit.surface.draw import Direction, draw


def view(mesh: Mesh, name: str, side: Side) -> View:
    """The surface seen from one side, head up; from below, the front is up.

    name: anterior, posterior, medial, lateral or below.
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
    return View(name, draw(mesh, towards[name], up))
