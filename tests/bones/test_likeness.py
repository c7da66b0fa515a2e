"""Femora lie near the shape model, other bones and femora of the other side do not."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from femurkit.anatomy import Side
from femurkit.bones.likeness import in_body, nearest_femur
from femurkit.bones.model import shape_model
from femurkit.geometry import Grid
from femurkit.measure.likeness import NO_FEMUR_MM, USUAL_MM, likeness
from femurkit.phantom.anatomy import draw_anatomy
from femurkit.solid import Plane, cut, faces
from femurkit.surface.contour import largest_part
from femurkit.volume import Volume


def window(low, high):
    shape = np.round((np.array(high) - low)[::-1]).astype(int)
    return faces(Grid.aligned(tuple(int(n) for n in shape), (1.0, 1.0, 1.0), np.array(low) + 0.5))


def hip(mesh, *, length=160.0, lost=0.0, margin=20.0):
    """The upper part of a femur: so long, with so much of the top cut off, mm."""
    low, high = mesh.vertices.min(0) - margin, mesh.vertices.max(0) + margin
    low[2], high[2] = high[2] - margin - length, high[2] - lost - (margin if lost else 0.0)
    planes = window(low, high)
    return cut(mesh, planes), planes


@pytest.fixture(scope="module")
def femora():
    return draw_anatomy(np.random.default_rng(7)).femurs


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("lost", [0.0, 15.0, 40.0])
def test_a_femur_is_one_of_its_own_side(femora, side, lost):
    surface, planes = hip(femora[side].mesh, lost=lost)
    found = likeness(surface, side, planes)
    assert found.apart.worst_mm < USUAL_MM
    assert found.is_usual and found.is_femur and found.side_agrees


@pytest.mark.parametrize("side", Side)
def test_a_mirrored_femur_is_told(femora, side):
    surface, planes = hip(femora[side].mesh)
    found = likeness(surface, side.other, planes)
    assert found.apart.worst_mm > USUAL_MM
    assert not found.side_agrees
    assert found.other_mm == pytest.approx(likeness(surface, side, planes).apart.out_mm)
    assert f"nearer to a {side.value} femur" in found.side_text and "mirrored" in found.side_text


def test_the_model_itself_is_at_hardly_any_distance():
    model = shape_model()
    mesh = model.mesh("femur", model.scores.mean(0))
    surface, planes = hip(mesh)
    assert nearest_femur(surface, Side.LEFT, planes).worst_mm < 0.4


def test_where_and_how_it_lies_changes_little(femora):
    surface, planes = hip(femora[Side.LEFT].mesh)
    before = nearest_femur(surface, Side.LEFT, planes).worst_mm
    place = np.eye(4)
    place[:3, :3] = Rotation.from_euler("xyz", [12, -10, 25], degrees=True).as_matrix()
    place[:3, 3] = 300, -150, 800
    moved = surface.transformed(place)
    there = [
        type(p)(place[:3, :3] @ p.point_mm + place[:3, 3], place[:3, :3] @ p.inward) for p in planes
    ]
    assert nearest_femur(moved, Side.LEFT, there).worst_mm == pytest.approx(before, abs=0.4)


def test_a_piece_of_the_pelvis_is_no_femur():
    model = shape_model()
    mesh = model.mesh("pelvis", model.scores[3])
    wing = mesh.vertices[mesh.vertices[:, 2].argmax()]
    planes = window(wing - [60, 60, 90], wing + [60, 60, 20])
    found = likeness(largest_part(cut(mesh, planes)), Side.LEFT, planes)
    assert found.apart.out_mm > NO_FEMUR_MM
    assert not found.is_femur


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("seen_mm", [180.0, 250.0])
@pytest.mark.parametrize("left_mm", [65.0, 75.0, 90.0, 110.0])
def test_a_femur_without_its_shaft_is_one_but_not_a_whole_one(femora, side, seen_mm, left_mm):
    whole, planes = hip(femora[side].mesh, length=seen_mm)
    part, _ = hip(femora[side].mesh, length=left_mm)
    found = likeness(part, side, planes)
    assert found.is_femur and found.side_agrees and not found.is_usual
    assert found.apart.back_mm > 4 * found.apart.out_mm
    assert likeness(whole, side, planes).is_usual


def test_a_speck_is_laid_over_nothing():
    model = shape_model()
    mesh = model.mesh("femur", model.scores[0])
    top = mesh.vertices[:, 2].max()
    planes = window(
        [*mesh.vertices.min(0)[:2] - 5, top - 1.5], [*mesh.vertices.max(0)[:2] + 5, top + 9]
    )
    found = likeness(cut(mesh, planes), Side.LEFT, planes)
    assert not found.is_femur
    assert "too small" in found.out_text and "inf" not in found.out_text


def test_what_the_scan_does_not_show_is_not_missed(femora):
    """A turned scan ends within its own faces, in padding that cuts the shaft obliquely."""
    mesh = femora[Side.LEFT].mesh
    low, high = mesh.vertices.min(0) - 20, mesh.vertices.max(0) + 20
    low[2] = high[2] - 200
    planes = window(low, high)
    slant = np.array([0.4, 0.0, 1.0])
    end = Plane(np.array([0, 0, high[2] - 130.0]), slant / np.linalg.norm(slant))
    surface = cut(mesh, [*planes, end])
    there = nearest_femur(surface, Side.LEFT, planes, shown=lambda at: end.depth_mm(at) > 2.0)
    assert there.worst_mm < USUAL_MM
    assert nearest_femur(surface, Side.LEFT, planes).back_mm > 2 * there.back_mm


def test_the_body_is_where_there_is_no_air():
    grid = Grid.aligned((4, 4, 4), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    hu = np.full(grid.shape, -1000, np.int16)
    hu[2:] = 40
    shown = in_body(Volume(hu, grid))
    assert shown(np.array([[2.0, 2, 6], [2, 2, 0], [2, 2, 99]])).tolist() == [True, False, True]


@pytest.mark.parametrize("lean_deg", [-60.0, 60.0])
def test_a_leaning_leg_is_a_femur(femora, lean_deg):
    """Spread or bent by so much, as of legs on a cushion; most of the shaft is shown."""
    mesh = femora[Side.LEFT].mesh
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("y", lean_deg, degrees=True).as_matrix()
    surface, planes = hip(mesh.transformed(turn), length=260.0, margin=60.0)
    assert nearest_femur(surface, Side.LEFT, planes).worst_mm < USUAL_MM
