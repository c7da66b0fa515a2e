"""The volume inside a closed surface."""

from __future__ import annotations

from femurkit.errors import DegenerateShape
from femurkit.mesh import Mesh


def volume_ml(mesh: Mesh) -> float:
    """Enclosed volume in millilitres, exact for the triangles (divergence theorem).

    mesh: LPS mm. Raises DegenerateShape if it is not closed: then it encloses nothing.
    """
    if not mesh.is_watertight:
        raise DegenerateShape("the surface is not closed, so it has no volume")
    return mesh.volume_mm3 / 1000.0
