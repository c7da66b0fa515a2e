"""The search for crossing triangles stays small whatever their sizes are."""

import weakref

import numpy as np

from femurkit.mesh import Mesh
from femurkit.surface.crossings import AT_ONCE, _near, self_intersections


def test_long_triangles_over_many_small_ones_are_looked_up_some_at_a_time():
    rng = np.random.default_rng(0)
    small = rng.uniform(0, 100, (20_000, 1, 3)) + rng.uniform(-0.5, 0.5, (20_000, 3, 3))
    long = rng.uniform(0, 100, (1_000, 3, 3))
    corners = np.concatenate([small, long])
    sizes = [len(pairs) for pairs in _near(corners)]
    assert sum(sizes) > 4 * AT_ONCE
    assert max(sizes) <= AT_ONCE + len(corners)


def test_a_surface_that_was_looked_through_is_not_held():
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]))
    assert self_intersections(mesh) == self_intersections(mesh) == 0
    held = weakref.ref(mesh)
    del mesh
    assert held() is None
