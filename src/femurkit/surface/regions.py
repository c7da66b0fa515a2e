"""Head, neck, trochanter, shaft: planes fitted to one femur, so that any place has a region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.solid import Plane
from femurkit.surface.axes import BELOW_LESSER_RADII, Axes, axes_of

REGIONS = ("head", "neck", "trochanter", "shaft")
"""The parts in the order of their numbers, from 0; every place is in exactly one."""

JUNCTION_DEG = 50.0
"""Angle from the neck axis at which the surface leaves the sphere of the head (alpha angle).
Source: Nötzli et al., 2002, J Bone Joint Surg Br 84:556, doi 10.1302/0301-620X.84B4.12014:
42 degrees in healthy hips, up to 50 counts as normal."""

TO_SHAFT_AXIS = 2 / 3
"""Share of the way along the neck axis, from the head centre to the shaft axis, at which the
intertrochanteric plane crosses it. Chosen on six femurs (phantoms and pelvic-ref-002)."""

TO_SHAFT_AXIS_RADII = 2.4
"""The length of that way in head radii, where the scan shows no shaft: the mean of those six."""

LESSER_TROCHANTER_RADII = 1.9, BELOW_LESSER_RADII
"""How far below the head centre, along the shaft, the lesser trochanter begins and ends, in head
radii. On the same six femurs it is widest at 1.9 to 2.3, and the bone is back to the width of the
shaft at 2.8 to 3.1."""

UPRIGHT = np.array([0.0, 0.0, -1.0])
"""The shaft's direction where the scan shows none."""


@dataclass(frozen=True, eq=False)
class Regions:
    """Where one femur's parts lie. All LPS mm; planes keep the side of the shaft.

    axes: of neck and shaft. down: the shaft's direction, or the patient's. junction: between head
    and neck. trochanteric: between neck and trochanter. lesser: across the shaft, where the lesser
    trochanter begins and where it ends.
    """

    axes: Axes
    down: np.ndarray
    junction: Plane
    trochanteric: Plane
    lesser: tuple[Plane, Plane]

    def at(self, points_mm: np.ndarray) -> np.ndarray:
        """Number of the region in REGIONS of points (..., 3), inside the bone or not, (...) uint8.

        Below the lesser trochanter is shaft; of the rest, what lies on the head's side of the
        junction is head; of that, what lies above the lesser trochanter and on the neck's side of
        the intertrochanteric plane is neck.
        """
        begins, ends = (plane.depth_mm(points_mm) for plane in self.lesser)
        neck = (self.trochanteric.depth_mm(points_mm) <= 0) & (begins <= 0)
        parts = [ends > 0, self.junction.depth_mm(points_mm) <= 0, neck]
        return np.select(parts, [np.uint8(3), np.uint8(0), np.uint8(1)], np.uint8(2))

    def on(self, grid: Grid) -> np.ndarray:
        """The same for every voxel centre of a grid, (z, y, x) uint8."""
        return self.at(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)))


def regions_of(mesh: Mesh, side: Side, axes: Axes | None = None) -> Regions | str:
    """Divide a femur by its periosteal surface, closed, LPS mm; or the reason why it has no head.

    axes: as axes_of gave them, if that was done. The head is what lies beyond the plane across the
    neck axis where the surface leaves the fitted sphere (JUNCTION_DEG). The intertrochanteric plane
    stands on the plane of neck and shaft, half way between a cut across the neck and one along the
    shaft, as the line from the greater to the lesser trochanter does. The trochanter ends where the
    lesser one does.
    """
    found = axes or axes_of(mesh, side)
    if isinstance(found, str):
        return found
    centre, radius, neck = found.centre_mm, found.radius_mm, found.neck
    down = found.shaft.down if found.shaft else UPRIGHT
    way = TO_SHAFT_AXIS_RADII * radius
    across = neck - down * (neck @ down)
    lateral = across / max(float(np.linalg.norm(across)), 1e-9)
    if found.shaft:
        offset = (found.shaft.middle_mm - centre) @ lateral
        way = float(np.clip(offset / max(float(neck @ lateral), 1e-9), 1.5 * radius, 3.5 * radius))
    tilted = (neck + lateral) / np.linalg.norm(neck + lateral)
    begins, ends = (radii * radius for radii in LESSER_TROCHANTER_RADII)
    return Regions(
        axes=found,
        down=down,
        junction=Plane(centre + np.cos(np.deg2rad(JUNCTION_DEG)) * radius * neck, neck),
        trochanteric=Plane(centre + TO_SHAFT_AXIS * way * neck, tilted),
        lesser=(Plane(centre + begins * down, down), Plane(centre + ends * down, down)),
    )
