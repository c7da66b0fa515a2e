"""Where the head of a femur is, from the shape model laid over the bone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from femurkit.bones.model import shape_model
from femurkit.geometry import Grid
from femurkit.phantom.shapes import femur_frame, fit_sphere

HEAD_SHARE = 1.08
"""Vertices of the model within this many radii of its head's centre belong to the head."""


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Centre of the femoral head, LPS mm, and its radius; also of a head that the scan cuts off."""

    head: np.ndarray
    head_radius_mm: float


def landmarks_of(vertices: np.ndarray) -> Landmarks:
    """Of the shape model's femur as it was laid over a bone of either side, (n, 3) LPS mm."""
    centre, radius = fit_sphere(vertices[_head_vertices()])
    return Landmarks(centre, radius)


@lru_cache(maxsize=1)
def _head_vertices() -> np.ndarray:
    """Indices of the model's vertices on the head."""
    model = shape_model()
    mean = model.mesh("femur", model.scores.mean(0)).vertices
    frame = femur_frame(mean)
    away = np.linalg.norm(mean - frame.head, axis=1)
    return np.flatnonzero(away < HEAD_SHARE * frame.head_radius)


def inside(point: np.ndarray, grid: Grid) -> bool:
    """Whether an LPS point lies in a scan."""
    index = grid.to_index(point)
    return bool(((index >= -0.5) & (index <= np.array(grid.shape) - 0.5)).all())
