"""Whether the CT shows the edge of a bone, and a joint space, where an outline lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from femurkit.mesh import Mesh, vertex_normals
from femurkit.surface.head import Head
from femurkit.surface.profile import hu_below
from femurkit.volume import Volume

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
HEAD_MM = 9.0
"""Surface farther than this from the head's sphere belongs to the rest of the bone."""
SAMPLES, MIN_SAMPLES = 3000, 300
"""About how many points of the rest of the bone are looked at, and how few are too few."""


@dataclass(frozen=True, eq=False)
class Edge:
    """What the CT shows across the surface, per direction (n,) bool.

    bone: bone on both sides, without a joint space; soft: soft tissue on both sides; clear: slices
    blur the place too little to hide a joint space.
    """

    bone: np.ndarray
    soft: np.ndarray
    clear: np.ndarray


def edge_of(points: np.ndarray, normals: np.ndarray, volume: Volume) -> Edge:
    """What the CT shows on both sides of a head's surface.

    points: (n, 3) LPS mm, close enough to be averaged; normals: (n, 3) unit, outward.
    """
    hu = hu_below(points, normals, DEPTH_MM, volume, order=3)
    known = np.isfinite(hu).all(1)
    hu = np.nan_to_num(hu)
    close = cKDTree(points).query_ball_point(points, SMOOTH_MM)
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
        clear=known & (thick * np.abs(normals @ direction) < THICK_MM),
    )


def no_edge_share(surface: Mesh, head: Head, volume: Volume) -> dict[str, float]:
    """Share of the surface, the head apart, where the CT does not fall from inside to outside.

    Empty with too little of it in the scan.
    """
    every = max(1, len(surface.vertices) // SAMPLES)
    points, normals = surface.vertices[::every], vertex_normals(surface)[::every]
    if head.centre_mm is not None and head.radius_mm is not None:
        rest = np.linalg.norm(points - head.centre_mm, axis=1) > head.radius_mm + HEAD_MM
        points, normals = points[rest], normals[rest]
    if len(points) < MIN_SAMPLES:
        return {}
    hu = hu_below(points, normals, DEPTH_MM, volume)
    hu = hu[np.isfinite(hu).all(1)]
    if len(hu) < MIN_SAMPLES:
        return {}
    outside = hu[:, (DEPTH_MM <= OUTSIDE_MM) & (DEPTH_MM >= NEAR_MM)].min(1)
    return {"no_edge_share": float(np.mean(hu[:, DEPTH_MM >= WALL_MM].max(1) - outside < STEP_HU))}
