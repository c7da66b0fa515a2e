"""Head, neck, trochanter, shaft: planes fitted to one femur, so that any place has a region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.anatomy import Side
from femurkit.evaluation.joint_gap import JointGap, joint_gap
from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.solid import Plane, voxelise
from femurkit.surface.head import Head, fit_head
from femurkit.volume import Volume

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

LESSER_TROCHANTER_RADII = 1.9, 2.9
"""How far below the head centre, along the shaft, the lesser trochanter begins and ends, in head
radii. On the same six femurs it is widest at 1.9 to 2.3, and the bone is back to the width of the
shaft at 2.8 to 3.1."""

LEAST_SHAFT_MM = 20.0
"""Less shaft than this has no axis of its own."""

SHAFT_MM = 120.0
"""No more shaft is used for its axis: further down it bows."""

LATTICE_MM = 2.0


@dataclass(frozen=True, eq=False)
class Regions:
    """Where one femur's parts lie. All LPS mm; planes keep the side of the shaft.

    head: the fitted sphere. neck, down: unit axes of neck and shaft, away from the head.
    junction: between head and neck. trochanteric: between neck and trochanter. lesser: across the
    shaft, where the lesser trochanter begins and where it ends. gap: the part of the head that
    faces the acetabulum.
    """

    head: Head
    neck: np.ndarray
    down: np.ndarray
    junction: Plane
    trochanteric: Plane
    lesser: tuple[Plane, Plane]
    gap: JointGap

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


def regions_of(mesh: Mesh, side: Side, *, ct: Volume | None = None) -> Regions | str:
    """Divide a femur by its periosteal surface, closed, LPS mm; or the reason why it has no head.

    The head is what lies beyond the plane across the neck axis where the surface leaves the fitted
    sphere (JUNCTION_DEG). The intertrochanteric plane stands on the plane of neck and shaft, half
    way between a cut across the neck and one along the shaft, as the line from the greater to the
    lesser trochanter does. The trochanter ends where the lesser one does. Shaft axis: line through
    the centres of cross-sections; the patient's z where there is no shaft.
    ct: the scan in HU, any grid; it decides which part of the head faces the acetabulum.
    """
    head = fit_head(mesh, side)
    if head.centre_mm is None or head.radius_mm is None:
        return head.missing or "no head"
    centre, radius = head.centre_mm, head.radius_mm
    points = _inside(mesh)
    neck = _neck(points, centre, radius)
    down, on_shaft = _shaft(points, centre, radius)
    way = TO_SHAFT_AXIS_RADII * radius
    across = neck - down * (neck @ down)
    lateral = across / max(float(np.linalg.norm(across)), 1e-9)
    if on_shaft is not None:
        offset = (on_shaft - centre) @ lateral
        way = float(np.clip(offset / max(float(neck @ lateral), 1e-9), 1.5 * radius, 3.5 * radius))
    tilted = (neck + lateral) / np.linalg.norm(neck + lateral)
    begins, ends = (radii * radius for radii in LESSER_TROCHANTER_RADII)
    junction = Plane(centre + np.cos(np.deg2rad(JUNCTION_DEG)) * radius * neck, neck)
    return Regions(
        head=head,
        neck=neck,
        down=down,
        junction=junction,
        trochanteric=Plane(centre + TO_SHAFT_AXIS * way * neck, tilted),
        lesser=(Plane(centre + begins * down, down), Plane(centre + ends * down, down)),
        gap=joint_gap(mesh, side, centre, junction, ct=ct),
    )


def _inside(mesh: Mesh) -> np.ndarray:
    """Points of a lattice inside the bone, (n, 3) LPS mm."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    shape = [int(n) for n in np.ceil((high - low)[::-1] / LATTICE_MM) + 1]
    grid = Grid.aligned(shape, (LATTICE_MM,) * 3, low)
    return grid.to_world(np.argwhere(voxelise(mesh, grid)))


def _neck(points: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """Unit direction from the head's centre to the middle of the bone just beyond the head."""
    ray = points - centre
    away = np.linalg.norm(ray, axis=1)
    shell = (away > 1.1 * radius) & (away < 1.6 * radius)
    mean = (ray[shell] / away[shell, None]).mean(0)
    return np.asarray(mean / np.linalg.norm(mean))


def _shaft(
    points: np.ndarray, centre: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray | None]:
    """Unit direction of the shaft toward the knee, and a point on its axis if it is in the scan."""
    down, middle = np.array([0.0, 0.0, -1.0]), None
    for _ in range(2):
        below = (points - centre) @ down - LESSER_TROCHANTER_RADII[1] * radius
        length = min(float(below.max()) - 5, SHAFT_MM)  # the end may be oblique to the axis
        if length < LEAST_SHAFT_MM:
            break
        level = (below / 5).astype(int)
        chosen = (below >= 0) & (level < int(length / 5))
        count = np.bincount(level[chosen])
        sums = [np.bincount(level[chosen], points[chosen, axis]) for axis in range(3)]
        centres = (np.array(sums) / np.maximum(count, 1)).T[count > 0]
        middle = centres.mean(0)
        axis = np.linalg.svd(centres - middle)[2][0]
        down = axis if axis @ down > 0 else -axis
    return down, middle
