import json

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.image_checks.metal import METAL_FREE
from femurkit.measure.area import end_area_mm2, surface_area_mm2
from femurkit.measure.femur import measure
from femurkit.measure.hollow import canal_volume_ml, hollow_volume_ml, why_solid
from femurkit.measure.length import visible_length_mm
from femurkit.measure.metal import metal_ml
from femurkit.measure.verdict import verdict
from femurkit.measure.volume import volume_ml
from femurkit.mesh import Mesh
from femurkit.pipeline import by_femur
from femurkit.remark import remarks_on
from femurkit.solid import Plane, cut, voxelise
from femurkit.surface.hollow import Hollow
from femurkit.surface.smooth import Smoothing, smooth
from femurkit.volume import Field, Mask, Volume

UP = np.array([0.0, 0.0, 1.0])


def box(size, centre=(0.0, 0.0, 0.0), *, inward=False):
    """A closed box of twelve triangles."""
    x, y, z = np.array(size) / 2
    corners = np.array([[i, j, k] for k in (-z, z) for j in (-y, y) for i in (-x, x)]) + centre
    quads = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]]
    faces = np.array([t for a, b, c, d in quads for t in ([a, b, c], [a, c, d])])
    return Mesh(corners, faces[:, ::-1] if inward else faces)


def together(*meshes):
    starts = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    return Mesh(
        np.vstack([m.vertices for m in meshes]),
        np.vstack([m.faces + s for m, s in zip(meshes, starts[:-1], strict=True)]),
    )


def codes(found, *, passed):
    return {c["code"] for c in found["checks"] if c["passed"] is passed}


@pytest.fixture
def bone(femur_like, head):
    mesh = cut(femur_like(Side.LEFT), [Plane(head[0] - 100 * UP, UP)])
    lo = mesh.vertices.min(0) - 5
    grid = Grid.aligned((65, 90, 140), (2.5, 1, 1), [lo[0], lo[1], head[0][2] - 98.75])
    return mesh, Mask(voxelise(mesh, grid), grid)


def test_volume_and_area_of_a_box_are_exact():
    brick = box((10, 20, 30), (500, -300, 99))
    assert volume_ml(brick) == pytest.approx(6.0)
    assert surface_area_mm2(brick, []) == pytest.approx(2200)
    floor = Plane(np.array([0.0, 0.0, 99 - 15]), UP)
    assert end_area_mm2(brick, [floor]) == pytest.approx(200)
    assert surface_area_mm2(brick, [floor]) == pytest.approx(2000)
    assert visible_length_mm(brick) == pytest.approx(np.sqrt(5**2 + 10**2 + 30**2))


def test_an_open_surface_has_no_volume():
    brick = box((10, 20, 30))
    with pytest.raises(DegenerateShape):
        volume_ml(Mesh(brick.vertices, brick.faces[1:]))


def test_a_hollow_box_has_the_volume_of_its_walls():
    solid = box((10, 20, 30))
    hollow = together(solid, box((4, 5, 6), inward=True))
    assert hollow_volume_ml(hollow) == pytest.approx(6.0 - 0.12)
    assert canal_volume_ml(solid, hollow) == pytest.approx(0.12)


def test_voxelise_is_the_same_on_a_turned_and_mirrored_grid():
    brick = box((10, 20, 30), (1, 2, 3))
    affine = np.array([[0, -0.8, 0.6, 0], [0, 0.6, 0.8, 0], [2, 0, 0, 0], [0, 0, 0, 1.0]])
    affine[:3, 3] = np.array([1, 2, 3]) - affine[:3, :3] @ [12.3, 20.2, 20.4]
    grid = Grid((26, 42, 42), affine)
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - [1, 2, 3]
    expected = (np.abs(points) < np.array([5, 10, 15])).all(-1)
    np.testing.assert_array_equal(voxelise(brick, grid), expected)


def test_a_good_femur_passes_every_check_and_is_plain_json(bone, head):
    mesh, mask = bone
    found = measure(Side.LEFT, mask, mesh, mesh)
    assert codes(found, passed=False) == set()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["side"] == "left"
    assert found["volume_ml"] == pytest.approx(mesh.volume_mm3 / 1000, abs=1e-3)
    assert found["mask_volume_ml"] == pytest.approx(mask.volume_ml, abs=1e-3)
    assert found["end_area_mm2"] == pytest.approx(np.pi * 14**2, rel=0.01)
    np.testing.assert_allclose(found["head_centre_lps_mm"], head[0], atol=0.2)
    assert found["canal_volume_ml"] == 0


def test_without_a_canal_the_hollow_bone_is_missing_with_the_reason(bone):
    mesh, mask = bone
    note = "No shaft in the scan: no canal opened."
    why = why_solid(Hollow(smooth(mesh, Smoothing(0)), 0.0, None, None, None, (note,)))
    found = measure(Side.LEFT, mask, mesh, mesh, no_canal=why)
    for name in ("hollow_volume_ml", "canal_volume_ml", "hollow_surface_area_mm2"):
        assert found[name] is None
        assert found["not_measurable"][name] == "no shaft in the scan"
    assert "HOLLOW_CLOSED" not in codes(found, passed=True)


def test_a_shaft_alone_says_that_its_head_is_not_in_the_scan():
    shaft = box((28, 28, 120))
    grid = Grid.aligned((116, 40, 40), (1, 1, 1), (-19.5, -19.5, -57.5))
    found = measure(Side.LEFT, Mask(voxelise(shaft, grid), grid), shaft)
    why = "the head is not wholly in the scan"
    assert found["not_measurable"]["head"] == why
    assert found["not_measurable"]["neck_shaft_angle_deg"] == why
    (reaches,) = (c["text"] for c in found["checks"] if c["code"] == "REACHES_SHAFT")
    assert reaches.endswith("without a head that could be told")


def test_an_open_surface_fails_its_check(bone):
    mesh, mask = bone
    found = measure(Side.LEFT, mask, Mesh(mesh.vertices, mesh.faces[1:]))
    assert codes(found, passed=False) == {"WATERTIGHT"}
    (why,) = (check["text"] for check in found["checks"] if not check["passed"])
    assert why == "The periosteal surface is open"


def test_two_parts_fail_their_check(bone):
    mesh, mask = bone
    speck = box((2, 2, 2), mesh.vertices.mean(0) + 90)
    assert codes(measure(Side.LEFT, mask, together(mesh, speck)), passed=False) == {"ONE_COMPONENT"}


def test_a_mask_of_another_volume_fails_its_check(bone):
    mesh, mask = bone
    array = mask.array.copy()
    array[:, :, :5] = array[:, :, -5:] = True
    assert "MASK_AGREES" in codes(measure(Side.LEFT, Mask(array, mask.grid), mesh), passed=False)


def test_a_fragment_is_not_plausible_and_its_head_not_measurable():
    brick = box((20, 20, 30))
    grid = Grid.aligned((32, 22, 22), (1, 1, 1), (-10.5, -10.5, -15.5))
    found = measure(Side.LEFT, Mask(voxelise(brick, grid), grid), brick)
    assert "VOLUME_PLAUSIBLE" in codes(found, passed=False)
    assert found["head_radius_mm"] is None
    assert found["not_measurable"]["head"]


def test_the_visible_length_of_real_femora_is_the_published_one(libhip):
    """Published: 92.03, 92.5 and 153.37 mm, from the middle of the lower end."""
    for name, published in (("m7_lfemur", 92.03), ("m7_rfemur", 92.5), ("m8_lfemur", 153.37)):
        assert visible_length_mm(libhip[name]) == pytest.approx(published, rel=0.04)


def test_metal_near_the_bone_is_counted_and_fails_its_check(bone):
    mesh, mask = bone
    hu = np.full(mask.grid.shape, 40, np.int16)
    volume = Volume(hu, mask.grid)
    assert "NO_METAL" in codes(measure(Side.LEFT, mask, mesh, None, volume), passed=True)
    z, y, x = np.argwhere(mask.array).mean(0).astype(int)
    hu[z : z + 4, y : y + 10, x : x + 10] = 3000
    hu[:, 0, 0] = 3000  # far away
    found = measure(Side.LEFT, mask, mesh, None, Volume(hu, mask.grid))
    assert metal_ml(Volume(hu, mask.grid), mask) == pytest.approx(4 * 10 * 10 * 2.5 / 1000)
    assert "NO_METAL" in codes(found, passed=False)


@pytest.mark.parametrize(("undecided", "sure"), [(None, True), (0.2, True), (1.0, False)])
def test_a_head_that_the_third_pass_is_undecided_about_is_doubted(femur_like, undecided, sure):
    mesh = femur_like(Side.LEFT)
    low, high = mesh.vertices.min(0) - 8, mesh.vertices.max(0) + 8
    shape = np.ceil((high - low) / 2).astype(int)[::-1]
    grid = Grid.aligned(tuple(int(n) for n in shape), (2.0,) * 3, low)
    mask = Mask(voxelise(mesh, grid), grid)
    noise = np.random.default_rng(0).normal(0, 10, grid.shape)
    hu = Volume((np.where(mask.array, 900, 40) + noise).astype(np.int16), grid)
    says = Field(mask.array.astype(np.float32), grid)
    found = measure(Side.LEFT, mask, mesh, None, hu, probability=says, head_undecided=undecided)
    text = next(c["text"] for c in found["checks"] if c["code"] == "CONFIDENT")
    assert ("undecided, or disagree" in text) != sure


def test_a_scan_that_ends_at_the_lesser_trochanter_is_said(femur_like, head):
    mesh = cut(femur_like(Side.LEFT), [Plane(head[0] - 45 * UP, UP)])
    lo = mesh.vertices.min(0) - 5
    grid = Grid.aligned((34, 90, 140), (2.5, 1, 1), [lo[0], lo[1], head[0][2] - 43.75])
    found = measure(Side.LEFT, Mask(voxelise(mesh, grid), grid), mesh)
    assert "REACHES_SHAFT" in codes(found, passed=False)


@pytest.mark.parametrize(
    ("away_mm", "streaks_hu", "word"),
    [(170.0, 0.0, "accept"), (170.0, 80.0, "look"), (15.0, 0.0, "look")],
)
def test_metal_is_looked_at_where_its_streaks_reach_the_femur(
    femur_like, head, away_mm, streaks_hu, word
):
    """4 ml of steel, as a ring on a hand at the edge of the image and beside the femur."""
    mesh = cut(femur_like(Side.LEFT), [Plane(head[0] - 100 * UP, UP)])
    lo, hi = mesh.vertices.min(0) - [5, 20, 0], mesh.vertices.max(0)
    grid = Grid.aligned((65, 130, 320), (2.5, 1, 1), [lo[0], lo[1], head[0][2] - 98.75])
    mask = Mask(voxelise(mesh, grid), grid)
    z, y, x = np.moveaxis(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0)[::-1]
    cx, cy, cz = hi[0] + away_mm, lo[1] + 65, head[0][2]
    hu = np.where(mask.array, 700.0, 50.0) + np.random.default_rng(0).normal(0, 15, grid.shape)
    hu += streaks_hu * np.sin(150 * np.arctan2(y - cy, x - cx)) * (abs(z - cz) < 12)
    hu[(x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 < 9.8**2] = 3000
    volume = Volume(hu.astype(np.int16), grid)
    (said,) = by_femur(remarks_on(volume, (METAL_FREE,)))
    assert said.severity == "note" and said.text.startswith("4 ml of metal")
    judged = verdict(measure(Side.LEFT, mask, mesh, None, volume), remarks=[said])
    assert judged.word == word, judged.reasons
    assert all("ml of metal in the femur's slices" in why for why in judged.reasons)
