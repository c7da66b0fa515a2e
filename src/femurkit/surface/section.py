"""Where a plane cuts a closed surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from femurkit.mesh import Mesh


@dataclass(frozen=True, eq=False)
class Section:
    """One closed outline. area_mm2, centroid_mm (3,) LPS, perimeter_mm; points: (n, 3) on it."""

    area_mm2: float
    centroid_mm: np.ndarray
    perimeter_mm: float
    points: np.ndarray


class ParallelSections:
    """The outlines in which planes with one normal cut a closed surface.

    mesh: closed, outward normals, LPS mm; normal: (3,) unit. What the planes have in common is done
    once.
    """

    def __init__(self, mesh: Mesh, normal: np.ndarray) -> None:
        self._mesh, self._normal = mesh, normal
        self._height = mesh.vertices @ normal
        self._first = self._height[mesh.faces[:, 0]]

    def at(self, point_mm: np.ndarray) -> list[Section]:
        """The outlines in the plane through a point (3,), each with its area; holes negative.

        Exact for the triangles: areas and centroids are sums over the segments, by Green's theorem.
        """
        mesh, level = self._mesh, point_mm @ self._normal
        faces = mesh.faces[np.flatnonzero(np.abs(self._first - level) <= mesh.reach_mm + 1e-6)]
        height = self._height[faces] - level
        height = np.where(np.abs(height) < 1e-9, 1e-9, height)  # no vertex lies on the plane
        up = height > 0
        crossed = (up[:, 0] != up[:, 1]) | (up[:, 1] != up[:, 2])
        if not crossed.any():
            return []
        faces, height, up = faces[crossed], height[crossed], up[crossed]
        # turn each triangle so that its first corner is the one alone on its side
        alone = np.where(up.sum(1) == 1, up.argmax(1), (~up).argmax(1))
        row, turned = np.arange(len(faces)), (alone[:, None] + [0, 1, 2]) % 3
        face, height = faces[row[:, None], turned], height[row[:, None], turned]
        edges = np.stack([face[:, [0, 1]], face[:, [0, 2]]], 1)
        a, b = height[:, :1], height[:, 1:]
        share = (a / (a - b))[..., None]
        ends = mesh.vertices[edges[..., 0]] * (1 - share) + mesh.vertices[edges[..., 1]] * share
        # with the lone corner above, the outline runs from the second crossing to the first
        ends = np.where(up[row, alone][:, None, None], ends, ends[:, ::-1])
        which = _loops(np.sort(edges, axis=2), len(mesh.vertices))
        loops = (ends[which == k] for k in range(which.max() + 1))
        found = [_measured(loop, point_mm, self._normal) for loop in loops]
        return [one for one in found if one is not None]

    def nearest(self, point_mm: np.ndarray) -> Section | None:
        """The outline around a point of its plane, or the one whose centroid is nearest to it."""
        solid = [s for s in self.at(point_mm) if s.area_mm2 > 0]
        return min(solid, key=lambda s: np.linalg.norm(s.centroid_mm - point_mm), default=None)


def sections(mesh: Mesh, point_mm: np.ndarray, normal: np.ndarray) -> list[Section]:
    """The outlines in which one plane cuts a surface; see ParallelSections."""
    return ParallelSections(mesh, normal).at(point_mm)


def nearest_section(mesh: Mesh, point_mm: np.ndarray, normal: np.ndarray) -> Section | None:
    """The outline of one plane that is nearest to a point; see ParallelSections."""
    return ParallelSections(mesh, normal).nearest(point_mm)


def _loops(edges: np.ndarray, vertices: int) -> np.ndarray:
    """Number of the outline that each segment (n, 2 edges, 2 vertices) belongs to, (n,) int."""
    keys = edges[..., 0].astype(np.int64) * vertices + edges[..., 1]
    names, index = np.unique(keys, return_inverse=True)
    start, stop = index.reshape(-1, 2).T
    links = sparse.coo_matrix(
        (np.ones(len(start), bool), (start, stop)), shape=(len(names), len(names))
    )
    return np.asarray(sparse.csgraph.connected_components(links, directed=False)[1][start])


def _measured(ends: np.ndarray, origin: np.ndarray, normal: np.ndarray) -> Section | None:
    """ends: (n, 2, 3) segments of one outline, counter-clockwise seen against the normal."""
    middle = ends.reshape(-1, 3).mean(0)
    p, q = ends[:, 0] - middle, ends[:, 1] - middle
    twice = np.cross(p, q) @ normal
    area = float(twice.sum() / 2)
    if abs(area) < 1e-9:
        return None
    centroid = middle + ((p + q) * twice[:, None]).sum(0) / (6 * area)
    centroid -= normal * ((centroid - origin) @ normal)
    perimeter = float(np.linalg.norm(q - p, axis=1).sum())
    return Section(area, centroid, perimeter, ends[:, 0])
