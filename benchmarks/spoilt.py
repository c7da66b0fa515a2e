"""Ways to spoil a scan, each with what is then true of it: what a confidence must notice.

Each takes HU (z, y, x) float32, labels (z, y, x) uint8 (1 left, 2 right), voxel size (z, y, x) mm
and a random generator, and gives HU and labels back. What it does to one femur it does to the left.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

Spoilt = tuple[np.ndarray, np.ndarray]
LEFT = 1
AIR, MUSCLE, STEEL = -1000.0, 50.0, 3000.0


def none(hu, labels, mm, rng) -> Spoilt:
    return hu, labels


def half_scale(hu, labels, mm, rng) -> Spoilt:
    return np.where(hu > -900, hu * 0.5, hu), labels


def offset_400(hu, labels, mm, rng) -> Spoilt:
    return hu + 400, labels


def noise_150(hu, labels, mm, rng) -> Spoilt:
    grain = ndimage.gaussian_filter(rng.standard_normal(hu.shape, np.float32), (0, 0.6, 0.6))
    return hu + 150 * grain / grain.std(), labels


def repeated_slices(hu, labels, mm, rng) -> Spoilt:
    """Every third block of 10 mm is the slice below it, over and over."""
    out, block = hu.copy(), max(2, round(10 / mm[0]))
    for start in range(block, len(hu), 3 * block):
        out[start : start + block] = hu[start - 1]
    return out, labels


def lost_slices(hu, labels, mm, rng) -> Spoilt:
    """20 mm at the neck are gone, and the rest stands together as if nothing were missing."""
    z, gap = _neck(labels, mm)[0], max(2, round(20 / mm[0]))
    keep = np.r_[0 : z - gap // 2, z - gap // 2 + gap : len(hu)]
    return hu[keep], labels[keep]


def shuffled_slices(hu, labels, mm, rng) -> Spoilt:
    """The slices of 40 mm around the neck stand in any order; the truth is where they belong."""
    z, reach = _neck(labels, mm)[0], max(3, round(20 / mm[0]))
    out, block = hu.copy(), np.arange(max(0, z - reach), min(len(hu), z + reach))
    out[block] = hu[rng.permutation(block)]
    return out, labels


def steel_ball(hu, labels, mm, rng) -> Spoilt:
    """15 mm of steel in the neck, with dark and bright bands through its slices."""
    out, (z, y, x) = hu.copy(), _neck(labels, mm)
    _, yy, xx = np.ogrid[tuple(slice(n) for n in hu.shape)]
    angle = np.arctan2((yy - y) * mm[1], (xx - x) * mm[2])
    away = np.hypot((yy - y) * mm[1], (xx - x) * mm[2]) + 10
    slices = slice(max(0, z - round(15 / mm[0])), z + round(15 / mm[0]) + 1)
    out[slices] += (np.cos(9 * angle) * 12000 / away)[0]
    out[_ball(labels, mm, (z, y, x), 15)] = STEEL
    return np.clip(out, -1024, STEEL), labels


def clipped_head(hu, labels, mm, rng) -> Spoilt:
    """The scan ends in the middle of the left head."""
    z = _top(labels) - round(22 / mm[0])
    return hu[:z], labels[:z]


def cyst(hu, labels, mm, rng) -> Spoilt:
    """36 mm of soft tissue where the trochanter meets the shaft, out through the cortex."""
    z = _neck(labels, mm)[0]
    below = np.argwhere(labels[max(0, z - round(35 / mm[0]))] == LEFT).mean(0)
    out = hu.copy()
    out[_ball(labels, mm, (z - round(35 / mm[0]), *below), 18)] = MUSCLE
    return out + rng.normal(0, 15, hu.shape).astype(np.float32), labels


def lytic_head(hu, labels, mm, rng) -> Spoilt:
    """Most of the head is soft tissue."""
    at = np.argwhere(labels == LEFT)
    top = at[at[:, 0] > _top(labels) - 40 / mm[0]].mean(0)
    out = hu.copy()
    out[_ball(labels, mm, top, 22)] = MUSCLE
    return out + rng.normal(0, 15, hu.shape).astype(np.float32), labels


def blurred(hu, labels, mm, rng) -> Spoilt:
    return ndimage.gaussian_filter(hu, 4 / np.array(mm)), labels


def upside_down(hu, labels, mm, rng) -> Spoilt:
    return hu[::-1].copy(), labels[::-1].copy()


def rolled_40(hu, labels, mm, rng) -> Spoilt:
    """The patient lies turned by 40 degrees about the long axis."""
    return _turned(hu, labels, (1, 2))


def tilted_40(hu, labels, mm, rng) -> Spoilt:
    """The legs are bent by 40 degrees, the pelvis with them."""
    return _turned(hu, labels, (0, 1), mm)


def half_air(hu, labels, mm, rng) -> Spoilt:
    """The lateral half of the left femur and all beside it are air."""
    out, x = hu.copy(), round(np.argwhere(labels == LEFT)[:, 2].mean())
    out[:, :, x:] = AIR
    return out, labels


def lower_half_air(hu, labels, mm, rng) -> Spoilt:
    """All below the left neck is air."""
    out, z = hu.copy(), _neck(labels, mm)[0]
    out[: z - round(15 / mm[0]), :, hu.shape[2] // 2 :] = AIR
    return out, labels


WAYS: dict[str, Callable[..., Spoilt]] = {
    way.__name__: way
    for way in (
        none, half_scale, offset_400, noise_150, repeated_slices, lost_slices, shuffled_slices,
        steel_ball, clipped_head, cyst, lytic_head, blurred, upside_down, rolled_40, tilted_40,
        half_air, lower_half_air,
    )
}  # fmt: skip


def _top(labels) -> int:
    return int(np.flatnonzero((labels == LEFT).any((1, 2)))[-1])


def _neck(labels, mm) -> tuple[int, int, int]:
    """About the middle of the left neck: 40 mm below the top of the head."""
    z = max(0, _top(labels) - round(40 / mm[0]))
    y, x = np.argwhere(labels[z] == LEFT).mean(0)
    return z, round(y), round(x)


def _ball(labels, mm, centre, radius_mm) -> np.ndarray:
    z, y, x = np.ogrid[tuple(slice(n) for n in labels.shape)]
    far = sum(((i - c) * s) ** 2 for i, c, s in zip((z, y, x), centre, mm, strict=True))
    return far < radius_mm**2


def _turned(hu, labels, axes, mm=None) -> Spoilt:
    """Turned by 40 degrees in a plane of two axes, about the middle."""
    scale = np.ones(3) if mm is None else np.array(mm)
    c, s = np.cos(np.deg2rad(40)), np.sin(np.deg2rad(40))
    turn = np.eye(3)
    turn[np.ix_(axes, axes)] = [[c, -s], [s, c]]
    matrix = np.diag(1 / scale) @ turn @ np.diag(scale)
    middle = (np.array(hu.shape) - 1) / 2
    offset = middle - matrix @ middle
    out = ndimage.affine_transform(hu, matrix, offset, order=1, cval=AIR)
    return out, ndimage.affine_transform(labels, matrix, offset, order=0)
