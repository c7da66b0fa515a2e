"""Signed distance from a closed surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from femurkit.geometry import Grid
from femurkit.mesh import Mesh, vertex_normals
from femurkit.solid import voxelise

EXACT_WITHIN_MM = 9.0
"""Beyond this depth the distance comes from the lattice, not from the surface."""


@dataclass(frozen=True, eq=False)
class Depth:
    """Depth below a surface on a lattice: mm, positive inside; with what the nearest surface is
    like.
    """

    grid: Grid
    depth_mm: np.ndarray
    vertex: np.ndarray
    """Index of the nearest vertex, where it was looked up; elsewhere that of the nearest such
    voxel."""


def depth_below(mesh: Mesh, grid: Grid, *, margin_mm: float, spacing_mm: float) -> Depth | None:
    """Depth on a lattice of its own over where mesh and grid meet; None if they do not.

    The lattice is aligned with LPS. Within EXACT_WITHIN_MM of the surface the depth is measured
    to the plane of the nearest vertex; deeper, to the nearest lattice point of the other side.
    """
    low, high = grid.bounds_mm()
    low = np.maximum(low, mesh.vertices.min(0)) - margin_mm
    high = np.minimum(high, mesh.vertices.max(0)) + margin_mm
    if (high - low <= 2 * margin_mm).any():
        return None
    shape = np.ceil((high - low) / spacing_mm).astype(int)[::-1] + 1
    lattice = Grid.aligned(tuple(shape), (spacing_mm,) * 3, low)
    within = voxelise(mesh, lattice)
    rough = distance_transform_edt(within) - distance_transform_edt(~within)
    rough = (np.asarray(rough, np.float32) - np.sign(rough) * 0.5) * spacing_mm
    near = np.abs(rough) < EXACT_WITHIN_MM
    points = lattice.to_world(np.argwhere(near))
    tree = cKDTree(mesh.vertices, balanced_tree=False, compact_nodes=False)
    distance, nearest = tree.query(points)
    normals = vertex_normals(mesh)[nearest]
    plane = ((mesh.vertices[nearest] - points) * normals).sum(1)
    depth = rough.astype(np.float32)
    spacing = float(np.sqrt(mesh.area_mm2 / len(mesh.vertices)))
    aside = np.sqrt(np.clip(distance**2 - plane**2, 0, None))
    depth[near] = np.where(aside < 1.5 * spacing, plane, np.sign(plane) * distance)
    vertex = np.zeros(lattice.shape, np.int32)
    vertex[near] = nearest
    if not near.all() and near.any():
        index = distance_transform_edt(~near, return_distances=False, return_indices=True)
        vertex = vertex[tuple(index)]
    return Depth(lattice, depth, vertex)
