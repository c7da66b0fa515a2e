"""Training examples of the hip joint from phantoms: the region of the femoral head as a polar map.

One patient gives two scans of each joint, and each scan two maps, their centre, radius and pole as
uncertain as they are in use.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.phantom.anatomy import Anatomy
from femurkit.phantom.render import depths, scan
from femurkit.phantom.scanner import Scanner, draw_scanner
from femurkit.phantom.shapes import FemurFrame
from femurkit.segment.head_map import RADII, HeadMap

SCANS, MAPS = 2, 2
"""Scans of a joint, and maps of a scan."""
AWAY_MM = 1.5
"""Standard deviation of the map's centre from the head's, along each axis."""
RADIUS_SPREAD, POLE_DEG = 0.05, 6.0
"""Standard deviations of the map's radius, as a share of it, and of its pole's direction."""
SOFT_PSF_MM = (0.5, 1.3)
"""Blur of soft kernels, as in the fine network's examples."""
LATTICE_MM = 1.0
"""Spacing of the lattice on which the distance to each bone is computed."""
CUT_SHARE = 0.12
"""Share of scans that end within the joint, above; and the same below."""


def joint_examples(
    anatomy: Anatomy, side: Side, rng: np.random.Generator
) -> list[dict[str, np.ndarray]]:
    """Maps of one hip joint: hu int16, femur and other uint8 (share of a step along the ray,
    0..255), all (radii, rows, columns).

    anatomy: LPS mm; it has a femur on that side.
    """
    frame = anatomy.femurs[side].frame
    assert frame is not None
    reach = 1.15 * RADII[1] * frame.head_radius + 3 * AWAY_MM
    low, high = frame.head - reach, frame.head + reach
    bones = depths(anatomy, _grid(low, high, (1.0, 1.0, 1.0)), lattice_mm=LATTICE_MM)
    out = []
    for _ in range(SCANS):
        scanner, bottom, top = _scanner(rng), low.copy(), high.copy()
        if rng.random() < CUT_SHARE:
            top[2] = frame.head[2] + rng.uniform(-10, 30)
        if rng.random() < CUT_SHARE:
            bottom[2] = frame.head[2] - rng.uniform(15, 35)
        grid = _grid(bottom, top, scanner.spacing_mm)
        hu = scan(anatomy, scanner, grid, rng, bones=bones)
        for _ in range(MAPS):
            head = _head_map(frame, side, rng)
            seen = head.sample(np.ones(grid.shape, np.float32), grid, outside=0.0) > 0.5
            femur = np.zeros(seen.shape, np.float32)
            other = femur.copy()
            for bone, depth in bones:
                below = head.sample(depth.depth_mm, depth.grid, outside=-9.0)
                target = femur if bone.kind == "femur" else other
                np.maximum(target, np.clip(0.5 + below / head.step_mm, 0, 1) * seen, out=target)
            out.append(
                {
                    "hu": np.rint(head.sample(hu, grid, outside=-1000.0)).astype(np.int16),
                    "femur": np.rint(femur * 255).astype(np.uint8),
                    "other": np.rint(np.minimum(other, 1 - femur) * 255).astype(np.uint8),
                }
            )
    return out


def _head_map(frame: FemurFrame, side: Side, rng: np.random.Generator) -> HeadMap:
    """A map around a head that is known as well as it is in use."""
    turn = Rotation.from_rotvec(np.deg2rad(rng.normal(0, POLE_DEG, 3)))
    radius = frame.head_radius * float(np.exp(rng.normal(0, RADIUS_SPREAD)))
    centre = frame.head + rng.normal(0, AWAY_MM, 3)
    return HeadMap.around(centre, radius, turn.apply(frame.neck), side)


def _scanner(rng: np.random.Generator) -> Scanner:
    """A scanner of any slice thickness, its pixels those of a hip's field of view."""
    scanner = draw_scanner(rng)
    in_plane = float(rng.uniform(0.7, 1.1))
    scanner = replace(scanner, spacing_mm=(scanner.spacing_mm[0], in_plane, in_plane))
    if scanner.sharpen:
        return scanner
    return replace(scanner, psf_mm=float(rng.uniform(*SOFT_PSF_MM)))


def _grid(low: np.ndarray, high: np.ndarray, spacing_mm: tuple[float, float, float]) -> Grid:
    shape = np.maximum(np.ceil((high - low)[::-1] / spacing_mm).astype(int), 8)
    return Grid.aligned(tuple(shape), spacing_mm, low)
