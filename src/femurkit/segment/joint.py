"""The third pass: the femoral head's surface in the joint, from a polar map around the head.

The fine network works on a lattice of 1.5 mm and does not know that a head is round. Here a small
network sees the scan along rays from the head's centre, at about 0.5 mm. Each ray leaves the head
once: the surface is a height over the rays, smoothed more where the network is less certain. Toward
the neck and at the ends of the scan the result fades into that of the fine network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.special import expit, logit

from femurkit.anatomy import Side
from femurkit.errors import DegenerateShape
from femurkit.segment.head_map import RADII, SHAPE, WIDEST_DEG, HeadMap
from femurkit.segment.weights import Network
from femurkit.surface.contour import contour, largest_part
from femurkit.surface.head import fit_head, neck_direction
from femurkit.surface.hollow import METAL_HU
from femurkit.surface.islands import keep_largest
from femurkit.surface.odds import SURE, log_odds
from femurkit.volume import Field, Volume

FINE_SHARE = 0.5
"""How much the fine network's log odds count beside those of the joint network."""
WINDOW = 4
"""Nodes on either side of the surface whose probabilities place it."""
ROUND = 0.03
"""Cost of a place so many nodes (squared) from the sphere, in nodes on the wrong side: 4 mm off the
sphere cost as much as 1 mm of a contrary answer."""
SMOOTH_NODES = 1.0
"""Standard deviation of the smoothing of the heights, in nodes of the map across the rays."""
UNSURE = 0.5
"""Sum of p (1 - p) along a ray at which its height counts half."""
UNDECIDED_PERCENTILE = 90
FADE_DEG = (95.0, 118.0)
"""From the first angle from the pole to the second the fine network takes over."""
OUT_OF_SCAN = 4
"""Nodes beyond the surface that must lie in the scan."""
ODDS_PER_MM = 4.0
"""Log odds for each millimetre from the new surface, about those of the fine network."""
MAX_METAL = 0.002
"""Share of the map's nodes brighter than METAL_HU above which there is metal in the joint."""
MAX_SLICE_MM = 4.0
"""On thicker slices the joint network is worse than the fine one: ASSD in the joint space 0.40 mm
for 0.32 on two femurs of 5 mm slices (docs/results/joint.md)."""
MAX_APART_MM = 2.0
"""Mean distance between the surfaces of both networks above which one of them is lost."""
TOP_MM = 120.0
"""The head is looked for in so much of the femur, from its top."""
REACH = 1.6
"""The field changes within so many radii of the head's centre."""


@dataclass(frozen=True, eq=False)
class Refined:
    """A femur after the third pass. field: probability on the same grid as before; undecided: how
    far both networks together are from saying where the head's surface lies, 0 to 1: exceeded on a
    tenth of the rays; 1 where they mean different surfaces. None where there is no third pass.
    """

    field: Field
    undecided: float | None


def refined(field: Field, volume: Volume, side: Side, *, network: Network) -> Refined:
    """A fine network's answer with the head's surface of the joint network.

    field: probability on the box of one hip; volume: the scan in HU; network: of kind joint.
    The field comes back as it is where there is no head in it, where there is metal in the joint,
    where slices are thicker than MAX_SLICE_MM, and where the two networks do not mean the same
    surface.
    """
    if volume.grid.slices[1] > MAX_SLICE_MM:
        return Refined(field, None)
    head = head_map(field, side)
    if head is None:
        return Refined(field, None)
    hu = head.sample(volume.array, volume.grid, outside=-1000.0)
    if np.count_nonzero(hu > METAL_HU) > MAX_METAL * hu.size:
        return Refined(field, None)
    fine = head.sample(field.array, field.grid, outside=0.0)
    says = expit(_odds(network(hu)[network.femur]) + FINE_SHARE * _odds(fine))
    (height, sure), (before, _) = heights(says), heights(fine)
    height, weight = smoothed(height, sure), _weight(height, head.within(volume.grid))
    apart_mm = head.step_mm * float((np.abs(height - before) * weight).sum() / max(weight.sum(), 1))
    if apart_mm > MAX_APART_MM:
        return Refined(field, 1.0)
    seen = sure[weight > 0.5]
    undecided = float(np.percentile(1 - seen, UNDECIDED_PERCENTILE)) if seen.size else None
    return Refined(laid_in(field, head, height, weight), undecided)


def head_map(field: Field, side: Side) -> HeadMap | None:
    """A polar map around the head in a field, or None if there is no head."""
    field = _top(field)
    inside = keep_largest(field.array >= 0.5)
    try:
        head = fit_head(largest_part(contour(log_odds(field))), side)
    except DegenerateShape:
        return None
    if head.centre_mm is None or head.radius_mm is None:
        return None
    points = field.grid.to_world(np.argwhere(inside))
    neck = neck_direction(points, head.centre_mm, head.radius_mm, side)
    return HeadMap.around(head.centre_mm, head.radius_mm, neck, side)


def _top(field: Field) -> Field:
    """The part of a field that holds the upper TOP_MM of the femur; all of a shorter one."""
    levels = np.flatnonzero(keep_largest(field.array >= 0.5).any((1, 2)))
    count = int(np.ceil(TOP_MM / field.grid.spacing_mm[0]))
    if len(levels) <= count:
        return field
    upward = field.grid.affine[2, 0] > 0
    start, stop = (
        (levels[-1] + 1 - count, len(field.array)) if upward else (0, int(levels[0]) + count)
    )
    grid = field.grid.crop((start, 0, 0), (stop, *field.grid.shape[1:]))
    return Field(field.array[start:stop], grid)


def heights(says: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each ray leaves the femur, as an index along the radius, and how sure that is, 0..1.

    says: (radii, rows, columns) probability of femur. Both (rows, columns). A ray is divided where
    most of its nodes come to lie on the right side, near the sphere rather than far from it; the
    probabilities around that place it between two nodes.
    """
    gain = np.cumsum(np.concatenate([np.zeros((1, *says.shape[1:])), 2 * says - 1]), axis=0)
    off = np.arange(len(gain)) - len(says) / 2
    inner = (gain - ROUND * off[:, None, None] ** 2).argmax(0)
    node = np.arange(len(says))[:, None, None]
    near = np.abs(node + 0.5 - inner) < WINDOW
    first = np.maximum(inner - WINDOW, 0)
    height = first + (says * near).sum(0) - 0.5
    doubt = (says * (1 - says) * near).sum(0)
    return height, 1 / (1 + (doubt / UNSURE) ** 2)


def smoothed(height: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Heights (rows, columns) averaged over their neighbours, the sure ones counting more."""
    total, weight = (
        ndimage.gaussian_filter(values, SMOOTH_NODES, mode="nearest")
        for values in (height * sure, sure)
    )
    return np.asarray(total / np.maximum(weight, 1e-9))


def _weight(height: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """How much each ray's height counts beside the fine network, (rows, columns) 0..1."""
    last = np.minimum(np.ceil(height).astype(int) + OUT_OF_SCAN, len(seen) - 1)
    hidden = np.where(seen.all(0), len(seen), np.argmin(seen, axis=0)) <= last
    far = ndimage.distance_transform_edt(~hidden) if hidden.any() else np.full(hidden.shape, 9.0)
    v, u = (np.linspace(-1, 1, n) * WIDEST_DEG for n in SHAPE[1:])
    fade = (FADE_DEG[1] - np.hypot(*np.meshgrid(u, v))) / (FADE_DEG[1] - FADE_DEG[0])
    return np.asarray(_eased(fade) * _eased((far - 1) / 4))


def _odds(probability: np.ndarray) -> np.ndarray:
    """Log odds, clipped to -SURE..SURE."""
    return np.asarray(np.clip(logit(np.clip(probability, 1e-6, 1 - 1e-6)), -SURE, SURE))


def _eased(share: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, and smooth between."""
    share = np.clip(share, 0, 1)
    return np.asarray(share**2 * (3 - 2 * share))


def laid_in(field: Field, head: HeadMap, height: np.ndarray, weight: np.ndarray) -> Field:
    """A field whose outline near a head is where the heights of its map are, as far as they count.

    height: index along the radius; weight: 0..1; both (rows, columns).
    """
    reach = REACH * head.radius_mm
    window = field.grid.window_around(head.centre_mm - reach, head.centre_mm + reach)
    part = field.grid.crop([w.start for w in window], [w.stop for w in window])
    points = part.to_world(np.indices(part.shape).reshape(3, -1).T)
    distance, angle, at = head.polar(points)
    surface = head.radius_mm * (RADII[0] + (RADII[1] - RADII[0]) * height / (SHAPE[0] - 1))
    slant = np.gradient(surface, 2 * np.deg2rad(WIDEST_DEG) / (SHAPE[1] - 1))
    cosine = 1 / np.sqrt(1 + (slant[0] ** 2 + slant[1] ** 2) / surface**2)
    here, cosine, counts = (
        ndimage.map_coordinates(values, at, order=1, mode="nearest")
        for values in (surface, cosine, weight)
    )
    counts[(distance > reach) | (angle > np.deg2rad(WIDEST_DEG))] = 0.0
    odds = np.clip(ODDS_PER_MM * (here - distance) * cosine, -SURE, SURE)
    before = field.array[window].ravel()
    mixed = expit(counts * odds + (1 - counts) * _odds(before))
    out = field.array.copy()
    out[window] = np.where(counts > 0, mixed, before).reshape(part.shape)
    return Field(out, field.grid)
