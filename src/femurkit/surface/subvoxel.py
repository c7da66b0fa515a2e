"""A smooth surface from the voxels of a mask, finer than they are.

A mask says of every voxel centre whether it lies inside, and no more. Sought is a signed distance
without detail that voxels of this size cannot show, which still says so of every centre. It starts
from the distance of the voxels, is low-passed again and again, and is each time pushed where a
centre would be on the wrong side or nearly so. The push is weak far from the surface, so that what
comes out lies in the middle of all that would agree, not at their edge. Between thick slices the
distance is what is interpolated, not the label.
Source of the ideas: Raya and Udupa, 1990, Shape-based interpolation, IEEE Trans Med Imaging 9:32,
doi 10.1109/42.52980; Whitaker, 2000, Reducing aliasing artifacts in iso-surfaces of binary volumes,
doi 10.1145/353888.353896 (a smooth surface constrained by the voxels).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.surface.islands import bounding_window
from femurkit.volume import Field, Mask

REACH_MM = 6.0
"""Farther from the surface nothing moves."""
PAD = 8
"""Voxels of room on every side, or a few more: the low pass never feels where the array stops."""
ROUNDS = 15
WIDTH, ORDER = 1.75, 9
"""Of the low pass of every round: sigma in voxels, and how often it is sharpened again."""
LAST = (1.5, 3)
"""Of the low pass at the end."""
START = (3.0, 6)
DOUBT = 0.05
"""Nearer to the surface than about so many voxels a centre pushes."""
FINE_MM = 0.75
"""Smaller voxels need no rounds: what one low pass leaves is a fiftieth of a millimetre."""

LowPass = Callable[[np.ndarray, float, int], np.ndarray]


def from_mask(mask: Mask) -> Field:
    """A field whose 0.5 outline is the shape of a binary mask, with the volume of its voxels.

    Its grid is the mask's, refined along thick axes, around the femur; where the mask leaves its
    own grid the field goes straight on beyond it. Raises DegenerateShape if the mask is empty.
    """
    inside, grid, known = _window(mask)
    step = _refinement(grid.spacing_mm)
    distance, grid = _refined(_signed_distance(inside, grid.spacing_mm), grid, step)
    nodes = tuple(
        slice(k.start * n, k.stop * n - n + 1, n) for k, n in zip(known, step, strict=True)
    )
    relaxed = _relaxed(distance, nodes, inside[known], grid.spacing_mm)
    relaxed += _shift(relaxed[nodes], int(np.count_nonzero(inside[known])), min(grid.spacing_mm))
    field = np.clip(0.5 + relaxed / (2 * REACH_MM), 0, 1).astype(np.float32)
    return _upright(Field(field, grid))


def _window(mask: Mask) -> tuple[np.ndarray, Grid, tuple[slice, slice, slice]]:
    """The femur with room on every side, its grid, and which part of it the mask knows."""
    from scipy import fft

    window = bounding_window(mask.array)
    if window[0].stop == 0:
        raise DegenerateShape("the mask is empty")
    low = np.array([w.start for w in window]) - PAD
    length = np.array([w.stop for w in window]) + PAD - low
    high = low + [fft.next_fast_len(int(n), real=True) for n in length]
    inner = [
        slice(max(0, a), min(n, b)) for a, b, n in zip(low, high, mask.grid.shape, strict=True)
    ]
    width = [(s.start - a, b - s.stop) for s, a, b in zip(inner, low, high, strict=True)]
    part = np.pad(mask.array[tuple(inner)], width, mode="edge")
    z, y, x = (slice(s.start - a, s.stop - a) for s, a in zip(inner, low, strict=True))
    return part, mask.grid.crop(low, high), (z, y, x)


def _refinement(spacing_mm: tuple[float, float, float]) -> list[int]:
    """Into how many each axis is divided, so that voxels are near cubes."""
    return [max(1, round(s / min(spacing_mm))) for s in spacing_mm]


def _refined(array: np.ndarray, grid: Grid, step: list[int]) -> tuple[np.ndarray, Grid]:
    """Linear between the nodes of a grid, which stay nodes."""
    affine = grid.affine.copy()
    for axis, n in enumerate(step):
        if n == 1:
            continue
        at = np.arange((array.shape[axis] - 1) * n + 1) / n
        before = np.minimum(at.astype(int), array.shape[axis] - 2)
        share = (at - before).reshape([-1 if a == axis else 1 for a in range(3)])
        a, b = np.take(array, before, axis), np.take(array, before + 1, axis)
        array = a + (b - a) * share
        affine[:3, axis] /= n
    return array.astype(np.float32), Grid(array.shape, affine)


def _relaxed(
    distance: np.ndarray,
    nodes: tuple[slice, ...],
    inside: np.ndarray,
    spacing_mm: tuple[float, float, float],
) -> np.ndarray:
    """The smooth signed distance, mm. nodes: where the mask's own voxels lie in it."""
    voxel = min(spacing_mm)
    start = np.clip(distance, -REACH_MM, REACH_MM)
    far = np.abs(start) >= REACH_MM
    low_pass = _low_pass(start.shape, spacing_mm)
    sign = np.where(inside, np.float32(1), np.float32(-1))
    # a node stands for all the nodes between it and the next of the mask's own
    weight = voxel * np.prod([k.step for k in nodes])
    out = _straight_on(low_pass(_straight_on(start, nodes), *START), nodes)
    for _ in range(ROUNDS if voxel >= FINE_MM else 0):
        wrong = np.clip(sign * out[nodes] / (DOUBT * voxel), -30, 30)
        out[nodes] += weight * sign / (1 + np.exp(wrong))
        out = low_pass(_straight_on(out, nodes), WIDTH, ORDER)
        out = _straight_on(np.where(far, start, out), nodes)
    return low_pass(out, *LAST) if voxel >= FINE_MM else out


def _low_pass(shape: tuple[int, ...], spacing_mm: tuple[float, float, float]) -> LowPass:
    """1 - (1 - Gaussian)^order: flat for what is wide, nothing of what is narrow."""
    from scipy import fft

    voxel = min(spacing_mm)
    axes = [np.pi * np.arange(n) / (n * s / voxel) for n, s in zip(shape, spacing_mm, strict=True)]
    z, y, x = np.ix_(*axes)
    square = (z**2 + y**2 + x**2).astype(np.float32)

    def apply(array: np.ndarray, sigma: float, order: int) -> np.ndarray:
        passed = 1 - (1 - np.exp(-0.5 * sigma**2 * square)) ** order
        waves = fft.dctn(array, workers=-1, overwrite_x=False)
        return np.asarray(fft.idctn(waves * passed, workers=-1, overwrite_x=True))

    return apply


def _straight_on(array: np.ndarray, nodes: tuple[slice, ...]) -> np.ndarray:
    """Beyond where the mask knows anything, as much more as it was less the same way back."""
    for axis, known in enumerate(nodes):
        values = np.moveaxis(array, axis, 0)
        first, last = known.start, known.stop - 1
        for k in range(1, first + 1):
            values[first - k] = 2 * values[first] - values[min(first + k, last)]
        for k in range(1, len(values) - last):
            values[last + k] = 2 * values[last] - values[max(last - k, first)]
    return array


def _shift(distance: np.ndarray, count: int, voxel: float) -> float:
    """What to add to a distance at the mask's voxels so that it holds as many as the mask."""
    total = 0.0
    for _ in range(3):
        share = np.clip(0.5 + (distance + total) / voxel, 0, 1)
        edge = max(int(np.count_nonzero((share > 0) & (share < 1))), 1)
        total += voxel * (count - float(share.sum())) / edge
    return total


def _upright(field: Field) -> Field:
    """The same on a grid along the LPS axes, z first, which an oblique one is not."""
    affine = field.grid.affine[:3, :3]
    lps = np.abs(affine[::-1])
    if np.allclose(lps, np.diag(np.diag(lps)), atol=1e-6):
        return field
    step = min(field.grid.spacing_mm)
    low, high = field.grid.bounds_mm()
    shape = tuple(int(n) for n in np.ceil((high - low)[::-1] / step) + 1)
    target = Grid.aligned(shape, (step,) * 3, low)
    index = np.linalg.inv(field.grid.affine) @ target.affine
    sampled = ndimage.affine_transform(
        field.array, index[:3, :3], index[:3, 3], shape, np.float32, order=3, mode="nearest"
    )
    return Field(np.clip(sampled, 0, 1).astype(np.float32), target)


def _signed_distance(array: np.ndarray, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """Distance to the outline in mm, positive inside; zero half way between unlike voxels."""
    inside = ndimage.distance_transform_edt(array, sampling=spacing_mm)
    outside = ndimage.distance_transform_edt(~array, sampling=spacing_mm)
    return np.asarray(inside - outside, np.float32)
