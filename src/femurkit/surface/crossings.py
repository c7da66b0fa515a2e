"""Triangles of a surface that cut through each other."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.spatial import cKDTree

from femurkit.mesh import Mesh

AT_ONCE = 400_000
"""Pairs of triangles tested together, for the sake of memory."""


@lru_cache(maxsize=8)
def self_intersections(mesh: Mesh) -> int:
    """Pairs of triangles without a common corner that cut through each other.

    Two triangles cross where an edge of one goes through the inside of the other. Candidates are
    triangles whose bounding balls meet, larger ones looked up apart so that a flat cap of long
    triangles does not widen the search for all. Asked again of the same surface, it is remembered.
    """
    corners = mesh.vertices[mesh.faces]
    centres = corners.mean(1)
    reach = np.linalg.norm(corners - centres[:, None], axis=2).max(1)
    limit = 2 * float(np.median(reach))
    small, large = np.flatnonzero(reach <= limit), np.flatnonzero(reach > limit)
    pairs = []
    if len(small) > 1:
        pairs.append(small[cKDTree(centres[small]).query_pairs(2 * limit, output_type="ndarray")])
    if len(large):
        tree = cKDTree(centres)
        near = tree.query_ball_point(centres[large], reach[large] + reach.max())
        found = np.concatenate(
            [np.c_[np.full(len(n), k), n] for k, n in zip(large, near, strict=True)]
        )
        twice = np.isin(found[:, 1], large) & (found[:, 1] <= found[:, 0])
        pairs.append(found[~twice])
    every = np.concatenate(pairs) if pairs else np.zeros((0, 2), int)
    gap = np.linalg.norm(centres[every[:, 0]] - centres[every[:, 1]], axis=1)
    every = every[gap < reach[every].sum(1)]
    one, other = mesh.faces[every[:, 0]], mesh.faces[every[:, 1]]
    apart = ~(one[:, :, None] == other[:, None, :]).any((1, 2))
    every = every[apart]
    return sum(
        int(np.count_nonzero(_cross(corners[part[:, 0]], corners[part[:, 1]])))
        for part in np.array_split(every, len(every) // AT_ONCE + 1)
    )


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which pairs of triangles (n, 3, 3) cut through each other, (n,) bool."""
    out = np.zeros(len(one), bool)
    for a, b in ((one, other), (other, one)):
        normal = np.cross(b[:, 1] - b[:, 0], b[:, 2] - b[:, 0])
        height = np.einsum("nij,nj->ni", a - b[:, :1], normal)
        for i, j in ((0, 1), (1, 2), (2, 0)):
            through = height[:, i] * height[:, j] < 0
            share = height[:, i] / np.where(through, height[:, i] - height[:, j], 1)
            point = a[:, i] + share[:, None] * (a[:, j] - a[:, i])
            inside = through.copy()
            for k in range(3):
                edge = b[:, (k + 1) % 3] - b[:, k]
                inside &= np.einsum("nj,nj->n", np.cross(edge, point - b[:, k]), normal) > 0
            out |= inside
    return out
