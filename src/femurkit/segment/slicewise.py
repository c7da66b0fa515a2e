"""A femur that a network drew slice by slice, made one body.

Such a network leaves out single slices, and draws thin sheets on the acetabulum that hang together
with the femur. So its answer is averaged along the body, and only what a ball fits into is kept.
Where that agrees with the network, the network's probability stands.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from femurkit.surface.islands import bounding_window, keep_largest
from femurkit.volume import Field

ALONG_MM = 3.0
"""Standard deviation of the average along the body. Chosen, as the ball, on the demo's patient and
one validation patient of benchmarks/paper (P09)."""
BALL_MM = 3.0
"""Radius of the ball."""
LEAST = 0.01
"""Where the network doubts less, nothing is done."""


def one_body(field: Field) -> Field:
    """The largest body of a field whose slices were drawn one by one, without what is thin.

    field: probability of femur, its first axis along the body.
    """
    out = field.array.copy()
    along, ball = ALONG_MM / field.grid.spacing_mm[0], BALL_MM / max(field.grid.spacing_mm)
    window = bounding_window(out >= LEAST, margin=int(ball + along) + 2)
    if not out[window].size:
        return field
    said = out[window]
    steady = ndimage.gaussian_filter1d(said, along, axis=0, mode="nearest")
    femur = (steady >= 0.5) & _holds_ball(steady >= 0.5, ball)
    changed = np.where(femur, steady, np.minimum(steady, 1 - steady))
    out[window] = np.where((said >= 0.5) == femur, said, changed)
    return Field(out, field.grid)


def _holds_ball(femur: np.ndarray, radius: float) -> np.ndarray:
    """The voxels of the largest part of a set that balls of a radius, in voxels, reach. What the
    edge of the array cuts goes on beyond it.
    """
    margin = int(radius) + 2
    largest = keep_largest(femur)
    window = bounding_window(largest, margin=margin)
    more = np.pad(largest[window], margin, mode="edge")
    core = keep_largest(ndimage.distance_transform_edt(more) > radius)
    if not core.any():
        return largest
    out = np.zeros_like(largest)
    inner = slice(margin, -margin)
    reached = ndimage.distance_transform_edt(~core) <= radius + 1
    out[window] = reached[inner, inner, inner]
    return out
