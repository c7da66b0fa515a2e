"""What travels inside the report: the CT around a femur, and its surfaces."""

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.report.shell import MOST_FACES, UNIT_MM, UNKNOWN, shell_of
from femurkit.report.stack import FINEST_MM, MARGIN_MM, MOST_VOXELS, hu_of_byte, stack_of
from femurkit.volume import Volume


def ramp(axis):
    """A CT whose HU are 4 times a coordinate in mm, from -300 to 1700."""
    grid = Grid.aligned((100, 100, 100), (2.0, 1.5, 1.5), (-20.0, -20.0, -20.0))
    points = grid.to_world(np.stack(np.indices(grid.shape), -1))
    return Volume((4 * points[..., axis]).astype(np.float32), grid)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_voxel_shows_what_the_ct_shows_at_its_place(box, axis):
    stack = stack_of(ramp(axis), box((20, 20, 20), (60, 70, 80)), {"end": np.array([1, 2, 3])})
    assert stack.step_mm == FINEST_MM
    assert stack.ends_mm == (-20.0, 178.0)
    assert stack.corner_mm == tuple([20 - MARGIN_MM] * 3)
    assert stack.hu.shape == (60 + 36, 50 + 36, 40 + 36)
    assert stack.places == {"end": (1.0, 2.0, 3.0)}
    index = np.array([30, 41, 52])
    place = np.array(stack.corner_mm) + stack.step_mm * index[::-1]
    assert hu_of_byte()[stack.hu[tuple(index)]] == pytest.approx(4 * place[axis], abs=5)


def test_a_long_femur_gets_a_coarser_stack(box):
    stack = stack_of(ramp(0), box((0, 0, 0), (150, 150, 480)), {})
    assert stack.step_mm > FINEST_MM
    assert stack.hu.size <= 1.03 * MOST_VOXELS


def test_bytes_tell_hu_apart_finely_where_it_matters():
    hu = hu_of_byte()
    assert (np.diff(hu) > 0).all()
    soft = (hu > -200) & (hu < 300)
    assert np.diff(hu[soft]).max() < 5


def test_corners_keep_their_place(box):
    solid = box((-15.013, -15, 10), (15, 15, 40))
    shell = shell_of("solid", solid, (-40.0, -40.0, 0.0))
    back = shell.vertices * UNIT_MM + [-40.0, -40.0, 0.0]
    assert np.abs(back - solid.vertices).max() <= UNIT_MM / 2 + 1e-9
    assert np.array_equal(shell.faces, solid.faces)
    assert shell.colours.size == 0


def test_colours_and_what_has_none(box):
    solid = box((0, 0, 0), (1, 1, 1))
    shares = np.linspace(0, 1.2, len(solid.vertices))
    shares[0] = np.nan
    colours = shell_of("solid", solid, (0.0, 0.0, 0.0), shares).colours
    assert colours[0] == UNKNOWN
    assert colours[-1] == UNKNOWN - 1
    assert (np.diff(colours[1:].astype(int)) >= 0).all()


def test_too_many_triangles_are_thinned_out_close_to_the_surface():
    n = 230
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, n, endpoint=False), np.linspace(0.01, 3.13, n))
    points = 30 * np.stack([np.sin(v) * np.cos(u), np.sin(v) * np.sin(u), np.cos(v)], -1)
    at = np.arange(n * n).reshape(n, n)
    a, b, c, d = at[:-1], np.roll(at, -1, 1)[:-1], at[1:], np.roll(at, -1, 1)[1:]
    faces = np.concatenate([np.stack([a, c, b], -1), np.stack([b, c, d], -1)]).reshape(-1, 3)
    ball = Mesh(points.reshape(-1, 3), faces)
    shell = shell_of("ball", ball, (0.0, 0.0, 0.0), np.zeros(len(ball.vertices)))
    assert len(ball.faces) > MOST_FACES >= len(shell.faces)
    assert len(shell.colours) == len(shell.vertices)
    radius = np.linalg.norm(shell.vertices * UNIT_MM, axis=1)
    assert np.abs(radius - 30).max() < 0.1
