import numpy as np
import pytest
from scipy.spatial import cKDTree

from femurkit.anatomy import Side
from femurkit.bones.model import shape_model
from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.mesh import vertex_normals
from femurkit.phantom.joint import Joint, draw_joint
from femurkit.phantom.pose import assemble, assembled
from femurkit.phantom.shapes import MIRROR, femur_frame, fit_sphere
from femurkit.solid import voxelise
from femurkit.surface.axes import axes_of


def test_a_sphere_is_found_exactly():
    rng = np.random.default_rng(0)
    rays = rng.normal(size=(200, 3))
    points = 21.5 * rays / np.linalg.norm(rays, axis=1, keepdims=True) + [80, -10, 900]
    centre, radius = fit_sphere(points)
    assert np.allclose(centre, [80, -10, 900], atol=1e-8)
    assert radius == pytest.approx(21.5, abs=1e-8)


def test_knees_that_must_be_apart_are_apart():
    spread = iter([-12.0, -12.0, 8.0, 8.0])  # the first posture crosses the legs

    def draw():
        return {side: Joint(0.0, next(spread), 5.0, 3.0, 0.0) for side in Side}

    bones = assembled(np.random.default_rng(3), draw, size=1.0, knees_apart_mm=10.0)
    left, right = (b.mesh.vertices for b in bones if b.kind == "femur")
    assert next(spread, None) is None and cKDTree(left).query(right)[0].min() >= 10


def test_three_points_make_no_sphere():
    with pytest.raises(DegenerateShape):
        fit_sphere(np.eye(3))


@pytest.mark.parametrize("subject", range(0, 26, 5))
def test_every_subject_gives_closed_bones_of_human_size(subject):
    model = shape_model()
    femur = model.mesh("femur", model.scores[subject])
    pelvis = model.mesh("pelvis", model.scores[subject])
    frame = femur_frame(femur.vertices)
    assert femur.is_watertight and pelvis.is_watertight
    assert 300 < femur.volume_mm3 / 1000 < 800
    assert 19 < frame.head_radius < 28
    axes = axes_of(femur, Side.LEFT)
    assert 110 < axes.neck_shaft_deg < 142
    assert frame.lateral[0] > 0.5, "lateral of a left femur is the patient's left"
    assert frame.down[2] < -0.9


def test_a_mirrored_femur_is_a_right_one():
    rng = np.random.default_rng(3)
    bones = assemble(rng, {s: draw_joint(rng, 0.0) for s in Side})
    left = next(b for b in bones if b.kind == "femur" and b.side is Side.LEFT)
    right = left.moved(MIRROR)
    assert right.side is Side.RIGHT
    assert right.mesh.volume_mm3 == pytest.approx(left.mesh.volume_mm3)
    assert right.frame is not None and left.frame is not None
    assert np.allclose(right.frame.head, left.frame.head * [-1, 1, 1])
    for name in ("down", "lateral", "neck"):
        mirrored = getattr(left.frame, name) * [-1, 1, 1]
        np.testing.assert_allclose(getattr(right.frame, name), mirrored, atol=1e-12)


@pytest.mark.parametrize(("seed", "arthritis"), [(0, 0.0), (1, 0.0), (2, 1.0), (3, 0.6)])
def test_femur_and_pelvis_never_share_space_and_the_gap_is_narrow(seed, arthritis):
    rng = np.random.default_rng(seed)
    bones = assemble(rng, {s: draw_joint(rng, arthritis) for s in Side})
    pelvis = next(b.mesh for b in bones if b.kind == "pelvis")
    for femur in (b for b in bones if b.kind == "femur"):
        assert femur.frame is not None
        centre, reach = femur.frame.head, femur.frame.head_radius + 12
        n = int(2 * reach / 0.7)
        box = Grid.aligned((n, n, n), (0.7,) * 3, centre - reach)
        assert not (voxelise(femur.mesh, box) & voxelise(pelvis, box)).any()
        near = pelvis.vertices[np.linalg.norm(pelvis.vertices - centre, axis=1) < reach]
        gap = min(np.linalg.norm(femur.mesh.vertices - p, axis=1).min() for p in near[::3])
        assert 0 < gap < 5.5


def test_a_positive_rotation_turns_the_foot_outward():
    turned = {}
    for rotation in (0.0, 25.0):
        joint = Joint(0.0, 0.0, rotation, 2.0, 0.0)
        bones = assemble(np.random.default_rng(1), dict.fromkeys(Side, joint))
        for side in Side:
            femur, kneecap = (
                next(b.mesh.vertices for b in bones if (b.kind, b.side) == (kind, side))
                for kind in ("femur", "patella")
            )
            knee = femur[femur[:, 2] < femur[:, 2].min() + 40].mean(0)
            forward = kneecap.mean(0) - knee
            turned[side, rotation] = np.degrees(np.arctan2(forward[0] * side.sign, -forward[1]))
    for side in Side:
        assert turned[side, 25.0] == pytest.approx(turned[side, 0.0] + 25, abs=6)


def test_normals_point_outward():
    model = shape_model()
    mesh = model.mesh("femur", np.zeros(26))
    grown = mesh.vertices + 0.5 * vertex_normals(mesh)
    assert type(mesh)(grown, mesh.faces).volume_mm3 > mesh.volume_mm3
