"""Where a plane cuts a surface: the outline drawn over the CT."""

from __future__ import annotations

import numpy as np

from femurkit.mesh import Mesh


def section(mesh: Mesh, axis: int, at_mm: float) -> list[np.ndarray]:
    """Curves where the plane LPS[axis] = at_mm cuts the mesh.

    Returns a list of (n, 3) LPS mm polylines; on a watertight mesh each is closed (first point
    repeated at the end). Empty if the plane misses the mesh.
    """
    height = mesh.vertices[:, axis] - at_mm
    above = height >= 0  # a vertex on the plane counts as above, so no triangle is cut once only
    count = above[mesh.faces].sum(1)
    faces = mesh.faces[(count == 1) | (count == 2)]
    if not len(faces):
        return []
    edges = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], -1), -1).reshape(-1, 2)
    edges = edges[above[edges[:, 0]] != above[edges[:, 1]]]  # two a triangle, in order
    crossed, ends = np.unique(edges, axis=0, return_inverse=True)
    a, b = crossed[:, 0], crossed[:, 1]
    share = (height[a] / (height[a] - height[b]))[:, None]
    points = mesh.vertices[a] * (1 - share) + mesh.vertices[b] * share
    return [points[chain] for chain in _chains(ends.reshape(-1, 2))]


def _chains(links: np.ndarray) -> list[list[int]]:
    """Join links (m, 2) between points into runs; a closed run repeats its first point."""
    neighbours: dict[int, list[int]] = {}
    for a, b in links.tolist():
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    # Open ends first (an open mesh has some), so that a run is never started in its middle.
    starts = sorted(neighbours, key=lambda point: len(neighbours[point]) == 2)
    chains = []
    for start in starts:
        chain = [start]
        while neighbours[chain[-1]]:
            here = chain[-1]
            there = neighbours[here].pop()
            neighbours[there].remove(here)
            chain.append(there)
        if len(chain) > 1:
            chains.append(chain)
    return chains
