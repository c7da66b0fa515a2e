"""Where the head and the trochanters of a femur are, from the shape model laid over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.phantom.shapes import MIRROR, femur_frame


@dataclass(frozen=True, eq=False)
class Landmarks:
    """LPS mm, unit vectors; also of what the scan does not show.

    trochanter: centre of the shaft at the level of the lesser trochanter; neck: from the head
    centre along the neck.
    """

    head: np.ndarray
    head_radius_mm: float
    trochanter: np.ndarray
    neck: np.ndarray


def landmarks_of(vertices: np.ndarray, side: Side) -> Landmarks:
    """Of the shape model's femur as it was laid over a bone, (n, 3) LPS mm.

    Raises DegenerateShape where no head can be fitted.
    """
    flip = np.array([float(side.sign), 1.0, 1.0])
    frame = femur_frame(vertices * flip)
    if side is Side.RIGHT:
        frame = frame.moved(MIRROR)
    return Landmarks(frame.head, frame.head_radius, frame.trochanter, frame.neck)


def inside(point: np.ndarray, grid: Grid, *, margin_mm: float = 0.0) -> bool:
    """Whether an LPS point lies in a scan, at least so far from its faces; negative: so far out."""
    index = grid.to_index(point)
    margin = margin_mm / np.array(grid.spacing_mm)
    return bool(((index >= margin - 0.5) & (index <= np.array(grid.shape) - 0.5 - margin)).all())
