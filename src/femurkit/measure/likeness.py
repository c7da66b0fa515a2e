"""Whether a surface is a femur at all, and of which side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from femurkit.anatomy import Side
from femurkit.bones.likeness import distance_to_femur_mm
from femurkit.mesh import Mesh
from femurkit.solid import Plane

USUAL_MM = 2.5
"""Whole real femora lie up to 2.0 mm from the nearest one of the shape model, and none that was
taken for one of the other side came so near (docs/results/likeness.md).
"""
NO_FEMUR_MM = 4.0
"""Real femora, cut by scans in many ways, lie up to 3.2 mm away, pieces of pelvis and spine 4.6 and
more.
"""


@dataclass(frozen=True)
class Likeness:
    """distance_mm: to the nearest femur of the shape model, RMS; other_mm: to the nearest of the
    other side, where that was in question.
    """

    side: Side
    distance_mm: float
    other_mm: float | None = None

    @property
    def is_femur(self) -> bool:
        """Whether it may be one."""
        return self.distance_mm <= NO_FEMUR_MM

    @property
    def is_usual(self) -> bool:
        """Whether nothing about its shape is strange."""
        return self.distance_mm <= USUAL_MM

    @property
    def side_agrees(self) -> bool:
        """Whether it is more like a femur of its own side than of the other."""
        return self.other_mm is None or self.distance_mm <= self.other_mm

    @property
    def text(self) -> str:
        """How near, without a full stop."""
        return f"The surface lies {self.distance_mm:.1f} mm (RMS) from the nearest femur known"

    @property
    def side_text(self) -> str:
        """Which side it is like."""
        side = self.side.value
        if self.side_agrees:
            return f"The surface is that of a {side} femur"
        return (
            f"The surface lies nearer to a {self.side.other.value} femur ({self.other_mm:.1f} mm) "
            f"than to a {side} one ({self.distance_mm:.1f} mm): the scan may be mirrored"
        )


def likeness(surface: Mesh, side: Side, planes: Sequence[Plane]) -> Likeness:
    """Hold a surface against the shape model. planes: the scan's faces, which may cut the bone."""
    own = distance_to_femur_mm(surface, side, planes)
    if own <= USUAL_MM:
        return Likeness(side, own)
    return Likeness(side, own, distance_to_femur_mm(surface, side.other, planes))
