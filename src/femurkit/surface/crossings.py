"""Triangles of a surface that cut through each other."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.spatial import cKDTree

from femurkit.mesh import Mesh

USUAL = 1.3
"""Triangles that reach no farther than so many times the median are looked up together."""


@lru_cache(maxsize=8)
def self_intersections(mesh: Mesh) -> int:
    """Pairs of triangles without a common corner that cut through each other.

    Two triangles cross where an edge of one goes through the inside of the other. Candidates are
    triangles whose bounding balls meet, larger ones looked up apart so that a flat cap of long
    triangles does not widen the search for all. Asked again of the same surface, it is remembered.
    """
    corners = mesh.vertices[mesh.faces]
    one, other = _near(corners).T
    low, high = (
        np.ascontiguousarray(pick(pick(corners[:, 0], corners[:, 1]), corners[:, 2]).T)
        for pick in (np.minimum, np.maximum)
    )
    for axis in range(3):  # boxes that do not meet hold nothing that does
        meet = (low[axis][one] <= high[axis][other]) & (low[axis][other] <= high[axis][one])
        one, other = one[meet], other[meet]
    apart = np.ones(len(one), bool)
    for i in range(3):
        for j in range(3):
            apart &= mesh.faces[one, i] != mesh.faces[other, j]
    one, other = one[apart], other[apart]
    return int(np.count_nonzero(_cross(corners[one], corners[other])))


def _near(corners: np.ndarray) -> np.ndarray:
    """Pairs of triangles (n, 3, 3) whose bounding balls may meet, (m, 2) int."""
    centres = corners.mean(1)
    spokes = corners - centres[:, None]
    reach = np.sqrt(np.einsum("nij,nij->ni", spokes, spokes).max(1))
    limit = USUAL * float(np.median(reach))
    small, large = np.flatnonzero(reach <= limit), np.flatnonzero(reach > limit)
    pairs = [np.zeros((0, 2), np.int64)]
    if len(small) > 1:
        pairs.append(small[cKDTree(centres[small]).query_pairs(2 * limit, output_type="ndarray")])
    if len(large):
        tree = cKDTree(centres)
        near = tree.query_ball_point(centres[large], reach[large] + reach.max())
        found = np.column_stack(
            [np.repeat(large, [len(n) for n in near]), np.concatenate(near).astype(np.int64)]
        )
        twice = np.isin(found[:, 1], large) & (found[:, 1] <= found[:, 0])
        pairs.append(found[~twice])
    return np.concatenate(pairs)


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
