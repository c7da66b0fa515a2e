"""The joint gap: that part of the femoral head's surface which faces the acetabulum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from femurkit.anatomy import Side
from femurkit.mesh import Mesh, vertex_normals
from femurkit.solid import Plane
from femurkit.volume import Volume

REACH_MM = 7.0
"""Other bone within this distance faces the head: healthy gaps are 2 to 7 mm wide at their top.
Source: Lequesne et al., 2004, Ann Rheum Dis 63:1145, doi 10.1136/ard.2003.018424."""

CLEAR_MM = 2.0
"""Bone nearer than this may be the blurred rim of the head itself."""

BONE_HU = 225.0
"""Where an outline of bone is drawn (docs/log.md)."""

DEPTH_MM = 5.0
"""Places within this distance of the head's surface, in or out, belong to the gap."""

EVEN_MM = 4.0
"""Whether the head faces bone is decided by most of its surface within this distance."""

CUP_INCLINATION_DEG, CUP_HALF_ANGLE_DEG = 40.0, 75.0
"""Without a CT: a cap around the axis of a cup, this far from the body's axis toward the midline;
its edge then stands 35 degrees lateral of the vertical, as the centre-edge angle of a healthy hip.
Source: Murray, 1993, J Bone Joint Surg Br 75:228, doi 10.1302/0301-620X.75B2.8444942."""


@dataclass(frozen=True, eq=False)
class JointGap:
    """surface_mm: (n, 3) LPS of vertices on the head; facing: (n,) bool. by: "ct" or "cap"."""

    surface_mm: np.ndarray
    facing: np.ndarray
    by: str

    def holds(self, points_mm: np.ndarray) -> np.ndarray:
        """Which points (n, 3) lie within DEPTH_MM of a facing place of the head, (n,) bool."""
        if not len(self.surface_mm) or not len(points_mm):
            return np.zeros(len(points_mm), bool)
        tree = cKDTree(self.surface_mm)
        distance, nearest = tree.query(points_mm, distance_upper_bound=DEPTH_MM)
        near = np.isfinite(distance)
        near[near] = self.facing[nearest[near]]
        return np.asarray(near)


def joint_gap(
    mesh: Mesh, side: Side, centre: np.ndarray, junction: Plane, *, ct: Volume | None = None
) -> JointGap:
    """Find it on a periosteal surface, LPS mm. junction: between head and neck, inward to the neck.

    With a CT: where bone stands between CLEAR_MM and REACH_MM out along the normal. Without one: a
    cap above and medial of the head's centre, which is only where it would be in a typical hip.
    """
    chosen = junction.depth_mm(mesh.vertices) <= 0
    surface = mesh.vertices[chosen]
    if ct is None:
        return JointGap(surface, _in_cap(surface - centre, side), "cap")
    normals = vertex_normals(mesh)[chosen]
    out = np.arange(CLEAR_MM, REACH_MM + 0.25, 0.5)[:, None, None]
    index = np.moveaxis(ct.grid.to_index(surface + out * normals), -1, 0)
    hu = map_coordinates(ct.array, index, np.float32, order=1, cval=-1000.0)
    return JointGap(surface, _even(surface, (hu >= BONE_HU).any(0)), "ct")


def _in_cap(rays: np.ndarray, side: Side) -> np.ndarray:
    tilt = np.deg2rad(CUP_INCLINATION_DEG)
    axis = np.array([-side.sign * np.sin(tilt), 0.0, np.cos(tilt)])
    return np.asarray(
        rays @ axis > np.cos(np.deg2rad(CUP_HALF_ANGLE_DEG)) * np.linalg.norm(rays, axis=1)
    )


def _even(surface: np.ndarray, facing: np.ndarray) -> np.ndarray:
    """What most of the surface around each vertex says."""
    tree = cKDTree(surface)
    return np.array([facing[near].mean() > 0.5 for near in tree.query_ball_point(surface, EVEN_MM)])
