"""Shapes whose volume and area are known, on canonical fields and on awkward scan grids."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from femurkit.geometry import Grid
from femurkit.volume import Field

CENTRE = np.array([88.3, -151.7, -402.9])


@dataclass(frozen=True)
class Shape:
    """depth(points mm from the centre) is the signed distance, positive inside."""

    depth: object
    volume_mm3: float
    area_mm2: float
    reach_mm: float


def _ball(r):
    return Shape(
        lambda p: r - np.linalg.norm(p, axis=-1), 4 / 3 * np.pi * r**3, 4 * np.pi * r**2, r
    )


def _capsule(r, half):
    def depth(p):
        on_axis = np.stack([0 * p[..., 2], 0 * p[..., 2], np.clip(p[..., 2], -half, half)], -1)
        return r - np.linalg.norm(p - on_axis, axis=-1)

    long = 2 * half
    return Shape(depth, np.pi * r**2 * (4 / 3 * r + long), 2 * np.pi * r * (2 * r + long), r + half)


def _torus(big, r):
    def depth(p):
        ring = np.linalg.norm(p[..., :2], axis=-1) - big
        return r - np.hypot(ring, p[..., 2])

    return Shape(depth, 2 * np.pi**2 * big * r**2, 4 * np.pi**2 * big * r, big + r)


@pytest.fixture(scope="session")
def shapes():
    return {"ball": _ball(23.0), "capsule": _capsule(14.0, 30.0), "torus": _torus(22.0, 8.0)}


@pytest.fixture(scope="session")
def field_of():
    """The field of a shape on a canonical grid, 0.5 exactly on the outline."""

    def make(shape, *, mirrored=False, margin_mm=6.0, below_mm=None):
        reach = shape.reach_mm + margin_mm
        n = int(np.ceil(2 * reach / 1.5)) + 1
        corner = CENTRE - reach + 0.37
        if mirrored:
            corner[0] = CENTRE[0] + reach - 0.37
        grid = Grid.aligned((n, n, n), (1.5,) * 3, corner, mirrored=mirrored)
        points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - CENTRE
        array = np.clip(0.5 + shape.depth(points) / 3, 0, 1)
        return Field(array.astype(np.float32), grid)

    return make


@pytest.fixture(scope="session")
def scan_around():
    """A scan grid around the shapes, off centre; bottom_mm: its lower face, from their centre."""

    def make(spacing=(3.0, 0.8, 0.8), angles=(0, 0, 0), bottom_mm=-80.0):
        turn = Rotation.from_euler("zyx", angles, degrees=True).as_matrix()
        affine = np.eye(4)
        affine[:3, :3] = turn @ np.array(
            [[0, 0, spacing[2]], [0, spacing[1], 0], [spacing[0], 0, 0]]
        )
        shape = tuple(int(n) for n in np.ceil(np.array([160, 150, 160]) / spacing))
        at = np.array([-0.5, 0.43 * shape[1], 0.58 * shape[2]])
        affine[:3, 3] = CENTRE + [0, 0, bottom_mm] - affine[:3, :3] @ at
        return Grid(shape, affine)

    return make


@pytest.fixture(scope="session")
def centre():
    return CENTRE
