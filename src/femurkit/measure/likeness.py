"""Whether a surface is a femur at all, a whole one as far as the scan goes, and of which side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from femurkit.anatomy import Side
from femurkit.bones.likeness import Apart, nearest_femur
from femurkit.bones.placing import Shown
from femurkit.mesh import Mesh
from femurkit.solid import Plane

USUAL_MM = 2.5
"""Whole real femora and the nearest one of the shape model are up to 2.1 mm apart, and none that
was taken for one of the other side came nearer than 2.6 (docs/results/likeness.md).
"""
NO_FEMUR_MM = 3.5
"""Surfaces of real femora, cut by scans in many ways, lie up to 2.5 mm from it, those of pieces of
pelvis and spine 4.6 mm and more; a shin may come as near as a shaft does, and is for the coarse
pass to keep out.
"""
LEFT_OUT_MM = 5.0
"""A surface farther away is no femur and is not written. The search for hips lets none pass that is
farther away (locate/verify.py), so that what was verified is judged and not lost.
"""
CLEARLY = 0.8
"""A femur is of the other side if one of that side lies nearer than this share of the distance."""


@dataclass(frozen=True)
class Likeness:
    """apart: from the nearest femur of the shape model; other_mm: how far the surface lies from the
    nearest of the other side, where that was in question.
    """

    side: Side
    apart: Apart
    other_mm: float | None = None

    @property
    def is_femur(self) -> bool:
        """Whether the surface may be a femur's, if not all of it."""
        return self.apart.out_mm <= NO_FEMUR_MM

    @property
    def is_usual(self) -> bool:
        """Whether nothing about its shape is strange, and nothing of it missing."""
        return self.apart.worst_mm <= USUAL_MM

    @property
    def side_agrees(self) -> bool:
        """Whether it is more like a femur of its own side than of the other."""
        return self.other_mm is None or self.other_mm >= CLEARLY * self.apart.out_mm

    @property
    def out_text(self) -> str:
        """How near the surface lies, without a full stop."""
        if not np.isfinite(self.apart.out_mm):
            return "It is too small to lay a femur over"
        return f"The surface lies {self.apart.out_mm:.1f} mm (RMS) from the nearest femur known"

    @property
    def back_text(self) -> str:
        """How near that femur lies, as far as the scan shows it, without a full stop."""
        return (
            f"The nearest femur known, as far as it is in the scan, lies {self.apart.back_mm:.1f} "
            f"mm from the surface, and that {self.apart.out_mm:.1f} mm from it"
        )

    @property
    def side_text(self) -> str:
        """Which side it is like."""
        side = self.side.value
        if self.side_agrees:
            return f"The surface is that of a {side} femur"
        return (
            f"The surface lies nearer to a {self.side.other.value} femur ({self.other_mm:.1f} mm) "
            f"than to a {side} one ({self.apart.out_mm:.1f} mm): the scan may be "
            "mirrored from front to back"
        )


def likeness(
    surface: Mesh, side: Side, planes: Sequence[Plane], *, shown: Shown | None = None
) -> Likeness:
    """Hold a surface against the shape model.

    planes: the scan's faces, which may cut the bone; shown: see bones.likeness.fit_femur.
    """
    own = nearest_femur(surface, side, planes, shown=shown)
    if own.worst_mm <= USUAL_MM:
        return Likeness(side, own)
    return Likeness(side, own, nearest_femur(surface, side.other, planes, shown=shown).out_mm)
