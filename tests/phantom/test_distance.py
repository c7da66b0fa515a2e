import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.mesh import Mesh, from_vtk
from femurkit.phantom.distance import depth_below
from femurkit.solid import voxelise


@pytest.fixture(scope="module")
def ball() -> Mesh:
    from vtkmodules.vtkFiltersSources import vtkSphereSource

    source = vtkSphereSource()
    source.SetRadius(20)
    source.SetThetaResolution(120)
    source.SetPhiResolution(120)
    source.SetOutputPointsPrecision(1)
    source.Update()
    return from_vtk(source.GetOutput()).transformed(_shift([30, -12, 5]))


def _shift(by):
    out = np.eye(4)
    out[:3, 3] = by
    return out


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 0.8, 0.7)])
def test_inside_is_exact_on_rotated_grids(ball, spacing):
    angle = 0.3
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    base = Grid.aligned((30, 80, 90), spacing, (-5, -50, -40))
    grid = Grid(base.shape, turn @ base.affine)
    radius = np.linalg.norm(
        grid.to_world(np.indices(grid.shape).transpose(1, 2, 3, 0)) - [30, -12, 5], axis=-1
    )
    found = voxelise(ball, grid)
    assert found.any()
    assert not found[radius > 20.0].any()
    assert found[radius < 19.97].all()


def test_depth_of_a_ball_is_its_radius_minus_the_distance(ball):
    grid = Grid.aligned((60, 60, 60), (1, 1, 1), (0, -42, -25))
    depth = depth_below(ball, grid, margin_mm=4, spacing_mm=1.0)
    assert depth is not None
    points = depth.grid.to_world(np.indices(depth.grid.shape).transpose(1, 2, 3, 0))
    exact = 20 - np.linalg.norm(points - [30, -12, 5], axis=-1)
    near = np.abs(exact) < 5
    assert np.abs(depth.depth_mm - exact)[near].max() < 0.08
    assert (np.sign(depth.depth_mm) == np.sign(exact))[np.abs(exact) > 0.05].all()


def test_depth_of_a_tube_between_rings_of_vertices_far_apart():
    from vtkmodules.vtkFiltersCore import vtkTriangleFilter
    from vtkmodules.vtkFiltersSources import vtkCylinderSource

    source = vtkCylinderSource()
    source.SetRadius(15)
    source.SetHeight(12)
    source.SetResolution(160)
    triangles = vtkTriangleFilter()
    triangles.SetInputConnection(source.GetOutputPort())
    triangles.Update()
    tube = from_vtk(triangles.GetOutput())
    grid = Grid.aligned((40, 24, 40), (1, 1, 1), (-20, -12, -20))
    depth = depth_below(tube, grid, margin_mm=2, spacing_mm=1.0)
    assert depth is not None
    points = depth.grid.to_world(np.indices(depth.grid.shape).transpose(1, 2, 3, 0))
    exact = 15 - np.hypot(points[..., 0], points[..., 2])
    wall = (np.abs(exact) < 3) & (np.abs(points[..., 1]) < 3)
    assert np.abs(depth.depth_mm - exact)[wall].max() < 0.02
    corner = tube.vertices[depth.vertex]
    assert np.linalg.norm(corner - points, axis=-1)[wall].max() < 12 / 2 + 3 + 1


def test_what_lies_elsewhere_has_no_depth(ball):
    grid = Grid.aligned((10, 10, 10), (1, 1, 1), (500, 500, 500))
    assert depth_below(ball, grid, margin_mm=2, spacing_mm=1.0) is None
