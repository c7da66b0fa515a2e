"""The truth of a femur in pieces or with a part cut off, and of the metal in a scan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from femurkit.geometry import Grid, resample
from femurkit.mesh import Mesh
from femurkit.phantom.anatomy import Anatomy
from femurkit.phantom.distance import cut_short, depth_below
from femurkit.phantom.shapes import Bone
from femurkit.phantom.solids import depth_on
from femurkit.surface.contour import contour
from femurkit.volume import Field

LATTICE_MM = 1.0
BEYOND_MM = 8.0
OUTSIDE_MM = -9.0


def union_mesh(pieces: Sequence[Bone], grid: Grid) -> Mesh:
    """The closed surface around all pieces of one bone: its own where it is one whole piece.

    grid: of the scan; what is broken is followed BEYOND_MM beyond it and closed there. Pieces with
    cuts are contoured on a lattice of LATTICE_MM, true to about a tenth of that; they may come out
    as several closed surfaces.
    """
    if len(pieces) == 1 and not pieces[0].cuts:
        return pieces[0].mesh
    low, high = grid.bounds_mm()
    least = np.min([p.mesh.vertices.min(0) for p in pieces], 0) - 4 * LATTICE_MM
    most = np.max([p.mesh.vertices.max(0) for p in pieces], 0) + 4 * LATTICE_MM
    low, high = np.maximum(low - BEYOND_MM, least), np.minimum(high + BEYOND_MM, most)
    shape = np.ceil((high - low)[::-1] / LATTICE_MM).astype(int) + 1
    lattice = Grid.aligned(tuple(shape), (LATTICE_MM,) * 3, low)
    total = np.full(lattice.shape, OUTSIDE_MM, np.float32)
    for piece in pieces:
        depth = depth_below(piece.mesh, lattice, margin_mm=2.5 * LATTICE_MM, spacing_mm=LATTICE_MM)
        if depth is None:
            continue
        left = cut_short(depth, piece.cuts).left_mm
        np.maximum(total, resample(left, depth.grid, lattice, outside=OUTSIDE_MM), out=total)
    return contour(Field(total - OUTSIDE_MM, lattice), -OUTSIDE_MM)


def metal_mask(anatomy: Anatomy, grid: Grid) -> np.ndarray:
    """Voxels of a grid whose centres lie in metal, bool (z, y, x)."""
    out = np.zeros(grid.shape, bool)
    for part in anatomy.parts:
        if part.metal:
            window, depth = depth_on(part.solid, grid, margin_mm=1.0)
            out[window] |= depth > 0
    return out
