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
from femurkit.surface.islands import bounding_window, fill_holes, fill_levels, keep_largest
from femurkit.volume import Field, Mask, Volume

SEED_HU = 2500.0
"""Above this there is no bone: dense cortex reads 2000 HU at most."""
LEAST_HU = 2000.0
"""The outline of metal lies at this or at half its maximum, whichever is more."""
AROUND_HU = 500.0
"""What surrounds metal, between marrow and cortex; half the maximum is counted from here."""
CLIP_HU = (2900.0, 3200.0)
"""Metal that reads as much has more: 12 bits end at 3071 HU."""
CLIPPED_HU = 2500.0
"""Its outline then: nearer to half of what it has than half of what it reads."""
LEAST_PART_ML = 0.3
"""A smaller piece of metal is a wire, a clip or a seed, and no implant."""
TOUCH_MM = 3.0
"""Metal this close to the femur belongs to it."""
SOCKET_MM = 15.0
"""A cup lies no farther than this from the ball in it."""
REACH_MM = 60.0
"""How far beyond the box of a femur its implant may reach."""
MARGIN_MM = 6.0
"""What is looked at around metal."""
LEAST_BALL_MM = 10.5
"""Radius of the smallest prosthetic head, 22 mm wide, as the CT shows it; stems and nails are
thinner."""
ROUND = 1.5
"""The thick middle of a ball is shorter than this many radii; that of a stem is not."""
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
    window = _window(probability.grid, volume)
    if window is None:
        return None
    hu = volume.array[window]
    grid = volume.grid.crop([w.start for w in window], [w.stop for w in window])
    parts, places = metal_parts(hu, grid)
    femur = keep_largest(probability.array >= 0.5)
    reach = ndimage.distance_transform_edt(~femur, probability.grid.spacing_mm)
    near = {k for k, at in places.items() if _distance_mm(at, reach, probability.grid) <= TOUCH_MM}
    if not near:
        return None
    metal = np.isin(parts, list(near))
    ball = _ball(metal, grid)
    if ball is not None:
        centre, radius = ball
        away = {k: np.linalg.norm(at - centre, axis=1).min() for k, at in places.items()}
        metal = np.isin(parts, [k for k in away if k in near or away[k] <= radius + SOCKET_MM])
    level, clipped = _level(hu, metal)
    metal = fill_holes(metal & (hu >= level))
    out = np.zeros(volume.grid.shape, bool)
    out[window] = metal
    box = probability.grid
    share = resample(metal.astype(np.float32), grid, box, outside=0.0)
    bloom = max(1, round(min(volume.grid.spacing_mm[1:]) / min(box.spacing_mm)))
    within = _within(share >= 0.5, probability, ball, bloom)
    inner, outer = (Field(np.where(w, share, np.float32(0)), box) for w in (within, ~within))
    return Implant(Mask(out, volume.grid), level, clipped, inner, outer, ball)


def _window(box: Grid, volume: Volume) -> tuple[slice, slice, slice] | None:
    """Where there is metal in and around a box, with a margin; None if there is none."""
    low, high = box.bounds_mm()
    wide = volume.grid.window_around(low - REACH_MM, high + REACH_MM)
    tight = bounding_window(volume.array[wide] > SEED_HU)
    if tight[0].stop == 0:
        return None
    margin = [round(MARGIN_MM / step) for step in volume.grid.spacing_mm]
    z, y, x = (
        slice(max(0, w.start + t.start - m), min(n, w.start + t.stop + m))
        for w, t, m, n in zip(wide, tight, margin, volume.grid.shape, strict=True)
    )
    return z, y, x


def metal_parts(hu: np.ndarray, grid: Grid) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Connected metal, (z, y, x) int, 0 where there is none, and the LPS points (n, 3) of each part
    that is large enough, by its number.

    A part has LEAST_HU throughout and SEED_HU somewhere.
    """
    parts, _ = ndimage.label(hu >= LEAST_HU, np.ones((3, 3, 3)))
    places = {}
    for number, window in enumerate(ndimage.find_objects(parts), start=1):
        part = parts[window] == number
        at = np.argwhere(part) + [w.start for w in window]
        if len(at) * grid.voxel_mm3 / 1000 >= LEAST_PART_ML and hu[window][part].max() > SEED_HU:
            places[number] = grid.to_world(at)
    return parts, places


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


def _ball(metal: np.ndarray, grid: Grid) -> tuple[np.ndarray, float] | None:
    """Centre (LPS mm) and radius of the largest ball in the metal, if that is as round and as
    large as a prosthetic head.
    """
    window = bounding_window(metal, margin=1)
    depth = ndimage.distance_transform_edt(np.pad(metal[window], 1), grid.spacing_mm)
    depth = depth[1:-1, 1:-1, 1:-1]
    radius = float(depth.max())
    if radius < LEAST_BALL_MM:
        return None
    names, _ = ndimage.label(depth >= 0.8 * radius)
    thick = np.argwhere(names == names.flat[int(depth.argmax())])
    points = grid.to_world(thick + [w.start for w in window])
    length = float(np.linalg.norm(np.ptp(points, axis=0)))
    return None if length > ROUND * radius else (points.mean(0), radius)


def _distance_mm(points: np.ndarray, reach: np.ndarray, box: Grid) -> float:
    """Least distance of points (n, 3) from a femur, mm. reach: distance from it on its box."""
    index = box.to_index(points)
    at = np.clip(np.rint(index).astype(int), 0, np.array(box.shape) - 1)
    beyond = np.maximum(
        np.linalg.norm((index - at) * box.spacing_mm, axis=1) - max(box.spacing_mm), 0
    )
    return float((reach[tuple(at.T)] + beyond).min())


def _level(hu: np.ndarray, metal: np.ndarray) -> tuple[float, bool]:
    """Half of the metal's maximum above bone, HU, and whether the scan's scale cuts it off."""
    top = float(np.percentile(hu[metal], 95))
    clipped = CLIP_HU[0] <= top <= CLIP_HU[1]
    return (CLIPPED_HU if clipped else max(LEAST_HU, (top + AROUND_HU) / 2)), clipped
