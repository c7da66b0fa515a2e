"""Signed distance from a closed surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from femurkit.geometry import Grid
from femurkit.mesh import Mesh, vertex_normals
from femurkit.phantom.solids import Kept
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
    kept_mm: np.ndarray | None = None
    """Depth below where the bone is broken or cut off, on the same lattice; None if it is whole."""

    @property
    def left_mm(self) -> np.ndarray:
        """Depth below the surface of what is left of the bone."""
        return self.depth_mm if self.kept_mm is None else np.minimum(self.depth_mm, self.kept_mm)


def depth_below(mesh: Mesh, grid: Grid, *, margin_mm: float, spacing_mm: float) -> Depth | None:
    """Depth on a lattice of its own over where mesh and grid meet; None if they do not.

    The lattice is aligned with LPS. Within EXACT_WITHIN_MM of the surface the depth is measured
    to the plane of the nearest vertex, or of the nearest place on a wide face; deeper, to the
    nearest lattice point of the other side.
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
    spacing = float(np.sqrt(mesh.area_mm2 / len(mesh.vertices)))
    places, normals, vertex_of = _places(mesh, 2 * spacing)
    tree = cKDTree(places, balanced_tree=False, compact_nodes=False)
    distance, nearest = tree.query(points)
    plane = ((places[nearest] - points) * normals[nearest]).sum(1)
    depth = rough.astype(np.float32)
    aside = np.sqrt(np.clip(distance**2 - plane**2, 0, None))
    depth[near] = np.where(aside < 1.5 * spacing, plane, np.sign(plane) * distance)
    vertex = np.zeros(lattice.shape, np.int32)
    vertex[near] = vertex_of[nearest]
    if not near.all() and near.any():
        index = distance_transform_edt(~near, return_distances=False, return_indices=True)
        vertex = vertex[tuple(index)]
    return Depth(lattice, depth, vertex)


def cut_short(depth: Depth, cuts: Sequence[Kept]) -> Depth:
    """The same bone with only the part left that every cut keeps."""
    if not cuts:
        return depth
    points = depth.grid.to_world(np.indices(depth.grid.shape).reshape(3, -1).T)
    kept = np.minimum.reduce([cut.kept_mm(points) for cut in cuts])
    return replace(depth, kept_mm=kept.reshape(depth.grid.shape).astype(np.float32))


def _places(mesh: Mesh, apart_mm: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (n, 3) on the surface at most `apart_mm` apart: the vertices, and more on each face
    with a longer edge; with the unit normal there and the nearest corner's vertex.
    """
    corners = mesh.vertices[mesh.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(1)
    parts = np.ceil(longest / apart_mm).astype(int)
    places, normals, vertex = (
        [mesh.vertices],
        [vertex_normals(mesh)],
        [np.arange(len(mesh.vertices))],
    )
    for count in np.unique(parts[parts > 1]):
        weights = _middles(count)
        wide = np.flatnonzero(parts == count)
        places.append(np.einsum("wc,fcx->fwx", weights, corners[wide]).reshape(-1, 3))
        normal = across[wide] / np.maximum(
            np.linalg.norm(across[wide], axis=1, keepdims=True), 1e-12
        )
        normals.append(np.repeat(normal, len(weights), axis=0))
        vertex.append(mesh.faces[wide][:, weights.argmax(1)].ravel())
    return np.concatenate(places), np.concatenate(normals), np.concatenate(vertex)


def _middles(count: int) -> np.ndarray:
    """Barycentric (count**2, 3) of the middles of the like triangles that one is divided into."""
    i, j = np.indices((count, count)).reshape(2, -1)
    upright = np.stack([i, j], 1)[i + j < count] + 1 / 3
    turned = np.stack([i, j], 1)[i + j < count - 1] + 2 / 3
    ab = np.concatenate([upright, turned]) / count
    return np.column_stack([ab, 1 - ab.sum(1)])
