"""Where planes cut a closed surface."""

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


def sections(mesh: Mesh, points_mm: np.ndarray, normal: np.ndarray) -> list[list[Section]]:
    """The outlines in which parallel planes cut a closed surface, each with its area; holes
    negative.

    mesh: closed, outward normals; points_mm: (k, 3), one on each plane; normal: (3,) unit. Exact
    for the triangles: areas and centroids are sums over the segments, by Green's theorem.
    """
    level = points_mm @ normal
    if not len(level):
        return []
    corners = (mesh.vertices @ normal)[mesh.faces]
    plane, face = _near(corners, level)
    height = corners[face] - level[plane][:, None]
    height = np.where(np.abs(height) < 1e-9, 1e-9, height)  # no vertex lies on the plane
    up = height > 0
    crossed = (up[:, 0] != up[:, 1]) | (up[:, 1] != up[:, 2])
    if not crossed.any():
        return [[] for _ in level]
    plane, height, up = plane[crossed], height[crossed], up[crossed]
    # turn each triangle so that its first corner is the one alone on its side
    alone = np.where(up.sum(1) == 1, up.argmax(1), (~up).argmax(1))
    row, turned = np.arange(len(plane)), (alone[:, None] + [0, 1, 2]) % 3
    faces, height = mesh.faces[face[crossed][:, None], turned], height[row[:, None], turned]
    edges = np.stack([faces[:, [0, 1]], faces[:, [0, 2]]], 1)
    a, b = height[:, :1], height[:, 1:]
    share = (a / (a - b))[..., None]
    ends = mesh.vertices[edges[..., 0]] * (1 - share) + mesh.vertices[edges[..., 1]] * share
    # with the lone corner above, the outline runs from the second crossing to the first
    ends = np.where(up[row, alone][:, None, None], ends, ends[:, ::-1])
    loop = _loops(np.sort(edges, axis=2), plane, len(mesh.vertices))
    order = np.argsort(loop, kind="stable")
    first = np.flatnonzero(np.diff(loop[order], prepend=-1))
    of_loop = plane[order][first]
    out: list[list[Section]] = [[] for _ in level]
    measured = _measured(ends[order], first, points_mm[of_loop], normal)
    for k, one in zip(of_loop, measured, strict=True):
        if one is not None:
            out[k].append(one)
    return out


def nearest_sections(mesh: Mesh, points_mm: np.ndarray, normal: np.ndarray) -> list[Section | None]:
    """For each point (k, 3) of parallel planes the outline around it in its plane, or the one whose
    centroid is nearest to it.
    """
    out = []
    for point, found in zip(points_mm, sections(mesh, points_mm, normal), strict=True):
        solid = [s for s in found if s.area_mm2 > 0]
        away = [float(np.linalg.norm(s.centroid_mm - point)) for s in solid]
        out.append(solid[int(np.argmin(away))] if solid else None)
    return out


def _near(corners: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Planes and the faces that may cross them, as pairs of indices, by face.

    corners: (m, 3) heights of the faces' corners; level: (k,) heights of the planes.
    """
    a, b, c = corners.T
    order = np.argsort(level, kind="stable")
    low = np.minimum(np.minimum(a, b), c) - 1e-6
    high = np.maximum(np.maximum(a, b), c) + 1e-6
    there = np.flatnonzero((high >= level.min()) & (low <= level.max()))
    first = np.searchsorted(level[order], low[there])
    count = np.searchsorted(level[order], high[there], "right") - first
    before = np.cumsum(count) - count
    turn = np.arange(count.sum()) - np.repeat(before, count)
    return order[np.repeat(first, count) + turn], np.repeat(there, count)


def _loops(edges: np.ndarray, plane: np.ndarray, vertices: int) -> np.ndarray:
    """Number of the outline that each segment belongs to, (n,) int, those of a plane together.

    edges: (n, 2 edges, 2 vertices) between which each segment runs; plane: (n,) that it lies in.
    """
    of_edge = edges[..., 0].astype(np.int64) * vertices + edges[..., 1]
    keys = plane[:, None] * vertices**2 + of_edge
    names, index = np.unique(keys, return_inverse=True)
    start, stop = index.reshape(-1, 2).T
    links = sparse.coo_matrix(
        (np.ones(len(start), bool), (start, stop)), shape=(len(names), len(names))
    )
    return np.asarray(sparse.csgraph.connected_components(links, directed=False)[1][start])


def _measured(
    ends: np.ndarray, first: np.ndarray, origins: np.ndarray, normal: np.ndarray
) -> list[Section | None]:
    """Outlines; None where one encloses nothing.

    ends: (n, 2, 3) segments, those of an outline together and counter-clockwise seen against the
    normal; first: (k,) of each outline; origins: (k, 3) points of their planes.
    """
    count = np.diff(first, append=len(ends))
    middle = np.add.reduceat(ends.sum(1), first) / (2 * count[:, None])
    p, q = (ends - np.repeat(middle, count, axis=0)[:, None]).transpose(1, 0, 2)
    twice = np.cross(p, q) @ normal
    area = np.add.reduceat(twice, first) / 2
    flat = np.abs(area) < 1e-9
    moment = np.add.reduceat((p + q) * twice[:, None], first)
    centroid = middle + moment / (6 * np.where(flat, 1, area))[:, None]
    centroid -= ((centroid - origins) @ normal)[:, None] * normal
    perimeter = np.add.reduceat(np.linalg.norm(q - p, axis=1), first)
    points = np.split(ends[:, 0], first[1:])
    return [
        None if flat[k] else Section(float(area[k]), centroid[k], float(perimeter[k]), points[k])
        for k in range(len(first))
    ]
