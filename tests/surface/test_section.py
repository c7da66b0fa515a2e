import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.surface.contour import contour
from femurkit.surface.section import nearest_sections, sections
from femurkit.volume import Field


def solid(depth, reach):
    grid = Grid.aligned((2 * reach + 1,) * 3, (1.0,) * 3, (-reach,) * 3)
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    return contour(Field(np.clip(0.5 + depth(points) / 4, 0, 1).astype(np.float32), grid))


@pytest.fixture(scope="module")
def ball():
    return solid(lambda p: 20 - np.linalg.norm(p, axis=-1), 24)


@pytest.fixture(scope="module")
def ring():
    return solid(lambda p: 6 - np.hypot(np.linalg.norm(p[..., :2], axis=-1) - 16, p[..., 2]), 25)


def test_a_section_of_a_box_is_exact(box):
    brick = box((0, 0, 0), (10, 20, 30))
    ((one,),) = sections(brick, np.array([[0, 0, 7.0]]), np.array([0, 0, 1.0]))
    assert one.area_mm2 == pytest.approx(200)
    assert one.perimeter_mm == pytest.approx(60)
    np.testing.assert_allclose(one.centroid_mm, [5, 10, 7], atol=1e-9)
    tilted = np.array([0.0, 0.6, 0.8])
    ((one,),) = sections(brick, np.array([[5, 10, 15.0]]), tilted)
    assert one.area_mm2 == pytest.approx(200 / 0.8)
    np.testing.assert_allclose(one.centroid_mm, [5, 10, 15], atol=1e-9)


@pytest.mark.parametrize("height", [0.0, 7.3, -15.1])
def test_a_section_of_a_ball_is_a_circle(ball, height):
    normal = np.array([0.36, -0.48, 0.8])
    (one,) = nearest_sections(ball, height * normal[None], normal)
    assert one.area_mm2 == pytest.approx(np.pi * (400 - height**2), rel=0.01)
    np.testing.assert_allclose(one.centroid_mm, height * normal, atol=0.02)
    assert sections(ball, 30 * normal[None], normal) == [[]]


def test_a_hole_counts_against_and_two_limbs_are_two(ring):
    (level,) = sections(ring, np.zeros((1, 3)), np.array([0, 0, 1.0]))
    assert sum(s.area_mm2 for s in level) == pytest.approx(np.pi * (22**2 - 10**2), rel=0.01)
    assert min(s.area_mm2 for s in level) < 0 < max(s.area_mm2 for s in level)
    (limbs,) = sections(ring, np.zeros((1, 3)), np.array([1.0, 0, 0]))
    assert [s.area_mm2 for s in limbs] == pytest.approx([np.pi * 36] * 2, rel=0.01)
    (near,) = nearest_sections(ring, np.array([[0, 15.0, 0]]), np.array([1.0, 0, 0]))
    assert near.centroid_mm[1] == pytest.approx(16, abs=0.1)


def test_planes_together_give_what_each_gives_alone(ring):
    normal = np.array([0.36, -0.48, 0.8])
    points = np.linspace(15, -30, 8)[:, None] * normal + [0, 1, 2]
    for point, level in zip(points, sections(ring, points, normal), strict=True):
        (alone,) = sections(ring, point[None], normal)
        assert [s.area_mm2 for s in level] == pytest.approx([s.area_mm2 for s in alone])
        assert [len(s.points) for s in level] == [len(s.points) for s in alone]


def test_a_plane_through_vertices_is_no_matter(box):
    brick = box((-1, -1, -1), (1, 1, 1))
    corner = Mesh(brick.vertices, brick.faces)
    ((one,),) = sections(corner, np.zeros((1, 3)), np.array([1, -1, 0]) / np.sqrt(2))
    assert one.area_mm2 == pytest.approx(4 * np.sqrt(2))


@pytest.mark.parametrize("seed", range(40))
def test_nor_is_one_through_a_corner_of_a_turned_brick(box, seed):
    rng = np.random.default_rng(seed)
    turn = np.eye(4)
    turn[:3, :3] = Rotation.random(rng=rng).as_matrix()
    brick = box((-1, -2, -3), (1, 2, 3)).transformed(turn)
    rolls = rng.integers(3, size=(len(brick.faces), 1))
    faces = np.take_along_axis(brick.faces, (np.arange(3) + rolls) % 3, 1)
    normal = turn[:3, 2]
    top = brick.vertices[(brick.vertices @ normal).argmax()]
    ((one,),) = sections(Mesh(brick.vertices, faces), top[None], normal)
    assert one.area_mm2 == pytest.approx(8)
