"""Triangles of a surface that cut through each other."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import numpy as np
from scipy.spatial import cKDTree

from femurkit.mesh import Mesh

USUAL = 1.3
"""Triangles that reach no farther than so many times the median are looked up together."""
AT_ONCE = 2_000_000
"""Pairs that are held in memory."""


_COUNTED: WeakKeyDictionary[Mesh, int] = WeakKeyDictionary()


def self_intersections(mesh: Mesh) -> int:
    """Pairs of triangles without a common corner that cut through each other.

    Two triangles cross where an edge of one goes through the inside of the other. Candidates are
    triangles whose bounding balls meet, looked up by size so that a flat cap of long triangles
    does not widen the search for all. It is remembered as long as the surface is there.
    """
    if mesh not in _COUNTED:
        _COUNTED[mesh] = _counted(mesh)
    return _COUNTED[mesh]


def _counted(mesh: Mesh) -> int:
    corners = mesh.vertices[mesh.faces]
    low, high = (
        np.ascontiguousarray(pick(pick(corners[:, 0], corners[:, 1]), corners[:, 2]).T)
        for pick in (np.minimum, np.maximum)
    )
    count = 0
    for pairs in _near(corners):
        one, other = pairs.T
        for axis in range(3):  # boxes that do not meet hold nothing that does
            meet = (low[axis][one] <= high[axis][other]) & (low[axis][other] <= high[axis][one])
            one, other = one[meet], other[meet]
        apart = np.ones(len(one), bool)
        for i in range(3):
            for j in range(3):
                apart &= mesh.faces[one, i] != mesh.faces[other, j]
        one, other = one[apart], other[apart]
        count += int(np.count_nonzero(_cross(corners[one], corners[other])))
    return count


def _near(corners: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs of triangles (n, 3, 3) whose bounding balls may meet, (m, 2) int, some at a time."""
    centres = corners.mean(1)
    spokes = corners - centres[:, None]
    reach = np.sqrt(np.einsum("nij,nij->ni", spokes, spokes).max(1))
    limit = USUAL * float(np.median(reach))
    small = np.flatnonzero(reach <= limit)
    if len(small) > 1:
        tree = cKDTree(centres[small], compact_nodes=False, balanced_tree=False)
        yield small[tree.query_pairs(2 * limit, output_type="ndarray")]
    while limit > 0 and limit < reach.max():  # those up to twice as large, with all not larger
        large = np.flatnonzero((reach > limit) & (reach <= 2 * limit))
        limit *= 2
        if not len(large):
            continue
        others = np.flatnonzero(reach <= limit)
        tree, radius = cKDTree(centres[others]), reach[large] + limit
        counts = tree.query_ball_point(centres[large], radius, return_length=True)
        turns = np.cumsum(counts) // AT_ONCE
        for turn in np.unique(turns):
            now = np.flatnonzero(turns == turn)
            near = tree.query_ball_point(centres[large[now]], radius[now])
            one, other = (
                np.repeat(large[now], counts[now]),
                others[np.concatenate(near).astype(int)],
            )
            twice = (reach[other] > limit / 2) & (other <= one)
            yield np.column_stack([one, other])[~twice]


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
