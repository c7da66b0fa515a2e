"""The area of a surface, with and without the flat end at which the scan cut the bone."""

from __future__ import annotations

import numpy as np

from femurkit.mesh import Mesh

FLAT_MM = 1e-3
"""A face whose corners lie this close to the lowest level belongs to the flat end."""


def surface_area_mm2(mesh: Mesh) -> float:
    """Area of all faces in mm², the flat end included. mesh: LPS mm."""
    return mesh.area_mm2


def end_area_mm2(mesh: Mesh) -> float:
    """Area of the flat lower end in mm²; 0 if the bone does not end in a transverse plane.

    mesh: LPS mm. Take it from the surface area for the bone's own surface.
    """
    low = mesh.vertices[:, 2] <= mesh.vertices[:, 2].min() + FLAT_MM
    flat = low[mesh.faces].all(1)
    a, b, c = (mesh.vertices[mesh.faces[flat, i]] for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2.0)
