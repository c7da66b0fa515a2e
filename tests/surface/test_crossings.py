"""The search for crossing triangles stays small whatever their sizes are."""

import numpy as np

from femurkit.surface.crossings import AT_ONCE, _near


def test_long_triangles_over_many_small_ones_are_looked_up_some_at_a_time():
    rng = np.random.default_rng(0)
    small = rng.uniform(0, 100, (20_000, 1, 3)) + rng.uniform(-0.5, 0.5, (20_000, 3, 3))
    long = rng.uniform(0, 100, (1_000, 3, 3))
    corners = np.concatenate([small, long])
    sizes = [len(pairs) for pairs in _near(corners)]
    assert sum(sizes) > 4 * AT_ONCE
    assert max(sizes) <= AT_ONCE + len(corners)
