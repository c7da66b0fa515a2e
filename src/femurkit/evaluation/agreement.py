"""Agreement of a number measured on many femurs with its true values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Agreement:
    """n femurs. mae, rmse and bias in the unit of the values; None where it is not defined.

    re_percent = 100 * mean(|error| / truth). r2_identity = 1 - sum(error²) / sum((truth - mean)²):
    against the line of identity, so a constant offset lowers it, and it can be negative.
    pearson_r: linear correlation, blind to offset and scale.
    """

    n: int
    bias: float
    mae: float
    rmse: float
    re_percent: float | None
    r2_identity: float | None
    pearson_r: float | None


def agreement(measured: Sequence[float], truth: Sequence[float]) -> Agreement:
    """Compare values pairwise. Raises ValueError if there are none or their numbers differ."""
    a, b = np.asarray(measured, float), np.asarray(truth, float)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ValueError(f"{a.shape} measured against {b.shape} true values")
    error = a - b
    spread = float(((b - b.mean()) ** 2).sum())
    spread_measured = float(((a - a.mean()) ** 2).sum())
    both = spread * spread_measured
    product = float(((a - a.mean()) * (b - b.mean())).sum())
    return Agreement(
        n=len(a),
        bias=float(error.mean()),
        mae=float(np.abs(error).mean()),
        rmse=float(np.sqrt((error**2).mean())),
        re_percent=float(100 * np.mean(np.abs(error) / np.abs(b))) if (b != 0).all() else None,
        r2_identity=1 - float((error**2).sum()) / spread if spread > 0 else None,
        pearson_r=product / float(np.sqrt(both)) if both > 0 else None,
    )
