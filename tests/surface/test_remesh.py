import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.mesh import Mesh
from femurkit.solid import Plane, cut, flat_faces, uncut
from femurkit.surface.contour import genus
from femurkit.surface.quality import quality
from femurkit.surface.remesh import evened, fewest, hausdorff_mm

UP = np.array([0.0, 0.0, 1.0])


@pytest.fixture(scope="module")
def bone(femur_like, head):
    """Ball and rods cut flat through the shaft; and the plane."""
    plane = Plane(head[0] - 100 * UP, UP)
    return cut(femur_like(Side.LEFT), [plane]), plane


def test_the_distance_of_two_balls_is_that_of_their_radii(femur_like):
    bone = femur_like(Side.LEFT)
    aside = Mesh(bone.vertices + [0, 0, 0.5], bone.faces)
    assert 0.45 < hausdorff_mm(bone, aside) <= 0.5 + 1e-9
    assert hausdorff_mm(bone, bone) < 1e-9


@pytest.mark.parametrize("edge_mm", [1.5, 3.0])
def test_triangles_of_one_size(bone, edge_mm):
    pytest.importorskip("gpytoolbox")
    mesh, plane = bone
    made = evened(mesh, edge_mm, [plane])
    found = quality(made)
    assert found.closed
    assert found.crossings == 0
    assert genus(made) == 0
    assert found.median_edge_mm == pytest.approx(edge_mm, rel=0.1)
    assert found.least_angle_deg > 10
    assert found.median_least_angle_deg > 50
    assert hausdorff_mm(made, mesh) < 0.45 * edge_mm  # in the sharp corners between the rods
    assert made.volume_mm3 == pytest.approx(mesh.volume_mm3, rel=0.005 * edge_mm / 1.5)
    flat = [Mesh(m.vertices, m.faces[flat_faces(m, [plane])]).area_mm2 for m in (mesh, made)]
    assert flat[1] == pytest.approx(flat[0], rel=0.02)
    assert uncut(made, [plane]).area_mm2 == pytest.approx(uncut(mesh, [plane]).area_mm2, rel=0.01)


@pytest.mark.parametrize("within_mm", [0.1, 0.5])
def test_as_few_triangles_as_the_distance_allows(bone, within_mm):
    mesh, _ = bone
    made = fewest(mesh, within_mm)
    assert made.is_watertight
    assert hausdorff_mm(made, mesh) <= within_mm
    assert len(made.faces) < len(mesh.faces) / 2
    assert made.volume_mm3 == pytest.approx(mesh.volume_mm3, rel=0.03 * within_mm)
