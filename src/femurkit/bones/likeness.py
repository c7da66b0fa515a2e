"""How like a femur a surface is: the nearest femur of the shape model, laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from femurkit.anatomy import Side
from femurkit.bones.placing import (
    COMPONENTS,
    FITS_MM,
    MIRROR,
    STARTS_MM,
    Pose,
    Shown,
    bent,
    cost,
    first_pose,
    left_femur,
    settled,
    squared_offs,
    target_of,
)
from femurkit.mesh import Mesh
from femurkit.solid import Plane
from femurkit.volume import Volume

AIR_HU = -800.0
"""Padding and air lie below, fat and lung at rest mostly above."""


@dataclass(frozen=True)
class Apart:
    """RMS distances at right angles to the other, mm: from the surface to the femur laid over it,
    and from what that femur has within the scan to the surface.
    """

    out_mm: float
    back_mm: float

    @property
    def worst_mm(self) -> float:
        """The larger of the two."""
        return max(self.out_mm, self.back_mm)


@dataclass(frozen=True, eq=False)
class FemurFit:
    """The femur of the shape model laid over a surface.

    apart: how far both lie from each other. vertices: (n, 3) of the model, LPS mm, in the order of
    `shape_model().faces("femur")`, also where the scan does not show the bone; None where the
    surface is too small to lay a femur over.
    """

    apart: Apart
    vertices: np.ndarray | None


def in_body(volume: Volume) -> Shown:
    """Where a scan shows anything but air: a turned scan or a round field of view ends in padding
    that no face of the scan tells of.
    """

    def shown(points: np.ndarray) -> np.ndarray:
        index = np.rint(volume.grid.to_index(points)).astype(int)
        z, y, x = np.clip(index, 0, np.array(volume.grid.shape) - 1).T
        return np.asarray(volume.array[z, y, x] > AIR_HU)

    return shown


def nearest_femur(
    surface: Mesh, side: Side, planes: Sequence[Plane], *, shown: Shown | None = None
) -> Apart:
    """How far a surface and the nearest femur of the shape model are apart; see fit_femur()."""
    return fit_femur(surface, side, planes, shown=shown).apart


def fit_femur(
    surface: Mesh, side: Side, planes: Sequence[Plane], *, shown: Shown | None = None
) -> FemurFit:
    """Lay the nearest femur of the shape model over a surface.

    surface: closed, LPS mm; planes: the scan's faces, where the bone is cut; shown: which points
    (n, 3) LPS mm between them the scan shows, all if not given. The distances are inf where the
    surface cannot be laid over a femur at all.
    """
    model, target = left_femur(), target_of(surface, side, planes, shown)
    tries: list[tuple[float, Pose]] = []
    for above in STARTS_MM:
        start = first_pose(model, target, above)
        if start is None:
            continue
        pose = settled(model, target, start)
        offs = squared_offs(model, target, pose)
        tries.append((cost(offs), pose))
        if _apart(offs).worst_mm <= FITS_MM:
            break
    if not tries:
        return FemurFit(Apart(np.inf, np.inf), None)
    _, best = min(tries, key=lambda tried: tried[0])
    placed = bent(model, target, best, rounds=20, components=COMPONENTS)
    vertices = placed.place(model)
    if side is Side.RIGHT:
        vertices = vertices * MIRROR
    return FemurFit(_apart(squared_offs(model, target, placed)), vertices)


def _apart(offs: tuple[np.ndarray, np.ndarray]) -> Apart:
    return Apart(*(float(np.sqrt(part.mean())) for part in offs))
