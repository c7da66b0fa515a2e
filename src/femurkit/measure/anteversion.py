"""The anteversion of the neck against the condyles."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull

from femurkit.anatomy import Side
from femurkit.measure.measured import Measured, missing
from femurkit.mesh import Mesh
from femurkit.surface.axes import Axes

WHOLE_RADII = 14.0
"""A femur that reaches this far below its head has its condyles: 0.29 of it would be 100 mm."""
CONDYLES_RADII = 2.2
"""Height of the part, from the lower end, whose back the condyles are."""
LEAST_APART_RADII = 1.2
"""Between the two points on which the bone would lie."""


def femoral_anteversion_deg(mesh: Mesh, side: Side, axes: Axes) -> Measured:
    """Angle of the neck forward from the line behind the condyles, seen along the shaft, degrees.

    mesh: periosteal, closed, LPS mm. Positive: the head lies in front. Only where the scan shows
    the condyles. Source: Murphy et al., 1987, J Bone Joint Surg Am 69:1169 (posterior condylar
    line; neck axis through the head's centre).
    """
    if axes.shaft is None:
        return missing("the scan shows no shaft")
    down = axes.shaft.down
    below = (mesh.vertices - axes.centre_mm) @ down
    flat = mesh.vertices[:, 2] < mesh.vertices[:, 2].min() + 1e-3
    if below.max() < WHOLE_RADII * axes.radius_mm or flat[mesh.faces].all(1).any():
        return missing("the condyles are not in the scan")
    part = mesh.vertices[below > below.max() - CONDYLES_RADII * axes.radius_mm]
    back = np.array([0.0, 1.0, 0.0])
    back -= down * (back @ down)
    back /= np.linalg.norm(back)
    lateral = np.cross(down, back) * side.sign
    line = _rests_on(np.c_[part @ lateral, part @ back], LEAST_APART_RADII * axes.radius_mm)
    if line is None:
        return missing("the scan shows no two condyles")
    neck = np.array([axes.neck @ lateral, axes.neck @ back])
    # the neck axis points from the head outward and, where the head lies in front, backward
    angle = np.degrees(np.arctan2(neck[1], neck[0]) - np.arctan2(line[1], line[0]))
    return Measured(float((angle + 180) % 360 - 180), axes.neck_error_deg)


def _rests_on(points: np.ndarray, least_mm: float) -> np.ndarray | None:
    """Direction (2,) of the edge on which points (n, 2) rest when they lie on their back (+y),
    pointing to +x; None if its ends are nearer than that.
    """
    hull = points[ConvexHull(points).vertices]
    edges = np.roll(hull, -1, axis=0) - hull
    edges = edges[np.linalg.norm(edges, axis=1) > least_mm]
    # counter-clockwise, so the outward normal of an edge (dx, dy) is (dy, -dx)
    behind = -edges[:, 0] / np.linalg.norm(edges, axis=1) if len(edges) else np.zeros(0)
    if not len(behind) or behind.max() < 0.7:
        return None
    return np.asarray(-edges[behind.argmax()])
