"""The metal at one femur: found in the CT, told from bone, and what of it lies within the bone.

A femur with a stem or a nail in it is one solid: metal within the bone's outline belongs to it. A
plate beside the shaft, the end of a nail above the trochanter, and the ball, cup and neck of a
prosthesis do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.geometry import Grid, resample
from femurkit.solid import Plane
from femurkit.surface.islands import fill_holes, fill_levels, keep_largest
from femurkit.surface.metal import (
    distance_mm,
    largest_ball,
    metal_parts,
    metal_window,
    outline_hu,
)
from femurkit.volume import Field, Mask, Volume

TOUCH_MM = 3.0
"""Metal this close to the femur belongs to it."""
SOCKET_MM = 15.0
"""A cup lies no farther than this from the ball in it."""
RAYS, RAY_MM, ENCLOSED = 16, 27.0, 0.6
"""Metal lies within bone where so large a share of the rays from it, in its level, meets bone."""
SMOOTH = 1.5
"""Voxels over which that share is averaged."""
AROUND_BALL_MM = 3.0
"""No bone is drawn so close around a prosthetic head."""
NECK = (0.77, -0.64)
"""Lateral and upward part of the direction from a head along its neck, 130 degrees from the shaft
that points down."""
BEYOND_HEAD_MM = 30.0
"""A neck is cut so far from the centre of its head."""
SHEET = 2
"""Voxels: thinner sheets of bone around metal that lies outside are its blooming."""


@dataclass(frozen=True, eq=False)
class Implant:
    """The metal of one femur. mask: all of it, on the scan's grid; level_hu: where its outline is.

    clipped: whether the scan's HU stop below that of the metal; within, outside: shares (0..1) of
    the voxels of the femur's box that are metal within and outside the bone; ball_mm: centre (3,)
    LPS and radius of a prosthetic head, None if the head is there.
    """

    mask: Mask
    level_hu: float
    clipped: bool
    within: Field
    outside: Field
    ball_mm: tuple[np.ndarray, float] | None

    @property
    def volume_ml(self) -> float:
        """All of it."""
        return self.mask.volume_ml

    @property
    def within_ml(self) -> float:
        """What lies within the bone."""
        return float(self.within.array.sum()) * self.within.grid.voxel_mm3 / 1000


def implant_of(probability: Field, volume: Volume) -> Implant | None:
    """The implant of the femur that a network drew, or None if no metal of any size touches it.

    probability: on the network's box; volume: the scan in HU. Metal elsewhere in the body is not
    this femur's.
    """
    window = metal_window(probability.grid, volume)
    if window is None:
        return None
    hu = volume.array[window]
    grid = volume.grid.crop([w.start for w in window], [w.stop for w in window])
    parts, places = metal_parts(hu, grid)
    if not places:
        return None
    femur = keep_largest(probability.array >= 0.5)
    reach = ndimage.distance_transform_edt(~femur, probability.grid.spacing_mm)
    near = {k for k, at in places.items() if distance_mm(at, reach, probability.grid) <= TOUCH_MM}
    if not near:
        return None
    metal = np.isin(parts, list(near))
    ball = largest_ball(metal, grid)
    if ball is not None:
        centre, radius = ball
        away = {k: np.linalg.norm(at - centre, axis=1).min() for k, at in places.items()}
        metal = np.isin(parts, [k for k in away if k in near or away[k] <= radius + SOCKET_MM])
    level, clipped = outline_hu(hu, metal)
    metal = fill_holes(metal & (hu >= level))
    out = np.zeros(volume.grid.shape, bool)
    out[window] = metal
    box = probability.grid
    share = resample(metal.astype(np.float32), grid, box, outside=0.0)
    bloom = max(1, round(min(volume.grid.spacing_mm[1:]) / min(box.spacing_mm)))
    within = _within(share >= 0.5, probability, ball, bloom)
    inner, outer = (Field(np.where(w, share, np.float32(0)), box) for w in (within, ~within))
    return Implant(Mask(out, volume.grid), level, clipped, inner, outer, ball)


def with_implant(probability: Field, implant: Implant) -> Field:
    """A network's femur with the metal within the bone, and without the metal outside it."""
    inner, outer = implant.within.array, implant.outside.array
    array = np.maximum(probability.array, inner)
    array = np.minimum(array, 1 - outer)
    if implant.ball_mm is not None:
        array = np.minimum(array, 1 - _sphere(probability.grid, implant.ball_mm))
    bone = array >= 0.5
    ball = ndimage.generate_binary_structure(3, 1)
    sheets = (
        bone
        & ~ndimage.binary_opening(np.pad(bone, SHEET, mode="edge"), ball, SHEET)[
            SHEET:-SHEET, SHEET:-SHEET, SHEET:-SHEET
        ]
    )
    beside = ndimage.binary_dilation(outer >= 0.5, ball, SHEET)
    array = np.where(sheets & beside & (inner < 0.5), np.float32(0), array)
    return Field(_dents_filled(array, inner >= 0.5).astype(np.float32), probability.grid)


def ends(implant: Implant, side: Side) -> tuple[Plane, ...]:
    """Where a femur ends because its head was replaced: a plane across the neck; none if it was
    not.
    """
    if implant.ball_mm is None:
        return ()
    centre, _ = implant.ball_mm
    neck = np.array([side.sign * NECK[0], 0.0, NECK[1]])
    return (Plane(centre + BEYOND_HEAD_MM * neck, neck),)


def _dents_filled(array: np.ndarray, metal: np.ndarray) -> np.ndarray:
    """A femur without the holes and dents that streaks leave beside the metal in it."""
    if not metal.any():
        return array
    ball = ndimage.generate_binary_structure(3, 1)
    bone = np.pad(array >= 0.5, SHEET, mode="edge")
    inner = (slice(SHEET, -SHEET),) * 3
    closed = fill_levels(ndimage.binary_closing(bone, ball, SHEET)[inner] | (array >= 0.5))
    near = ndimage.binary_dilation(metal, ball, 2 * SHEET)
    return np.where(closed & near, np.maximum(array, np.float32(0.75)), array)


def _within(
    metal: np.ndarray, probability: Field, ball: tuple[np.ndarray, float] | None, bloom: int
) -> np.ndarray:
    """Which metal voxels of the box lie within the bone, by rays in their level.

    bloom: voxels around metal in which the network may have taken its blooming for bone.
    """
    grid = probability.grid
    beside = ndimage.binary_dilation(metal, ndimage.generate_binary_structure(3, 1), bloom)
    bone = (probability.array >= 0.5) & ~beside
    if ball is not None:
        bone &= _sphere(grid, ball) < 0.5
    at = np.argwhere(metal)
    met = np.zeros(len(at))
    _, dy, dx = grid.spacing_mm
    last = np.array(metal.shape) - 1
    steps = np.arange(1, int(RAY_MM / min(dy, dx)) + 1) * min(dy, dx)
    for angle in 2 * np.pi * np.arange(RAYS) / RAYS:
        way = np.array([np.sin(angle) / dy, np.cos(angle) / dx])
        y, x = (at[:, 1 + a, None] + way[a] * steps for a in range(2))
        y, x = (
            np.rint(np.clip(i, 0, n)).astype(int) for i, n in zip((y, x), last[1:], strict=True)
        )
        met += bone[at[:, :1], y, x].any(1)
    total, weight = np.zeros(metal.shape, np.float32), metal.astype(np.float32)
    total[tuple(at.T)] = met
    total, weight = (ndimage.gaussian_filter(a, SMOOTH) for a in (total, weight))
    out = metal & (total >= ENCLOSED * RAYS * weight)
    if ball is not None:
        out &= _sphere(grid, ball) < 0.5
    return out


def _sphere(grid: Grid, ball: tuple[np.ndarray, float]) -> np.ndarray:
    """Share of each voxel of a grid that lies within AROUND_BALL_MM of a ball, float32."""
    centre, radius = ball
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    inside = radius + AROUND_BALL_MM - np.linalg.norm(points - centre, axis=-1)
    return np.clip(0.5 + inside / min(grid.spacing_mm), 0, 1).astype(np.float32)
