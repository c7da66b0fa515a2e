"""Whether a probability means what it says, and the temperature that makes it so.

Source: Guo, Pleiss, Sun, Weinberger, 2017, On calibration of modern neural networks,
arXiv:1706.04599 (temperature scaling, expected calibration error).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, special
from scipy.optimize import minimize_scalar

REACH = 4
"""Voxels from the true outline within which a temperature is fitted: far from it all is certain."""
RANGE = (0.2, 5.0)
"""Temperatures that are looked for."""


@dataclass(frozen=True)
class Bin:
    """Voxels whose probability lies in low..high: how many, their mean, and the true share."""

    low: float
    high: float
    count: int
    mean_probability: float
    true_share: float


def near_outline(truth: np.ndarray, *, reach: int = REACH) -> np.ndarray:
    """Voxels within `reach` of where a truth crosses a half, bool of the same shape.

    truth: (z, y, x) bool or share 0..1.
    """
    inside = truth >= 0.5
    wide = ndimage.binary_dilation(inside, iterations=reach)
    return np.asarray(wide & ~ndimage.binary_erosion(inside, iterations=reach, border_value=1))


def temperature_of(says: np.ndarray, truth: np.ndarray, *, femur: int = 1) -> float:
    """Temperature T by which to divide the logits, so that the femur's probability is true.

    says: (classes, ...) logits, or probabilities that sum to 1; truth: (...) bool, or the share of
    each voxel inside the femur, 0..1. Where truth is (z, y, x), only voxels near its outline
    count. T above 1 softens. Least mean negative log likelihood of femur against all else.
    Raises ValueError if the shapes differ.
    """
    if says.shape[1:] != truth.shape:
        raise ValueError(f"answers are {says.shape[1:]}, the truth {truth.shape}")
    chosen = near_outline(truth) if truth.ndim == 3 else np.ones(truth.shape, bool)
    logits, share = _logits(says[:, chosen]), truth[chosen].astype(np.float64)

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        all_of_it = special.logsumexp(scaled, axis=0)
        yes = scaled[femur] - all_of_it
        no = special.logsumexp(np.delete(scaled, femur, 0), axis=0) - all_of_it
        return -float(np.mean(share * yes + (1 - share) * no))

    found = minimize_scalar(loss, bounds=np.log(RANGE), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def at_temperature(says: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (classes, ...) of logits or probabilities divided by a temperature."""
    return np.asarray(special.softmax(_logits(says) / temperature, axis=0))


def _logits(says: np.ndarray) -> np.ndarray:
    """Logits as they are; of probabilities their logarithm, which differs by what softmax drops."""
    says = np.asarray(says, np.float64)
    if says.min(initial=0.0) >= 0 and np.allclose(says.sum(0), 1, atol=1e-3):
        return np.asarray(np.log(np.maximum(says, 1e-12)))
    return says


def reliability(probability: np.ndarray, truth: np.ndarray, *, bins: int = 10) -> list[Bin]:
    """Probability against the true share, in equal bins; empty bins are left out.

    Both of one shape; truth: bool, or the share of each voxel inside the femur.
    """
    p, share = np.ravel(probability).astype(np.float64), np.ravel(truth).astype(np.float64)
    which = np.clip((p * bins).astype(int), 0, bins - 1)
    count = np.bincount(which, minlength=bins)
    sums = (np.bincount(which, values, minlength=bins) for values in (p, share))
    mean, true = (total / np.maximum(count, 1) for total in sums)
    return [
        Bin(i / bins, (i + 1) / bins, int(count[i]), float(mean[i]), float(true[i]))
        for i in range(bins)
        if count[i]
    ]


def calibration_error(table: Sequence[Bin]) -> float:
    """Expected calibration error: the mean gap of the bins, each by its count."""
    total = sum(b.count for b in table)
    return sum(b.count * abs(b.mean_probability - b.true_share) for b in table) / max(total, 1)
