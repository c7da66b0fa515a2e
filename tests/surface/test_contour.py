import numpy as np
import pytest

from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.solid import Plane, cut
from femurkit.surface.contour import contour, genus, largest_part, outward, parts
from femurkit.volume import Field


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("name", "handles"), [("ball", 0), ("capsule", 0), ("torus", 1)])
def test_a_contour_lies_on_the_shape_closed_and_facing_outward(
    shapes, field_of, centre, name, handles, mirrored
):
    shape = shapes[name]
    mesh = contour(field_of(shape, mirrored=mirrored))
    assert mesh.is_watertight
    assert parts(mesh).max() == 0
    assert genus(mesh) == handles
    assert np.abs(shape.depth(mesh.vertices - centre)).max() < 0.05
    assert mesh.volume_mm3 == pytest.approx(shape.volume_mm3, rel=0.01)
    assert mesh.area_mm2 == pytest.approx(shape.area_mm2, rel=0.01)
    corners = mesh.vertices[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    beyond = corners.mean(1) + 0.2 * normals / np.linalg.norm(normals, axis=1, keepdims=True)
    assert (shape.depth(beyond - centre) < 0).mean() > 0.999


def test_nodes_exactly_on_the_level_make_no_degenerate_faces():
    array = np.zeros((8, 8, 8), np.float32)
    array[2:6, 2:6, 2:6] = 0.5
    array[3:5, 3:5, 3:5] = 1
    mesh = contour(Field(array, Grid.aligned((8, 8, 8), (1.5,) * 3, (0, 0, 0))))
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    assert mesh.is_watertight
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 0


def test_a_shape_that_touches_the_grid_is_closed_there():
    field = Field(np.ones((5, 6, 7), np.float32), Grid.aligned((5, 6, 7), (2, 1, 1), (3, 4, 5)))
    mesh = contour(field)
    assert mesh.is_watertight
    np.testing.assert_allclose(mesh.vertices.min(0), [2.5, 3.5, 4], atol=1e-3)
    np.testing.assert_allclose(mesh.vertices.max(0), [9.5, 9.5, 14], atol=1e-3)


def test_without_a_crossing_there_is_no_surface():
    field = Field(np.zeros((5, 5, 5), np.float32), Grid.aligned((5, 5, 5), (1, 1, 1), (0, 0, 0)))
    with pytest.raises(DegenerateShape):
        contour(field)


@pytest.mark.parametrize("height", [-7.0, 0.123, 11.9])
def test_a_cut_ball_is_a_segment_with_a_flat_cap(shapes, field_of, centre, height):
    ball = contour(field_of(shapes["ball"]))
    tilt = np.array([0.2, -0.1, 1.0]) / np.linalg.norm([0.2, -0.1, 1.0])
    plane = Plane(centre + height * tilt, tilt)
    mesh = cut(ball, [plane])
    h = 23 - height
    assert mesh.is_watertight
    assert mesh.volume_mm3 == pytest.approx(np.pi * h**2 * (69 - h) / 3, rel=0.01)
    depth = plane.depth_mm(mesh.vertices)
    assert depth.min() == pytest.approx(0, abs=1e-9)
    corners = mesh.vertices[mesh.faces[(np.abs(depth) < 1e-9)[mesh.faces].all(1)]]
    cap = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    assert cap.sum() / 2 == pytest.approx(np.pi * (23**2 - height**2), rel=0.01)


def test_planes_beside_the_surface_change_nothing_and_cutting_all_away_is_refused(
    shapes, field_of, centre
):
    ball = contour(field_of(shapes["ball"]))
    up = np.array([0.0, 0, 1])
    assert cut(ball, [Plane(centre - 24 * up, up)]) is ball
    with pytest.raises(DegenerateShape):
        cut(ball, [Plane(centre + 24 * up, up)])


def test_of_two_parts_the_one_that_encloses_more_stays(shapes, field_of):
    ball = contour(field_of(shapes["ball"]))
    small = Mesh(ball.vertices / 3 + 500, ball.faces)
    both = Mesh(
        np.vstack([small.vertices, ball.vertices]),
        np.vstack([small.faces, ball.faces + len(small.vertices)]),
    )
    assert parts(both).max() == 1
    kept = largest_part(both)
    assert len(kept.vertices) == len(ball.vertices)
    assert kept.volume_mm3 == pytest.approx(ball.volume_mm3)


def test_a_surface_turned_inside_out_is_turned_back(shapes, field_of):
    ball = contour(field_of(shapes["ball"]))
    assert outward(Mesh(ball.vertices, ball.faces[:, ::-1])).volume_mm3 > 0
    assert outward(ball) is ball
