"""The volume of bone, and of the canal in it."""

from __future__ import annotations

from femurkit.measure.volume import volume_ml
from femurkit.mesh import Mesh
from femurkit.surface.hollow import Hollow

OF_HOLLOW = ("hollow_volume_ml", "canal_volume_ml", "hollow_surface_area_mm2")
"""What is measured of the hollow bone."""
LEAST_CANAL_ML = 0.1
"""Less is none: the hollow bone is then the solid one."""


def why_solid(inner: Hollow) -> str | None:
    """Why no canal was opened, as `not_measurable` says it; None if one was."""
    if inner.canal_ml > LEAST_CANAL_ML or not inner.notes:
        return None
    why = inner.notes[0].removesuffix(".").removesuffix(": no canal opened")
    return f"{why[0].lower()}{why[1:]}"


def hollow_volume_ml(hollow: Mesh) -> float:
    """Millilitres of bone: the hollow surface's own volume. Raises DegenerateShape if open."""
    return volume_ml(hollow)


def canal_volume_ml(periosteal: Mesh, hollow: Mesh) -> float:
    """Millilitres of medullary canal: what the solid encloses and the hollow bone does not."""
    return volume_ml(periosteal) - volume_ml(hollow)
