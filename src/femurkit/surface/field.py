"""The probability field: cleaned, continued past the end of the scan, cut at it, made a mask.

A scan ends at its voxel faces, half a voxel beyond the outermost centres. A femur that runs out of
the scan ends there too, so that mask, surface and voxel count tell the same volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid, linear
from femurkit.solid import Plane, faces
from femurkit.surface.islands import bounding_window, close_handles, fill_holes, keep_largest
from femurkit.surface.smooth import STEPS, Smoothing
from femurkit.volume import Field, Mask

MARGIN = 8
"""Voxels of room around the femur: enough for smoothing never to feel where the field stops."""


@dataclass(frozen=True, eq=False)
class Ready:
    """One femur ready to become mask and surfaces.

    field: cleaned and continued, on a grid with room around the femur; box: the grid of the field
    it was; scan: that of the scan; smoothing: what the field's contour needs.
    """

    field: Field
    box: Grid
    scan: Grid
    smoothing: Smoothing

    @property
    def planes(self) -> tuple[Plane, ...]:
        """Where this femur must end: the outer faces of the scan and of its own box."""
        return faces(self.scan) + faces(self.box)


def prepared(field: Field, scan_grid: Grid, smoothing: Smoothing = STEPS) -> Ready:
    """One femur without islands, cavities or tunnels, continued past the ends of scan and box.

    Beyond the scan's outermost voxel centres there is no data, so whatever a network said there is
    replaced by what it said inside, gone straight on; beyond the box its last layer is repeated.
    The result is cropped to the femur with MARGIN voxels of room on every side.
    Raises DegenerateShape if no voxel reaches 0.5.
    """
    femur = keep_largest(field.array >= 0.5)
    if not femur.any():
        raise DegenerateShape("the field holds no femur: no voxel reaches probability 0.5")
    window = bounding_window(femur, margin=MARGIN)
    part, inside = field.array[window], femur[window]
    part = np.where((part >= 0.5) & ~inside, np.float32(0), part)
    room = [
        (MARGIN - (tight.start - wide.start), MARGIN - (wide.stop - tight.stop))
        for tight, wide in zip(bounding_window(femur), window, strict=True)
    ]
    part = np.pad(part, room, mode="edge")
    start = np.array([w.start - before for w, (before, _) in zip(window, room, strict=True)])
    grid = field.grid.crop(start, start + part.shape)
    part = _continued(part, grid, scan_grid)
    return Ready(Field(cleaned(part), grid), field.grid, scan_grid, smoothing)


def cleaned(array: np.ndarray) -> np.ndarray:
    """A field without cavities and tunnels, float32."""
    return _filled(close_handles(_filled(array))).astype(np.float32)


def _filled(array: np.ndarray) -> np.ndarray:
    return np.where(fill_holes(array >= 0.5) & (array < 0.5), np.float32(1), array)


def _continued(array: np.ndarray, grid: Grid, scan_grid: Grid) -> np.ndarray:
    """Nodes beyond the scan's outermost centres: straight on from one voxel inside them.

    What a value adds to the one there is what the same way back into the scan takes from it, so
    that a shaft goes on at its slant.
    """
    last = np.array(scan_grid.shape) - 1.0
    beyond = ~_between(scan_grid, grid, 1e-6)
    if not beyond.any():
        return array
    scan = scan_grid.to_index(grid.to_world(np.argwhere(beyond)))
    rows = np.linalg.inv(scan_grid.affine)[:3, :3]
    step = min(grid.spacing_mm) * np.linalg.norm(rows, axis=1)
    inset = np.minimum(step, last / 2)
    turn = np.clip(scan, inset, last - inset)
    back = np.clip(2 * turn - scan, inset, last - inset)
    there, behind = (
        ndimage.map_coordinates(
            array, grid.to_index(scan_grid.to_world(at)).T, order=1, mode="nearest"
        )
        for at in (turn, back)
    )
    out = array.copy()
    out[beyond] = np.clip(2 * there - behind, 0, 1)
    return out


def clip(field: Field, planes: Sequence[Plane]) -> Field:
    """A field brought below 0.5 outside the planes, crossing 0.5 exactly on them.

    A ramp of the distance to the nearest plane, two voxels wide: a hard clip would move the end to
    the nearest node.
    """
    points = field.grid.to_world(np.moveaxis(np.indices(field.grid.shape), 0, -1))
    depth = np.min([plane.depth_mm(points) for plane in planes], axis=0)
    ramp = np.clip(0.5 + depth / (2 * max(field.grid.spacing_mm)), 0, 1)
    return Field(np.minimum(field.array, ramp).astype(np.float32), field.grid)


def to_mask(ready: Ready) -> Mask:
    """The femur on the scan's grid: trilinear probability >= 0.5, one part, no cavities.

    Only the window around the femur is worked on; the mask has the shape of the scan. All False if
    the femur lies outside it.
    """
    field, grid = ready.field, ready.scan
    out = np.zeros(grid.shape, bool)
    window = grid.window_around(*field.grid.bounds_mm())
    if any(w.stop <= w.start for w in window):
        return Mask(out, grid)
    part = grid.crop([w.start for w in window], [w.stop for w in window])
    inside = linear(field.array, field.grid, part) >= 0.5
    inside &= _between(ready.box, part, 0.5)
    out[window] = fill_holes(keep_largest(inside))
    return Mask(out, grid)


def _between(box: Grid, grid: Grid, more: float) -> np.ndarray:
    """Which voxel centres of a grid lie within a box, (z, y, x) bool: between its outermost
    voxel centres or, by its index, so much `more` to either side.
    """
    matrix = np.linalg.inv(box.affine) @ grid.affine
    z, y, x = np.ogrid[tuple(slice(n) for n in grid.shape)]
    out = np.ones(grid.shape, bool)
    corners = box.to_index(grid.corners_mm())
    for axis, last in enumerate(np.array(box.shape) - 1 + more):
        if corners[:, axis].min() < -more or corners[:, axis].max() > last:
            a, b, c, d = matrix[axis]
            index = a * z + b * y + (c * x + d)
            out &= (index >= -more) & (index <= last)
    return out
