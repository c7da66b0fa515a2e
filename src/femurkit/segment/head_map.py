"""The region of a femoral head in polar coordinates: radius by two angles around its centre.

In this map the surface of a head is a nearly flat layer, whatever the head's size and position. One
ray leaves the bone once, so a surface found in the map is a height over the angles: it cannot fold,
branch or leave islands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.geometry import Grid

SHAPE = (48, 80, 80)
"""Nodes along the radius, and across the two angles."""
RADII = (0.5, 1.5)
"""The first and the last node of a ray, in radii of the head."""
WIDEST_DEG = 125.0
"""Angle from the pole to the middle of each edge of the map. The pole points away from the neck,
so the map leaves out a cone around the neck."""


@dataclass(frozen=True, eq=False)
class HeadMap:
    """A polar map around one femoral head. LPS mm.

    centre_mm: (3,); radius_mm: of the head; axes: (3, 3), rows: unit vectors of the two angles
    (columns, then rows of the map) and of the pole. On the map both hips are left hips.
    """

    centre_mm: np.ndarray
    radius_mm: float
    axes: np.ndarray

    @classmethod
    def around(
        cls, centre_mm: np.ndarray, radius_mm: float, neck: np.ndarray, side: Side
    ) -> HeadMap:
        """A map whose pole points away from the neck. neck: (3,), not along the body's axis."""
        pole = -neck / np.linalg.norm(neck)
        up = np.array([0.0, 0.0, 1.0]) - pole[2] * pole
        up /= np.linalg.norm(up)
        across = side.sign * np.cross(pole, up)
        return cls(np.asarray(centre_mm, float), float(radius_mm), np.stack([across, up, pole]))

    @property
    def step_mm(self) -> float:
        """Between nodes along a ray."""
        return self.radius_mm * (RADII[1] - RADII[0]) / (SHAPE[0] - 1)

    def rays(self) -> np.ndarray:
        """Unit directions of the map's rays, (rows, columns, 3) LPS."""
        v, u = (np.linspace(-1, 1, n) * np.deg2rad(WIDEST_DEG) for n in SHAPE[1:])
        u, v = np.meshgrid(u, v)
        angle = np.minimum(np.hypot(u, v), np.pi)
        share = np.sinc(angle / np.pi)  # sin(angle) / angle
        flat = np.stack([u * share, v * share, np.cos(angle)], -1)
        return np.asarray(flat @ self.axes)

    def nodes(self) -> np.ndarray:
        """Places of the map's nodes, (radii, rows, columns, 3) LPS mm, from the centre outward."""
        radius = self.radius_mm * np.linspace(*RADII, SHAPE[0])
        return np.asarray(self.centre_mm + radius[:, None, None, None] * self.rays())

    def sample(self, array: np.ndarray, grid: Grid, *, outside: float) -> np.ndarray:
        """An array (z, y, x) at the nodes, linear, (radii, rows, columns) float32; `outside`
        beyond the outer faces of its voxels.
        """
        index = grid.to_index(self.nodes().reshape(-1, 3))
        last = np.array(grid.shape) - 1
        start = np.clip(np.floor(index.min(0)).astype(int) - 1, 0, last)
        stop = np.clip(np.ceil(index.max(0)).astype(int) + 2, 1, last + 1)
        part = array[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
        out = ndimage.map_coordinates(
            part.astype(np.float32), (index - start).T, np.float32, order=1, mode="nearest"
        )
        out = np.where(_within(index, grid), out, np.float32(outside))
        return np.asarray(out.reshape(SHAPE))

    def within(self, grid: Grid) -> np.ndarray:
        """Which nodes lie within the outer voxel faces of a grid, (radii, rows, columns) bool."""
        return _within(grid.to_index(self.nodes().reshape(-1, 3)), grid).reshape(SHAPE)

    def polar(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance from the centre (n,) mm, angle from the pole (n,) radians, and where their rays
        lie on the map, (2, n) as indices (row, column), of points (n, 3) LPS mm.
        """
        offset = (points - self.centre_mm) @ self.axes.T
        distance = np.maximum(np.linalg.norm(offset, axis=1), 1e-9)
        angle = np.arccos(np.clip(offset[:, 2] / distance, -1, 1))
        flat = np.maximum(np.hypot(offset[:, 0], offset[:, 1]), 1e-9)
        on_map = offset[:, [1, 0]].T * (angle / flat) / np.deg2rad(WIDEST_DEG)
        size = np.array(SHAPE[1:])[:, None] - 1
        return distance, angle, (on_map + 1) / 2 * size


def _within(index: np.ndarray, grid: Grid) -> np.ndarray:
    return np.asarray(((index > -0.5) & (index < np.array(grid.shape) - 0.5)).all(1))
