"""The outline brought to where the CT shows the edge of the bone.

A network sees the bone on a lattice of 1.5 mm and draws its outline to within some tenths of a
millimetre. Where the scan shows an edge, it tells more: along the outline's normals the CT is
followed from the wall outward to where it falls to the HU of the outline convention
(docs/concepts/coordinates.md). Where there is none, as in a joint gap without a valley or across
thick slices, the network's word stands, and between both the offset fades.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from femurkit.mesh import Mesh, smooth_over, vertex_normals
from femurkit.surface.contour import contour, largest_part
from femurkit.surface.field import Ready, cleaned, prepared
from femurkit.surface.odds import log_odds
from femurkit.surface.profile import hu_below
from femurkit.surface.smooth import RIDGES, smooth
from femurkit.surface.subvoxel import REACH_MM
from femurkit.volume import Field, Volume

OUTLINE_HU, OUTLINE_SHARE, SOFT_HU = 220.0, 0.5, 40.0
"""The outline is where the scan reads OUTLINE_HU or, where the wall shows less, that share of the
way from soft tissue to the wall."""
MOST_MM = 2.0
"""An edge farther from the network's outline is another bone's."""
WALL_MM = (-0.5, 2.5)
"""Depths below the outline at which the wall is looked for."""
VALLEY_MM, VALLEY_HU = 1.5, 60.0
"""An edge is one if so close outside it the CT falls so far below the outline's HU."""
LEAST_WALL_HU = 120.0
STEP_MM = 0.25
SLICE_MM = 1.2
"""Where slices blur the edge along the normal over more than this, it counts for little."""
SMOOTH_MM = 1.5
"""Reach over which offsets are averaged: noise goes, the shape of the edge stays."""
DOUBT = 0.3
"""Weight, beside an edge's, of a place without one, which wants the outline where it is."""
BAND = 3
"""Voxels of the field to either side of its outline in which the distance is measured."""
BESIDE_MM = 2.0
"""A point farther than this from the normal of its nearest vertex lies beyond a rim."""


def outlined(probability: Field, volume: Volume, *, edge: bool = True) -> Ready:
    """A femur as a network saw it, ready to become mask and surfaces; at the CT's edges or not.

    probability: on the network's box; volume: the scan in HU. Raises DegenerateShape if there is
    no femur in the field.
    """
    ready = prepared(log_odds(probability), volume.grid)
    return at_ct_edge(ready, volume) if edge else ready


def at_ct_edge(ready: Ready, volume: Volume) -> Ready:
    """A femur whose outline lies on the edges that the scan shows, wherever it shows any.

    volume: the scan in HU, on ready.scan. The field becomes a signed distance, scaled to 0..1 over
    REACH_MM to either side.
    """
    outline = smooth(largest_part(contour(ready.field)), ready.smoothing).mesh
    normals = vertex_normals(outline)
    offset, weight, seen = _offsets(outline.vertices, normals, volume)
    sums = smooth_over(
        outline.vertices, np.column_stack([weight * offset, weight, seen]), SMOOTH_MM
    )
    moved = sums[:, 0] / np.maximum(sums[:, 1] + DOUBT * (sums[:, 2] - sums[:, 1]), 1e-9)
    distance = _distance(ready.field, outline, normals, moved)
    scaled = np.clip(0.5 + distance / (2 * REACH_MM), 0, 1).astype(np.float32)
    return replace(ready, field=Field(cleaned(scaled), ready.field.grid), smoothing=RIDGES)


def _offsets(
    points: np.ndarray, normals: np.ndarray, volume: Volume
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far outward the edge lies, mm; how much that counts, 0..1; and whether the scan shows
    the place at all, 0 or 1. (n,) each.
    """
    reach = MOST_MM + VALLEY_MM
    depth = np.arange(-reach, reach + STEP_MM / 2, STEP_MM)
    hu = hu_below(points, normals, depth, volume, order=3)
    seen = np.isfinite(hu).all(1)
    hu = np.nan_to_num(hu)
    row = np.arange(len(hu))
    near = np.flatnonzero((depth >= WALL_MM[0]) & (depth <= WALL_MM[1]))
    wall = near[0] + hu[:, near].argmax(1)
    most = hu[row, wall]
    level = np.minimum(OUTLINE_HU, SOFT_HU + OUTLINE_SHARE * (most - SOFT_HU))
    below = (hu < level[:, None]) & (np.arange(len(depth)) < wall[:, None])
    outer = np.clip(len(depth) - 1 - below[:, ::-1].argmax(1), 0, len(depth) - 2)
    before, after = hu[row, outer], hu[row, outer + 1]
    rise = np.where(after > before, after - before, np.inf)
    edge = depth[outer] + STEP_MM * (level - before) / rise
    beyond = outer[:, None] - np.arange(round(VALLEY_MM / STEP_MM) + 1)
    valley = hu[row[:, None], np.maximum(beyond, 0)].min(1)
    clear = (
        seen & below.any(1) & (np.abs(edge) <= MOST_MM)
        & (most > LEAST_WALL_HU) & (level - valley > VALLEY_HU)
    )  # fmt: skip
    direction, thick = volume.grid.slices
    across = np.abs(normals @ direction)
    weight = clear / (1 + (thick * across / SLICE_MM) ** 4)
    return np.where(clear, -edge, 0.0), weight, seen.astype(float)


def _distance(field: Field, outline: Mesh, normals: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Signed distance of the field's nodes below an outline moved along its normals, mm."""
    inside = field.array >= 0.5
    ball = ndimage.generate_binary_structure(3, 1)
    near = ndimage.binary_dilation(inside, ball, BAND) & ~ndimage.binary_erosion(inside, ball, BAND)
    points = field.grid.to_world(np.argwhere(near))
    away, nearest = cKDTree(outline.vertices).query(points)
    below = ((outline.vertices[nearest] - points) * normals[nearest]).sum(1)
    sign = np.where(inside[near], 1.0, -1.0)
    rim = away**2 - below**2 > BESIDE_MM**2
    out = np.where(inside, REACH_MM, -REACH_MM)
    out[near] = np.where(rim, sign * away, below) + moved[nearest]
    return out
