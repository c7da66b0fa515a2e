"""Whether a surface can go into a printer or a mesher: closed, no crossings, good triangles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.mesh import Mesh
from femurkit.surface.crossings import self_intersections


@dataclass(frozen=True)
class Quality:
    """closed: every edge has two faces. crossings: pairs of triangles that cut through each other.

    Edges in mm. Angles: of every triangle its least, degrees; 60 is equilateral.
    """

    faces: int
    closed: bool
    crossings: int
    least_angle_deg: float
    median_least_angle_deg: float
    shortest_edge_mm: float
    median_edge_mm: float
    longest_edge_mm: float


def quality(mesh: Mesh) -> Quality:
    """Soundness and triangle shapes of a surface, LPS mm."""
    corners = mesh.vertices[mesh.faces]
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
    a, b, c = sides.T
    cosines = np.stack(
        [(a**2 + b**2 - c**2) / (2 * a * b), (b**2 + c**2 - a**2) / (2 * b * c),
         (c**2 + a**2 - b**2) / (2 * c * a)]
    )  # fmt: skip
    least = np.degrees(np.arccos(np.clip(cosines, -1, 1))).min(0)
    return Quality(
        faces=len(mesh.faces),
        closed=mesh.is_watertight,
        crossings=self_intersections(mesh),
        least_angle_deg=float(least.min()),
        median_least_angle_deg=float(np.median(least)),
        shortest_edge_mm=float(sides.min()),
        median_edge_mm=float(np.median(sides)),
        longest_edge_mm=float(sides.max()),
    )
