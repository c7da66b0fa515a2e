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
from femurkit.measure.bone_edge import edge_of, no_edge_share
from femurkit.mesh import Mesh, vertex_normals
from femurkit.surface.head import Head, even_directions
from femurkit.volume import Volume

DIRECTIONS = 3000
"""Even directions over the whole sphere: a head of 24 mm has one every 1.6 mm."""
CAP_DEG, RIM_DEG = 80.0, 87.0
"""Angle from the pole, which lies opposite the neck. The cap has no osteophytes, which begin at the
rim; up to there a bump counts if the CT does not show it."""
SAMPLED_DEG = 100.0
"""How far the surface is looked at: what lies beyond the rim is around a bump on it."""
AROUND_MM = (5.0, 12.0)
"""A bump or notch is measured against the surface between these distances around it."""
FAR_MM = 9.0
"""Surface farther than this from the sphere is not the head's."""
HOLE_MM = 3.0
"""A direction without surface so close to it has none."""
LEAST_AREA_MM2 = 5.0
"""A bump or notch is as high as the surface of this area (2.5 mm across) that is highest."""
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
    edge, above = edge_of(seen.points, seen.normals, volume), seen.above_mm()
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


def head_surface(surface: Mesh, head: Head) -> HeadSurface | None:
    """A head's surface along even directions up to SAMPLED_DEG; None if there is no head."""
    if head.centre_mm is None or head.radius_mm is None or head.neck is None:
        return None
    even = even_directions(DIRECTIONS)
    polar = np.rad2deg(np.arccos(np.clip(-even @ head.neck, -1, 1)))
    even, polar = even[polar < SAMPLED_DEG], polar[polar < SAMPLED_DEG]
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
    return HeadSurface(
        even[there], polar[there], height[there], points[there], normals[there], area
    )  # fmt: skip


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
