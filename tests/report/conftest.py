import numpy as np
import pytest

from femurkit.mesh import Mesh


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
