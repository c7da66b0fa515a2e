"""Other scans of a synthetic patient: as good as the first, or spoilt.

Each takes HU (z, y, x) float32, labels (z, y, x) uint8, voxel size (z, y, x) mm and a random
generator, and gives HU, labels and the first voxel it kept along (z, y, x) back.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from benchmarks import spoilt
from benchmarks.hips import Patient
from femurkit.geometry import Grid
from femurkit.volume import Volume

Scanned = tuple[np.ndarray, np.ndarray, tuple[int, int, int]]
WHOLE = (0, 0, 0)
STEEL_HU = 3000.0


def noisier(hu, labels, mm, rng) -> Scanned:
    """A lower dose: 25 HU of noise more."""
    grain = ndimage.gaussian_filter(rng.standard_normal(hu.shape, np.float32), (0, 0.7, 0.7))
    return hu + 25 * grain / grain.std(), labels, WHOLE


def softer(hu, labels, mm, rng) -> Scanned:
    """A softer kernel: 0.7 mm (sigma) of blur more in the slice."""
    return ndimage.gaussian_filter(hu, (0, 0.7 / mm[1], 0.7 / mm[2])), labels, WHOLE


def sharper(hu, labels, mm, rng) -> Scanned:
    """A sharper kernel, with its overshoot and noise."""
    soft = ndimage.gaussian_filter(hu, (0, 0.9 / mm[1], 0.9 / mm[2]))
    return hu + 0.5 * (hu - soft), labels, WHOLE


def one_side(hu, labels, mm, rng) -> Scanned:
    """A field of view around one hip, at the right or the left."""
    middle = hu.shape[2] // 2
    if rng.random() < 0.5:
        return hu[:, :, middle:], labels[:, :, middle:], (0, 0, middle)
    return hu[:, :, :middle], labels[:, :, :middle], WHOLE


def shorter(hu, labels, mm, rng) -> Scanned:
    """The scan ends 108 mm below the top of the lower head: just enough femur."""
    tops = [np.flatnonzero((labels == k).any((1, 2))) for k in (1, 2)]
    low = max(0, min(int(at[-1]) for at in tops if len(at)) - round(126 / mm[0]))
    return hu[low:], labels[low:], (low, 0, 0)


def ring_on_a_hand(hu, labels, mm, rng) -> Scanned:
    """4 ml of steel at the level of the hip, in a front corner of the image."""
    z = (spoilt._neck(labels, mm) if (labels == 1).any() else (len(hu) // 2,))[0]
    out = hu.copy()
    out[spoilt._ball(labels, mm, (z, 12 / mm[1], 12 / mm[2]), 9.8)] = STEEL_HU
    return out, labels, WHOLE


def _as_before(way: str) -> Callable[..., Scanned]:
    return lambda hu, labels, mm, rng: (*spoilt.WAYS[way](hu, labels, mm, rng), WHOLE)


def noise_500(hu, labels, mm, rng) -> Scanned:
    """More noise than any scan has."""
    grain = ndimage.gaussian_filter(rng.standard_normal(hu.shape, np.float32), (0, 0.6, 0.6))
    return hu + 500 * grain / grain.std(), labels, WHOLE


def cut_at_the_side(hu, labels, mm, rng) -> Scanned:
    """The field of view ends in the left trochanter."""
    last = int(np.flatnonzero((labels == spoilt.LEFT).any((0, 1)))[-1]) - round(12 / mm[2])
    return hu[:, :, :last], labels[:, :, :last], WHOLE


def front_to_back(hu, labels, mm, rng) -> Scanned:
    """Mirrored from front to back: left looks like right."""
    return hu[:, ::-1].copy(), labels[:, ::-1].copy(), WHOLE


GOOD: dict[str, Callable[..., Scanned]] = {
    "lower dose": noisier, "softer kernel": softer, "one side only": one_side,
    "shorter scan": shorter, "sharper kernel": sharper, "ring on a hand": ring_on_a_hand,
}  # fmt: skip
SCANS: dict[str, Callable[..., Scanned]] = {
    "metal in the neck": _as_before("steel_ball"), "noise": noise_500,
    "slices repeated": _as_before("repeated_slices"), "HU halved": _as_before("half_scale"),
    "HU too high by 400": _as_before("offset_400"),
    "slices in any order": _as_before("shuffled_slices"),
    "scan ends in the head": _as_before("clipped_head"), "cut at the side": cut_at_the_side,
    "mirrored front to back": front_to_back, "upside down": _as_before("upside_down"),
    "half in air": _as_before("half_air"),
}  # fmt: skip
SIDED = (
    "metal in the neck", "slices in any order", "scan ends in the head", "cut at the side",
    "half in air",
)  # fmt: skip
"""What is done to the left femur alone."""
MOVED = ("mirrored front to back", "upside down")
"""Where the true surface is no longer where it was."""


def rescanned(way: str, one: Patient, rng: np.random.Generator) -> tuple[Volume, np.ndarray, bool]:
    """Another scan of a patient, its labels, and whether the true surfaces have moved."""
    grid = one.scan.grid
    hu, labels, start = (GOOD | SCANS)[way](
        one.scan.array.astype(np.float32), one.labels, grid.spacing_mm, rng
    )
    kept = grid.crop(start, np.add(start, hu.shape))
    hu = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
    return Volume(hu, Grid(kept.shape, kept.affine)), np.ascontiguousarray(labels), way in MOVED
