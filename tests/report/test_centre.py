import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.mesh import Mesh
from femurkit.report.centre import head_centre


def cloud(side, radius, rng):
    """Points of a head on a neck and shaft; faces do not matter here."""
    directions = rng.normal(size=(4000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    head = directions * radius
    neck = directions[:, [0, 1, 2]] * [6, 14, 14] + np.linspace(0, 1, 4000)[:, None] * [
        side.sign * 55, 0, -40,
    ]  # fmt: skip
    shaft = np.c_[rng.normal(0, 8, (4000, 2)), rng.uniform(-200, -20, 4000)]
    shaft[:, 0] += side.sign * 58
    points = np.concatenate([head, neck[np.linalg.norm(neck, axis=1) > radius], shaft])
    return Mesh(points + [12, -34, 560], np.zeros((0, 3), int))


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("radius", [20.0, 24.0, 28.0])
def test_finds_the_head(side, radius):
    centre = head_centre(cloud(side, radius, np.random.default_rng(0)), side)
    assert centre == pytest.approx([12, -34, 560], abs=1.0)


def test_a_shaft_has_no_head():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 5000)
    shaft = np.c_[12 * np.cos(angle), 12 * np.sin(angle), rng.uniform(-200, 0, 5000)]
    assert head_centre(Mesh(shaft, np.zeros((0, 3), int)), Side.LEFT) is None
