"""The z-buffer, against shapes whose picture is known."""

import numpy as np
import pytest

from femurkit.mesh import Mesh
from femurkit.surface.draw import draw


def joined(*meshes):
    start = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + s for m, s in zip(meshes, start, strict=False)]),
    )


def test_covers_exactly_the_silhouette(box):
    mesh = box((0, 0, 0), (40, 10, 60))
    assert mesh.is_watertight
    assert mesh.volume_mm3 > 0
    picture = draw(mesh, (0, -1, 0), (0, 0, 1), pixel_mm=0.5)
    assert np.count_nonzero(picture[..., 3] > 127) == pytest.approx(80 * 120, rel=0.01)


def test_what_is_nearer_hides_what_is_behind(box):
    near, far = box((0, -30, 0), (20, -20, 20)), box((0, 20, 0), (20, 40, 20))
    alone = draw(near, (0, -1, 0), (0, 0, 1))
    assert np.array_equal(draw(joined(far, near), (0, -1, 0), (0, 0, 1)), alone)
    assert np.array_equal(draw(joined(near, far), (0, -1, 0), (0, 0, 1)), alone)


def test_colours_of_the_vertices_show_where_they_are_seen(box):
    mesh = box((0, 0, 0), (20, 20, 20))
    red, blue = np.array([200.0, 0, 0]), np.array([0, 0, 200.0])
    colours = np.where(mesh.vertices[:, 2:] > 10, red, blue)
    picture = draw(mesh, (0, -1, 0), (0, 0, 1), colours=colours).astype(int)
    rows = np.flatnonzero((picture[..., 3] > 127).any(1))
    column = picture.shape[1] // 2
    upper, lower = picture[rows[2], column], picture[rows[-3], column]
    assert upper[0] > 2 * upper[2] and lower[2] > 2 * lower[0]
    plain = draw(mesh, (0, -1, 0), (0, 0, 1))
    assert np.array_equal(plain[..., 3], picture[..., 3])
