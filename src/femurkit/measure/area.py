"""The area of a bone's own surface, and of the flat ends at which the scan cut it."""

from __future__ import annotations

from collections.abc import Sequence

from femurkit.mesh import Mesh
from femurkit.solid import Plane, uncut


def surface_area_mm2(mesh: Mesh, planes: Sequence[Plane]) -> float:
    """Area of the bone's surface in mm², without the flat ends. mesh: LPS mm.

    planes: where the scan ends, as solid.faces gives them; a cut is no surface of the bone.
    """
    return uncut(mesh, planes).area_mm2


def end_area_mm2(mesh: Mesh, planes: Sequence[Plane]) -> float:
    """Area of the flat ends in mm²; 0 if the bone ends within the scan. As surface_area_mm2."""
    return mesh.area_mm2 - surface_area_mm2(mesh, planes)
