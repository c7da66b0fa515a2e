"""Surfaces that several packages' tests share."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.mesh import Mesh, read_stl
from femurkit.surface.contour import contour
from femurkit.volume import Field

DATA = Path(__file__).parents[2] / "shared" / "data"
HEAD = np.array([80.0, -30.0, 400.0])
HEAD_RADIUS = 24.0


def segment_depth(points, a, b, radius):
    """Signed distance to a rod with round ends, positive inside."""
    along = np.clip(((points - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
    return radius - np.linalg.norm(points - a - along[..., None] * (b - a), axis=-1)


@pytest.fixture(scope="session")
def femur_like():
    """A head of radius 24 mm at HEAD, a neck, a trochanter and a shaft, as a left or right bone.

    callus: depth below the head, mm, and radius, mm, of a ball around the shaft.
    """

    def make(side, *, top=60.0, bottom=-120.0, head_radius=HEAD_RADIUS, callus=None):
        lateral = np.array([side.sign, 0.0, 0.0])
        shape = (round((top - bottom) / 1.5), 60, 100)
        origin = HEAD + [-75 + 30 * side.sign, -45, bottom]
        grid = Grid.aligned(shape, (1.5,) * 3, origin)
        points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
        knee = HEAD + 48 * lateral - [0, 0, 150]
        corner = HEAD + 48 * lateral - [0, 0, 32]
        depth = np.max(
            [
                segment_depth(points, HEAD, HEAD + 0.001, head_radius),
                segment_depth(points, HEAD, corner, 14.0),
                segment_depth(points, corner, corner + [0, 0, 20], 18.0),
                segment_depth(points, corner, knee, 14.0),
            ],
            axis=0,
        )
        if callus:
            ball = HEAD + 48 * lateral - [0, 0, callus[0]]
            depth = np.maximum(depth, segment_depth(points, ball, ball + 0.001, callus[1]))
        return contour(Field(np.clip(0.5 + depth / 3, 0, 1).astype(np.float32), grid))

    return make


@pytest.fixture(scope="session")
def head():
    return HEAD, HEAD_RADIUS


@pytest.fixture(scope="session")
def libhip(tmp_path_factory):
    """name -> real femur surface."""
    path = DATA / "libhip" / "femora.zip"
    if not path.exists():
        pytest.skip("needs ../shared/data/libhip: real femur surfaces")
    folder = tmp_path_factory.mktemp("libhip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return {p.name.removesuffix("_mm.stl"): read_stl(p) for p in sorted(folder.glob("*.stl"))}


def _box(lo, hi):
    """A closed box with outward faces."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    vertices = np.array(lo) + corners * (np.array(hi) - np.array(lo))
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [f for a, b, c, d in quads for f in ((a, b, c), (a, c, d))]
    return Mesh(vertices, np.array(faces))


@pytest.fixture(scope="session")
def box():
    return _box
