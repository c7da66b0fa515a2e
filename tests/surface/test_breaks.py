"""A femur of rods, whole and broken: steps, gaps and pieces."""

import numpy as np
import pytest
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.measure.fracture import ACROSS, fracture_findings, without_axes
from femurkit.mesh import Mesh
from femurkit.solid import Plane, cut, voxelise
from femurkit.surface.breaks import breaks_in, gap_around_shaft
from femurkit.surface.fragments import pieces_of
from femurkit.surface.smooth import NONE, Surface, together
from femurkit.volume import Field, Volume

UP = np.array([0.0, 0.0, 1.0])


def broken(mesh, point, normal, shift):
    """What lies beyond a plane, moved; both parts as one surface."""
    kept = cut(mesh, [Plane(point, normal)])
    moved = cut(mesh, [Plane(point, -normal)])
    moved = Mesh(moved.vertices + shift, moved.faces)
    return together([Surface(part, NONE, 0.0, 0.0) for part in (kept, moved)]).mesh


@pytest.fixture(scope="module")
def whole(femur_like):
    return femur_like(Side.LEFT)


def test_a_whole_femur_has_no_step(whole):
    assert breaks_in(whole, Side.LEFT, ()) == ()


def test_a_side_of_the_scan_that_cuts_the_bone_is_no_step(whole, head):
    """Cut from a level on, the middle of the bone jumps, though nothing is broken."""
    at = head[0] - 90 * UP
    middle = whole.vertices[np.abs(whole.vertices[:, 2] - at[2]) < 6].mean(0)
    side = Plane(middle, np.array([-1.0, 0.0, 0.0]))
    above = cut(cut(whole, [Plane(at, UP)]), [side])
    parts = (above, cut(whole, [Plane(at, -UP)]))
    outline = together([Surface(part, NONE, 0.0, 0.0) for part in parts]).mesh
    assert any("shaft" in found.text for found in breaks_in(outline, Side.LEFT, ()))
    assert not any("shaft" in found.text for found in breaks_in(outline, Side.LEFT, (side,)))


@pytest.mark.parametrize("aside", [6.0, 12.0, 25.0])
def test_a_shaft_moved_aside_has_a_step_and_the_head_is_kept(whole, head, aside):
    at = head[0] - 90 * UP
    found = breaks_in(broken(whole, at, UP, [aside, 0, 0]), Side.LEFT, ())
    assert len(found) == 1
    assert found[0].text == f"the shaft has a step of {aside:.0f} mm"
    assert found[0].kept.depth_mm(head[0]) > 0
    assert found[0].at_mm[2] == pytest.approx(at[2], abs=5)


def test_a_head_moved_on_its_neck_is_a_step_and_the_shaft_is_kept(whole, head):
    neck = np.array([0.8, 0.0, -0.6])
    shift = 14 * np.array([0.6, 0.0, 0.8])
    found = breaks_in(broken(whole, head[0] + 32 * neck, neck, -shift), Side.LEFT, ())
    assert [b.text.startswith("the neck has a step") for b in found] == [True]
    assert found[0].kept.depth_mm(head[0]) < 0


def scan(mesh, gap):
    """A CT of a femur with a cortex 4 mm thick; gap: (z, x) -> where it is missing."""
    lo, hi = mesh.vertices.min(0) - 6, mesh.vertices.max(0) + 6
    shape = np.ceil((hi - lo)[::-1] / (2.0, 1.0, 1.0)).astype(int)
    grid = Grid.aligned(shape, (2.0, 1.0, 1.0), lo)
    inside = voxelise(mesh, grid)
    depth = ndimage.distance_transform_edt(inside, grid.spacing_mm)
    hu = np.select([depth > 4, depth > 0], [0, 1300], 50).astype(np.int16)
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    return Volume(np.where(gap(points) & (hu > 1000), 60, hu).astype(np.int16), grid)


@pytest.mark.parametrize(
    ("gap", "goes_around"),
    [
        (lambda p, z: np.zeros(p.shape[:-1], bool), False),
        (lambda p, z: np.abs(p[..., 2] - z) < 2, True),
        (lambda p, z: np.abs(p[..., 2] - z - 0.6 * (p[..., 0] - 128)) < 2.5, True),
        (lambda p, z: (np.abs(p[..., 2] - z) < 2) & (p[..., 0] > 128), False),
    ],
    ids=["none", "across", "oblique", "half"],
)
def test_a_gap_counts_where_it_goes_around(whole, head, gap, goes_around):
    level = head[0][2] - 96
    volume = scan(whole, lambda points: gap(points, level))
    assert gap_around_shaft(whole, Side.LEFT, volume) is goes_around
    measured = {"head_centre_lps_mm": None, "not_measurable": {"head": "none"}}
    found = fracture_findings(whole, Side.LEFT, volume, measured, metal=True)
    assert found == ()  # beside metal a gap says nothing


def test_pieces_are_a_finding_and_what_goes_across_them_is_not_measured(whole):
    volume = scan(whole, lambda points: np.zeros(points.shape[:-1], bool))
    measured = {"head_centre_lps_mm": None, "not_measurable": {"head": "none"}}
    (found,) = fracture_findings(whole, Side.LEFT, volume, measured, pieces=2)
    assert (found.code, found.severity) == ("FRACTURE_SUSPECTED", "warning")
    assert "2 pieces" in found.text
    row = {"volume_ml": 200.0, "neck_shaft_angle_deg": 120.0, "standard_errors": {}}
    row["not_measurable"] = {}
    assert without_axes(row, 1) == row
    after = without_axes(row, 2)
    assert after["neck_shaft_angle_deg"] is None
    assert after["volume_ml"] == 200.0
    assert after["not_measurable"] == {"neck_shaft_angle_deg": "the bone is in pieces"}
    assert "neck_shaft_angle_deg" in ACROSS


def block(array, z, y, x):
    array[slice(*z), slice(*y), slice(*x)] = 1.0


def test_near_bone_below_is_kept_and_everything_else_is_not():
    field = np.zeros((90, 40, 60), np.float32)
    block(field, (40, 85), (10, 30), (10, 40))  # the upper femur
    one = Field(field.copy(), Grid.aligned(field.shape, (1.5,) * 3, (0, 0, 0)))
    assert pieces_of(one) == (one,)
    block(field, (5, 36), (12, 26), (24, 38))  # the shaft, 6 mm below it
    block(field, (30, 38), (10, 20), (0, 12))  # an ischium, medial
    block(field, (60, 63), (33, 36), (30, 40))  # a splinter
    two = pieces_of(Field(field, one.grid))
    assert len(two) == 2
    assert two[0].array.sum() == 45 * 20 * 30
    assert two[1].array.sum() == 31 * 14 * 14
    field[:] = 0
    block(field, (40, 85), (10, 30), (10, 40))
    block(field, (5, 24), (12, 26), (24, 38))  # 24 mm below
    assert len(pieces_of(Field(field, one.grid))) == 1
