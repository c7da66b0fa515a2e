"""A point worth looking through: the centre of the femoral head."""

from __future__ import annotations

import numpy as np

from femurkit.anatomy import Side
from femurkit.mesh import Mesh

CAP_MM = 22.0
"""Height of the cap of the head that the sphere is fitted to: short of the neck in any adult."""

RADIUS_MM = (14.0, 38.0)
"""Radii a femoral head can have; anything else means that the head is not there."""


def head_centre(mesh: Mesh, side: Side) -> np.ndarray | None:
    """Centre (3,) LPS mm of a sphere through the cap of the femoral head; None if there is none.

    mesh: periosteal surface. The cap is what lies furthest up and toward the body's midline. Good
    for choosing pictures; a measurement would want more care.
    """
    direction = np.array([-side.sign, 0.0, 1.0]) / np.sqrt(2.0)
    height = mesh.vertices @ direction
    cap = mesh.vertices[height > height.max() - CAP_MM]
    for _ in range(5):
        if len(cap) < 30:
            return None
        centre, radius = _sphere(cap)
        off = np.abs(np.linalg.norm(cap - centre, axis=1) - radius)
        cap = cap[off <= max(1.0, 2.0 * float(np.median(off)))]
    return centre if RADIUS_MM[0] <= radius <= RADIUS_MM[1] else None


def _sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Least-squares sphere, linear in centre and r² - |centre|² (Coope, 1993)."""
    middle = points.mean(0)
    p = points - middle
    design = np.c_[2.0 * p, np.ones(len(p))]
    x, *_ = np.linalg.lstsq(design, (p**2).sum(1), rcond=None)
    return x[:3] + middle, float(np.sqrt(max(x[3] + x[:3] @ x[:3], 0.0)))
