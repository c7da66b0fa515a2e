import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.mesh import vertex_normals
from femurkit.surface.contour import contour
from femurkit.surface.smooth import smooth
from femurkit.volume import Field


def stairs(shape, centre, spacing):
    """The contour of a binary ball: nothing but steps."""
    n = (np.ceil(56 / np.array(spacing))).astype(int)
    grid = Grid.aligned(n, spacing, centre - 27.6)
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - centre
    return contour(Field((shape.depth(points) > 0).astype(np.float32), grid))


@pytest.mark.parametrize("spacing", [(1.5, 1.5, 1.5), (1.0, 1.0, 1.0)])
def test_steps_go_and_the_volume_stays(shapes, centre, spacing):
    ball = shapes["ball"]
    rough = stairs(ball, centre, spacing)
    done = smooth(rough)
    off = [np.abs(ball.depth(m.vertices - centre)) for m in (rough, done.mesh)]
    assert off[1].mean() < 0.55 * off[0].mean()
    assert done.mesh.volume_mm3 == pytest.approx(rough.volume_mm3, rel=1e-5)
    assert done.mesh.area_mm2 == pytest.approx(ball.area_mm2, rel=0.02)
    assert rough.area_mm2 > 1.05 * ball.area_mm2
    np.testing.assert_array_equal(done.mesh.faces, rough.faces)


def test_it_says_what_it_changed(shapes, centre):
    rough = stairs(shapes["ball"], centre, (1.5, 1.5, 1.5))
    done = smooth(rough)
    assert done.area_change == pytest.approx(done.mesh.area_mm2 / rough.area_mm2 - 1)
    assert done.volume_change == pytest.approx(done.mesh.volume_mm3 / rough.volume_mm3 - 1)
    assert done.area_change < -0.04


def test_vertex_normals_of_a_ball_point_away_from_its_centre(shapes, field_of, centre):
    mesh = contour(field_of(shapes["ball"]))
    outward = (mesh.vertices - centre) / np.linalg.norm(
        mesh.vertices - centre, axis=1, keepdims=True
    )
    assert (vertex_normals(mesh) * outward).sum(1).min() > 0.97
