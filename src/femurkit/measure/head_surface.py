"""Whether the surface of a femoral head lies where the CT shows the edge of a bone.

The head is round, a joint space lies around it, and beyond that the acetabulum. An outline that
leaves the head for the acetabulum, or stops inside the head, shows as a bump or a notch on the
sphere, and as bone (or soft tissue) on both sides of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from femurkit.anatomy import Side
from femurkit.mesh import Mesh, vertex_normals
from femurkit.surface.head import Head
from femurkit.surface.profile import hu_below
from femurkit.volume import Volume

DIRECTIONS = 3000
"""Even directions over the whole sphere: a head of 24 mm has one every 1.6 mm."""
CAP_DEG, RIM_DEG = 80.0, 87.0
"""Angle from the pole, which lies opposite the neck. The cap has no osteophytes, which begin at the
rim; up to there a bump counts if the CT does not show it."""
AROUND_MM = (5.0, 12.0)
"""A bump or notch is measured against the surface between these distances around it."""
FAR_MM = 9.0
"""Surface farther than this from the sphere is not the head's."""
HOLE_MM = 3.0
"""A direction without surface so close to it has none."""
LEAST_AREA_MM2 = 10.0
"""A bump or notch is as high as the surface of this area (3.6 mm across) that is highest."""
SMOOTH_MM = 1.8
"""HU profiles are averaged over directions so close: noise goes, an edge stays."""
DEPTH_MM = np.arange(-3.5, 2.51, 0.25)
WALL_MM, OUTSIDE_MM, NEAR_MM = -0.5, -0.25, -1.75
"""Depths from which on the wall lies, up to which the joint space does, and by which it begins."""
SOFT_HU = 150.0
"""Cartilage, fluid and muscle read less, bone mostly more."""
STEP_HU = 60.0
"""A joint space is at least so much darker than the bone on either side of it."""
SOFT_STEP_HU = 50.0
"""The bone of the head is at least so much brighter than soft tissue outside it."""
THICK_MM = 2.0
"""Where slices blur the CT over more than this along the normal, a joint space may not show."""
SAMPLES, MIN_SAMPLES = 3000, 300
"""About how many points of the rest of the bone are looked at, and how few are too few."""
LEAST_SHARE = 0.15
"""The shares are left out if slices blur all but so much of the cap."""


@dataclass(frozen=True, eq=False)
class HeadSurface:
    """A head's surface along n even directions from its centre, without the neck's.

    directions: (n, 3) unit, LPS; polar_deg: (n,) angle from the pole; height_mm: (n,) above the
    sphere; points: (n, 3) LPS mm; normals: (n, 3) unit, outward; area_mm2: of one direction.
    """

    directions: np.ndarray
    polar_deg: np.ndarray
    height_mm: np.ndarray
    points: np.ndarray
    normals: np.ndarray
    area_mm2: float

    def above_mm(self) -> np.ndarray:
        """Height above the surface around each direction, (n,) mm; less than 0 in a notch.

        A bump must rise above both the sphere and its surroundings, and a notch lie below both.
        """
        radius = np.sqrt(self.area_mm2 * DIRECTIONS / (4 * np.pi))
        near, far = (2 * np.sin(mm / radius / 2) for mm in AROUND_MM)
        middle = np.zeros(len(self.height_mm))
        for k, ball in enumerate(cKDTree(self.directions).query_ball_point(self.directions, far)):
            apart = np.linalg.norm(self.directions[ball] - self.directions[k], axis=1)
            ring = self.height_mm[np.array(ball)[apart > near]]
            middle[k] = np.median(ring) if len(ring) else 0.0
        risen = self.height_mm - np.maximum(middle, 0)
        sunk = self.height_mm - np.minimum(middle, 0)
        return np.where(risen > 0, risen, np.where(sunk < 0, sunk, 0))


@dataclass(frozen=True, eq=False)
class Edge:
    """What the CT shows across the surface, per direction (n,) bool.

    bone: bone on both sides, without a joint space; soft: soft tissue on both sides; clear: slices
    blur the place too little to hide a joint space.
    """

    bone: np.ndarray
    soft: np.ndarray
    clear: np.ndarray


def head_signs(
    surface: Mesh, side: Side, head: Head, volume: Volume
) -> tuple[dict[str, float], dict[str, str]]:
    """Signs of doubt about a surface by name, and where on the head the worst is.

    surface: periosteal, LPS mm; head: as fitted to it; volume: the scan in HU. Those of the head
    are left out without one.
    """
    rest = no_edge_share(surface, head, volume)
    seen = head_surface(surface, head)
    if seen is None:
        return rest, {}
    edge, above = edge_of(seen, volume), seen.above_mm()
    cap = seen.polar_deg < CAP_DEG
    rim = (seen.polar_deg < RIM_DEG) & (edge.bone | edge.soft)
    signs, places = rest, {}
    for name, height, where in (
        ("head_lump_mm", above, cap),
        ("head_bump_mm", above, rim),
        ("head_notch_mm", -above, rim & cap),
    ):
        signs[name] = _highest(height, where, seen.area_mm2)
        places[name] = in_words(seen.directions, np.where(where, height, 0), side)
    for name, found, among in (
        ("joint_bone_share", edge.bone, cap & edge.clear),
        ("joint_soft_share", edge.soft, cap),
    ):
        if np.count_nonzero(among) >= LEAST_SHARE * np.count_nonzero(cap):
            signs[name] = float(np.mean(found[among]))
            places[name] = in_words(seen.directions, (found & among).astype(float), side)
    return signs, places


def no_edge_share(surface: Mesh, head: Head, volume: Volume) -> dict[str, float]:
    """Share of the surface, the head apart, where the CT does not fall from inside to outside.

    Empty with too little of it in the scan.
    """
    every = max(1, len(surface.vertices) // SAMPLES)
    points, normals = surface.vertices[::every], vertex_normals(surface)[::every]
    if head.centre_mm is not None and head.radius_mm is not None:
        rest = np.linalg.norm(points - head.centre_mm, axis=1) > head.radius_mm + FAR_MM
        points, normals = points[rest], normals[rest]
    if len(points) < MIN_SAMPLES:
        return {}
    hu = hu_below(points, normals, DEPTH_MM, volume)
    hu = hu[np.isfinite(hu).all(1)]
    if len(hu) < MIN_SAMPLES:
        return {}
    outside = hu[:, (DEPTH_MM <= OUTSIDE_MM) & (DEPTH_MM >= NEAR_MM)].min(1)
    return {"no_edge_share": float(np.mean(hu[:, DEPTH_MM >= WALL_MM].max(1) - outside < STEP_HU))}


def head_surface(surface: Mesh, head: Head) -> HeadSurface | None:
    """A head's surface along even directions up to RIM_DEG; None if there is no head."""
    if head.centre_mm is None or head.radius_mm is None or head.neck is None:
        return None
    even = even_directions(DIRECTIONS)
    polar = np.rad2deg(np.arccos(np.clip(-even @ head.neck, -1, 1)))
    even, polar = even[polar < RIM_DEG], polar[polar < RIM_DEG]
    offset = surface.vertices - head.centre_mm
    distance = np.linalg.norm(offset, axis=1)
    near = (np.abs(distance - head.radius_mm) < FAR_MM) & (distance > 1e-6)
    if np.count_nonzero(near) < 3:
        return None
    away, nearest = cKDTree(offset[near] / distance[near, None]).query(even, k=3)
    weight = 1 / (away + 0.01)
    weight /= weight.sum(1, keepdims=True)
    height = ((distance[near][nearest] - head.radius_mm) * weight).sum(1)
    normals = (vertex_normals(surface)[near][nearest] * weight[..., None]).sum(1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    there = away[:, 0] * head.radius_mm < HOLE_MM
    points = head.centre_mm + even * (head.radius_mm + height)[:, None]
    area = 4 * np.pi * head.radius_mm**2 / DIRECTIONS
    return HeadSurface(*(a[there] for a in (even, polar, height, points, normals)), area)


def edge_of(seen: HeadSurface, volume: Volume) -> Edge:
    """What the CT shows on both sides of a head's surface."""
    hu = hu_below(seen.points, seen.normals, DEPTH_MM, volume, order=3)
    known = np.isfinite(hu).all(1)
    hu = np.nan_to_num(hu)
    close = cKDTree(seen.points).query_ball_point(seen.points, SMOOTH_MM)
    hu = np.stack([hu[near].mean(0) for near in close]) if len(close) else hu
    wall = hu[:, DEPTH_MM >= WALL_MM].max(1)
    outside = hu[:, DEPTH_MM <= OUTSIDE_MM]  # from far away to the surface
    at = outside.argmin(1)
    valley = outside[np.arange(len(at)), at]
    beyond = np.maximum.accumulate(outside, axis=1)[np.arange(len(at)), at]
    close_by = outside[:, DEPTH_MM[: outside.shape[1]] >= NEAR_MM].min(1)
    no_edge = (close_by > SOFT_HU) & (wall - close_by < STEP_HU)
    no_space = (valley > SOFT_HU) & (beyond - valley < STEP_HU)
    direction, thick = volume.grid.slices
    return Edge(
        bone=known & (no_edge | no_space),
        soft=known & (valley <= SOFT_HU) & (wall - valley < SOFT_STEP_HU),
        clear=known & (thick * np.abs(seen.normals @ direction) < THICK_MM),
    )


def even_directions(count: int) -> np.ndarray:
    """Unit vectors spread evenly over a sphere, (count, 3): the golden spiral."""
    k = np.arange(count) + 0.5
    z, turn = 1 - 2 * k / count, k * np.pi * (1 + 5**0.5)
    ring = np.sqrt(1 - z**2)
    return np.c_[ring * np.cos(turn), ring * np.sin(turn), z]


def in_words(directions: np.ndarray, weight: np.ndarray, side: Side) -> str:
    """Where on the head the weight lies: such as "medial, in front and above"."""
    share = np.maximum(weight, 0)
    if not share.any():
        return ""
    worst = np.maximum(share - 0.5 * share.max(), 0)
    mean = (directions * worst[:, None]).sum(0)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    names = (
        (side.sign * mean[0], "lateral", "medial"),
        (mean[1], "behind", "in front"),
        (mean[2], "above", "below"),
    )
    words = [high if x > 0 else low for x, high, low in names if abs(x) > 0.4]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _highest(height: np.ndarray, where: np.ndarray, area_mm2: float) -> float:
    """The height that LEAST_AREA_MM2 of the surface reach, 0 if none does."""
    ranked = np.sort(height[where])[::-1]
    needed = round(LEAST_AREA_MM2 / area_mm2)
    return max(0.0, float(ranked[needed - 1])) if len(ranked) >= needed >= 1 else 0.0
