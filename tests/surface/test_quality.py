import numpy as np
import pytest

from femurkit.mesh import Mesh
from femurkit.surface.crossings import self_intersections
from femurkit.surface.quality import quality


def together(*meshes):
    starts = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    return Mesh(
        np.vstack([m.vertices for m in meshes]),
        np.vstack([m.faces + s for m, s in zip(meshes, starts[:-1], strict=True)]),
    )


def test_two_bricks_cross_only_if_they_meet(box):
    brick, beside = box((0, 0, 0), (10, 10, 10)), box((11, 1, 1), (20, 9, 9))
    assert self_intersections(together(brick, beside)) == 0
    into = box((9, 1, 1.5), (20, 9, 9))
    assert self_intersections(together(brick, into)) > 0


def test_one_small_triangle_through_a_large_one_is_found_among_many(femur_like):
    from femurkit.anatomy import Side

    bone = femur_like(Side.LEFT)
    assert self_intersections(bone) == 0
    place = bone.vertices[bone.faces[100]].mean(0)
    spike = Mesh(
        place + np.array([[-9, 0, 0.1], [9, 0.2, 0], [0, 0.1, 9.0]]), np.array([[0, 1, 2]])
    )
    assert self_intersections(together(bone, spike)) > 0


def test_a_vertex_pushed_through_the_opposite_wall_is_found(femur_like):
    from femurkit.anatomy import Side

    bone = femur_like(Side.LEFT)
    vertices = bone.vertices.copy()
    shaft = int(np.argmin(np.linalg.norm(vertices - [128 + 14, -30, 320], axis=1)))
    vertices[shaft] -= [40, 0, 0]
    assert self_intersections(Mesh(vertices, bone.faces)) > 0


def test_angles_and_edges_of_a_box(box):
    found = quality(box((0, 0, 0), (10, 10, 10)))
    assert found.crossings == 0
    assert found.least_angle_deg == pytest.approx(45)
    assert found.shortest_edge_mm == pytest.approx(10)
    assert found.longest_edge_mm == pytest.approx(10 * np.sqrt(2))
