"""Sections of shapes whose section is known."""

import numpy as np
import pytest

from femurkit.mesh import Mesh
from femurkit.report.outline import section


def sphere(radius=30.0, centre=(10.0, -20.0, 5.0), rings=60):
    """A closed sphere of latitude rings."""
    theta = np.linspace(0, np.pi, rings + 1)[1:-1]
    phi = np.linspace(0, 2 * np.pi, 2 * rings, endpoint=False)
    t, p = np.meshgrid(theta, phi, indexing="ij")
    body = np.stack([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)], -1).reshape(-1, 3)
    vertices = np.r_[body, [[0, 0, 1], [0, 0, -1]]] * radius + centre
    n = len(phi)
    faces = []
    for j in range(n):
        k = (j + 1) % n
        for i in range(len(theta) - 1):
            a, b, c, d = i * n + j, (i + 1) * n + j, (i + 1) * n + k, i * n + k
            faces += [(a, b, c), (a, c, d)]
        last = (len(theta) - 1) * n
        faces += [(len(body), j, k), (last + j, len(body) + 1, last + k)]
    return Mesh(vertices, np.array(faces))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_sphere_is_cut_in_one_circle(axis):
    ball = sphere()
    assert ball.is_watertight
    assert ball.volume_mm3 > 0
    height = 12.0
    (curve,) = section(ball, axis, ball.vertices.mean(0)[axis] + height)
    assert np.array_equal(curve[0], curve[-1])
    assert np.allclose(curve[:, axis], curve[0, axis])
    off = curve - [10.0, -20.0, 5.0]
    off[:, axis] = 0
    assert np.allclose(np.linalg.norm(off, axis=1), np.sqrt(30.0**2 - height**2), atol=0.08)
    length = np.linalg.norm(np.diff(curve, axis=0), axis=1).sum()
    assert length == pytest.approx(2 * np.pi * np.sqrt(30.0**2 - height**2), rel=0.003)


def test_a_plane_through_vertices_still_gives_one_closed_curve():
    ball = sphere(centre=(0.0, 0.0, 0.0))
    on_a_ring = ball.vertices[29 * 120][2]
    (curve,) = section(ball, 2, on_a_ring)
    assert np.array_equal(curve[0], curve[-1])


def test_two_shapes_give_two_curves_and_a_miss_none():
    a, b = sphere(), sphere(centre=(100.0, -20.0, 5.0))
    both = Mesh(np.r_[a.vertices, b.vertices], np.r_[a.faces, b.faces + len(a.vertices)])
    assert len(section(both, 2, 5.0)) == 2
    assert section(both, 2, 400.0) == []
