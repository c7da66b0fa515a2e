"""How much of the femur the scan shows."""

from __future__ import annotations

import numpy as np

from femurkit.mesh import Mesh

END_MM = 1.0
"""Height of the slab at the lower end whose centre is the end's centre."""


def visible_length_mm(mesh: Mesh) -> float:
    """From the centre of the lower end to the point of the bone farthest from it, in mm.

    mesh: periosteal, LPS mm. The lower end's centre is the mean of its faces weighted by area.
    The "visible femur length" of the libhip data (Moshfeghifar et al., 2022) is 2 mm shorter.
    """
    corners = mesh.vertices[mesh.faces]
    low = corners[:, :, 2].max(1) <= mesh.vertices[:, 2].min() + END_MM
    if not low.any():
        low = corners[:, :, 2].min(1) <= mesh.vertices[:, 2].min() + END_MM
    a, b, c = (corners[low, i] for i in range(3))
    weight = np.linalg.norm(np.cross(b - a, c - a), axis=1) + 1e-12
    centre = (weight[:, None] * (a + b + c) / 3).sum(0) / weight.sum()
    return float(np.linalg.norm(mesh.vertices - centre, axis=1).max())
