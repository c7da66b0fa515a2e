"""How the edge of a bone is drawn.

Outline convention: a femur's surface is where the scan reads OUTLINE_HU or, where the wall is too
thin to show brightly, half of what it shows; that is where a careful reader draws it. A blurred
edge of thick cortex crosses that value outside the point of half maximum, so the mineral is set in
from the surface by `edge_inset` (docs/concepts/coordinates.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.special import ndtr

from femurkit.geometry import Grid, resample
from femurkit.mesh import vertex_normals
from femurkit.phantom.bone_hu import BoneHu, inner_hu
from femurkit.phantom.distance import Depth
from femurkit.phantom.scanner import UNSHARP_MM, Scanner
from femurkit.phantom.shapes import Bone

OUTLINE_HU = 220.0
OUTLINE_SHARE = 0.5
"""Of the way from soft tissue to the brightest the blurred wall shows: the outline where that is
darker than OUTLINE_HU."""
SOFT_HU = 40.0
LEAST_RAMP_MM = 0.6
"""Width over which the inner edge of the cortex fades, at least."""


def edge_inset(
    thickness_mm: np.ndarray | float,
    sigma_mm: np.ndarray | float,
    cortex_hu: float,
    inner_hu: np.ndarray | float,
    *,
    sharpen: float = 0.0,
    unsharp_mm: np.ndarray | float = 0.0,
) -> np.ndarray:
    """How far below the surface the mineral must begin for the blurred edge to read there what
    the outline convention says; negative where the wall is so thin that the outline lies outside
    even of its mineral.

    thickness_mm, sigma_mm, inner_hu, unsharp_mm: arrays of equal shape. A cortical layer between
    soft tissue and trabecular bone, blurred by a Gaussian (of a sharp kernel: and `sharpen` times
    the difference to what unsharp_mm more would make of it added), solved by bisection between
    the soft tissue and the layer's brightest point.
    """
    thickness, sigma, inner, unsharp = (
        np.asarray(a, float)
        for a in np.broadcast_arrays(thickness_mm, sigma_mm, inner_hu, unsharp_mm)
    )
    sigma = np.maximum(sigma, 0.05)
    wider = np.hypot(sigma, unsharp)

    def edge(depth: np.ndarray) -> np.ndarray:
        """A blurred step from 0 to 1."""
        return np.asarray((1 + sharpen) * ndtr(depth / sigma) - sharpen * ndtr(depth / wider))

    def reads(depth: np.ndarray) -> np.ndarray:
        """HU so deep below where the mineral begins."""
        wall = (cortex_hu - SOFT_HU) * edge(depth)
        return np.asarray(SOFT_HU + wall + (inner - cortex_hu) * edge(depth - thickness))

    depths = [share * thickness + reach * sigma for share in (0.5, 1.0) for reach in _REACHES]
    seen = np.stack([reads(depth) for depth in depths])
    brightest = np.stack(depths)[seen.argmax(0), *np.indices(thickness.shape)]
    wanted = np.minimum(OUTLINE_HU, SOFT_HU + OUTLINE_SHARE * (seen.max(0) - SOFT_HU))
    low, high = np.minimum(-4.0, brightest), brightest
    for _ in range(18):
        middle = (low + high) / 2
        above = reads(middle) > wanted
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return -np.asarray((low + high) / 2)


_REACHES = (-0.5, 0.0, 0.5, 1.0, 2.0, 3.0)
"""Where the layer's brightest point is looked for, in sigmas from its middle and from its end."""


@dataclass(frozen=True, eq=False)
class Paint:
    """One bone ready to be laid into scans: fields (z, y, x) float32 on the depth lattice."""

    grid: Grid
    below_mm: np.ndarray
    """Depth below where the mineral begins."""
    cortex_mm: np.ndarray
    inner_hu: np.ndarray
    cortex_hu: float
    kept_mm: np.ndarray | None = None
    """Depth below where the bone is cut off: it ends there without a cortex."""


def mix(bone: Bone, depth: Depth, values: BoneHu, *, scanner: Scanner, seed: int) -> Paint:
    """Paint for one bone, for the scanner whose blur is to come."""
    inner = inner_hu(bone, depth, values, seed)
    normals = vertex_normals(bone.mesh)
    across = normals[:, 2] ** 2
    in_plane_mm, slice_mm = scanner.sigma_mm
    sigma = np.sqrt(in_plane_mm**2 * (1 - across) + slice_mm**2 * across)
    deep = bone.thickness_mm + 1.5 * sigma
    below_wall = bone.mesh.vertices - deep[:, None] * normals
    at = depth.grid.to_index(below_wall).T
    behind = map_coordinates(gaussian_filter(inner, 1.0), at, order=1, mode="nearest")
    inset = edge_inset(
        bone.thickness_mm, sigma, values.cortex, behind,
        sharpen=scanner.sharpen, unsharp_mm=UNSHARP_MM * np.sqrt(1 - across),
    )  # fmt: skip
    below = depth.depth_mm - inset[depth.vertex].astype(np.float32)
    cortex = bone.thickness_mm[depth.vertex].astype(np.float32)
    return Paint(depth.grid, below, cortex, inner, values.cortex, depth.kept_mm)


def painted_mm(thickness_mm: np.ndarray, ramp_mm: float) -> np.ndarray:
    """Thickness of a layer whose two edges are ramps: never quite nothing."""
    share = np.minimum(thickness_mm / ramp_mm, 1)
    thin = ramp_mm * (1 / 6 + share / 2 + share**2 / 2 - share**3 / 6)
    return np.asarray(np.where(share < 1, thin, thickness_mm))


def lay(hu: np.ndarray, grid: Grid, paint: Paint) -> None:
    """Lay one bone into an HU array (z, y, x) in place."""
    window = grid.window_around(*paint.grid.bounds_mm())
    if any(w.stop <= w.start for w in window):
        return
    part = grid.crop([w.start for w in window], [w.stop for w in window])
    below = resample(paint.below_mm, paint.grid, part, outside=-9.0)
    edge = min(grid.spacing_mm[1:])
    share = np.clip(below / edge + 0.5, 0, 1)
    if paint.kept_mm is not None:
        kept = resample(paint.kept_mm, paint.grid, part, outside=-9.0)
        share = np.minimum(share, np.clip(kept / edge + 0.5, 0, 1))
    if not share.any():
        return
    inner = resample(paint.inner_hu, paint.grid, part, outside=0.0)
    cortex = resample(paint.cortex_mm, paint.grid, part, outside=1.0)
    ramp = max(edge, LEAST_RAMP_MM)
    layer = np.clip((cortex - below) / ramp + 0.5, 0, 1) * (cortex / painted_mm(cortex, ramp))
    hu[window] += share * (inner + (paint.cortex_hu - inner) * layer - hu[window])
