"""The volume of bone, and of the canal in it."""

from __future__ import annotations

from femurkit.measure.volume import volume_ml
from femurkit.mesh import Mesh


def hollow_volume_ml(hollow: Mesh) -> float:
    """Millilitres of bone: the hollow surface's own volume. Raises DegenerateShape if open."""
    return volume_ml(hollow)


def canal_volume_ml(periosteal: Mesh, hollow: Mesh) -> float:
    """Millilitres of medullary canal: what the solid encloses and the hollow bone does not."""
    return volume_ml(periosteal) - volume_ml(hollow)
