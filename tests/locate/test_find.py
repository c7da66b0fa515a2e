"""Finding hips with networks that read their answer from the scan: each HU value names a class,
and FALSE added to it says that only the coarse network is wrong there.

The bones are those of the shape model, so that what is verified has the shape of a femur or not.
"""

from functools import cache

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.bones.likeness import fit_femur
from femurkit.bones.model import shape_model
from femurkit.errors import NoFemurFound
from femurkit.geometry import Grid
from femurkit.locate import find
from femurkit.locate.candidates import Candidate
from femurkit.locate.find import find_hips, locate
from femurkit.locate.landmarks import Landmarks
from femurkit.locate.socket import socket_share
from femurkit.locate.verify import (
    MAX_OUT_IN_SOCKET_MM,
    MAX_SUM_IN_SOCKET_MM,
    SOCKET_CLEAR,
    Rejected,
    Verified,
    _fit_of_part,
    verify,
)
from femurkit.measure.likeness import LEFT_OUT_MM
from femurkit.mesh import Mesh
from femurkit.solid import Plane, cut, voxelise
from femurkit.volume import Volume

LEFT, RIGHT, SHAFT, BONE, MUSCLE = 200, 300, 400, 700, 0
FALSE = 1000
METAL = 460
"""The coarse network calls it other bone, the fine one femur."""
HEAD_X = 90.0
"""Distance of a head from the midline."""
GRID = Grid.aligned((80, 56, 128), (3, 3, 3), (-190.5, -84, -180))
BODY = ((-180, -80, -200), (180, 80, 80), MUSCLE)


class Marked:
    """Answers with the class that the HU name: coarse 200 to 500, fine any femur of those."""

    kind = "hip"
    sha256 = "0"
    femur = 1

    def __init__(self, spacing_mm, *, coarse):
        self.spacing_mm, self.coarse = spacing_mm, coarse
        self.steps = (8, 8, 8)

    def __call__(self, hu):
        shown = np.where(hu > FALSE, hu - FALSE, hu) if self.coarse else hu
        named = (np.rint(shown / 100) - 1).clip(0, 4).astype(int)
        if not self.coarse:
            named = ((hu > 100) & (hu < METAL + 20)).astype(int)
        return np.moveaxis(np.eye(5, dtype=np.float32)[named], -1, 0)


@pytest.fixture(autouse=True)
def networks(monkeypatch):
    made = {"coarse": Marked(4.0, coarse=True), "fine": Marked(1.5, coarse=False)}
    monkeypatch.setattr(find, "shipped", lambda name, device="auto": made[name])


@cache
def femur(side: Side) -> Mesh:
    """The model's mean femur, head at x = +-90 mm, hip at z = 0."""
    model = shape_model()
    mesh = model.mesh("femur", model.scores.mean(0))
    top = mesh.vertices[mesh.vertices[:, 2] > mesh.vertices[:, 2].max() - 45]
    shift = np.array([HEAD_X, 0, 0]) - top.mean(0)
    vertices = (mesh.vertices + shift) * [side.sign, 1, 1]
    return Mesh(vertices, mesh.faces if side is Side.LEFT else mesh.faces[:, ::-1])


def scan(*parts, grid=GRID, shift=(0, 0, 0)):
    """A body with femora (a side and the HU of its proximal part) and boxes (low, high, HU)."""
    hu = np.full(grid.shape, -1000, np.int16)
    points = grid.to_world(np.indices(grid.shape).transpose(1, 2, 3, 0)) - np.array(shift)
    for part in (BODY, *parts):
        if isinstance(part[0], Side):
            side, value = part
            mesh = femur(side)
            inside = voxelise(Mesh(mesh.vertices + np.array(shift), mesh.faces), grid)
            hu[inside] = np.where(points[..., 2] > -80, value, SHAFT)[inside]
        else:
            low, high, value = part
            hu[((points >= low) & (points <= high)).all(-1)] = value
    return Volume(hu, grid)


L, R = (Side.LEFT, LEFT), (Side.RIGHT, RIGHT)


def sides(hips):
    return [hip.side for hip in hips]


def test_both_hips_each_in_a_box_that_holds_it():
    left, right = find_hips(scan(L, R))
    assert sides([left, right]) == [Side.LEFT, Side.RIGHT]
    for hip in (left, right):
        low, high = hip.box.bounds_mm()
        top = femur(hip.side).vertices
        top = top[top[:, 2] > -170]
        assert (low < top.min(0)).all() and (high > top.max(0)).all()
        assert all(n % 8 == 0 for n in hip.box.shape)
    assert left.box.affine[0, 2] == 1.5 and right.box.affine[0, 2] == -1.5


@pytest.mark.parametrize(("turn_z", "turn_x"), [(1, 1), (-1, -1), (-1, 1)])
def test_sides_do_not_depend_on_the_order_of_the_array(turn_z, turn_x):
    affine = GRID.affine.copy()
    ends = [0 if turn_z > 0 else GRID.shape[0] - 1, 0, 0 if turn_x > 0 else GRID.shape[2] - 1]
    affine[:3, 3] = GRID.to_world(ends)
    affine[:3, 0] *= turn_z
    affine[:3, 2] *= turn_x
    assert sides(find_hips(scan(L, R, grid=Grid(GRID.shape, affine)))) == [Side.LEFT, Side.RIGHT]


def test_sides_hold_far_off_centre():
    shift = np.array([500.0, 300, 900])
    grid = Grid.aligned(GRID.shape, GRID.spacing_mm, GRID.origin_mm + shift)
    left, right = find_hips(scan(L, R, grid=grid, shift=shift))
    assert left.box.bounds_mm()[0][0] > 500 > right.box.bounds_mm()[1][0]


def test_two_femurs_marked_as_left_are_told_apart_by_place_and_shape():
    assert sides(find_hips(scan(L, (Side.RIGHT, LEFT)))) == [Side.LEFT, Side.RIGHT]


def test_bowel_marked_above_a_hip_does_not_take_its_place():
    """tcga-ay-4070: 120 ml of bowel, more than the hip below it had, marked as its side."""
    bowel = ((-140, -40, 30), (-50, 40, 80), RIGHT + FALSE)
    assert sides(find_hips(scan(L, R, bowel))) == [Side.LEFT, Side.RIGHT]
    located = locate(scan(L, bowel))
    assert sides(located.hips) == [Side.LEFT]


def test_a_hip_that_the_coarse_pass_does_not_mark_is_found_at_its_mirrored_place(monkeypatch):
    volume = scan(L, R)
    blind = Marked(4.0, coarse=True)
    marks = blind.__call__
    made = {"fine": Marked(1.5, coarse=False)}

    class Blind(Marked):
        def __call__(self, hu):
            return marks(np.where(hu == RIGHT, 0.0, np.where(hu == SHAFT, 0.0, hu)))

    made["coarse"] = Blind(4.0, coarse=True)
    monkeypatch.setattr(find, "shipped", lambda name, device="auto": made[name])
    assert sides(find_hips(volume)) == [Side.LEFT, Side.RIGHT]


def test_a_missing_femur_is_expected_where_the_scan_shows_its_place():
    (lost,) = locate(scan(L)).missing
    assert (lost.side, lost.expected) == (Side.RIGHT, True)


def test_a_missing_femur_is_not_expected_beyond_the_scan():
    half = GRID.crop((0, 0, 64), GRID.shape)
    located = locate(scan(L, grid=half))
    (lost,) = located.missing
    assert sides(located.hips) == [Side.LEFT]
    assert (lost.side, lost.expected) == (Side.RIGHT, False)


def test_no_proximal_femur_is_refused_with_exit_code_4():
    with pytest.raises(NoFemurFound) as refusal:
        find_hips(scan(((-40, -40, -40), (40, 40, 50), BONE)))
    assert refusal.value.exit_code == 4


@pytest.mark.parametrize(
    "low", [(60, -20, -60), (-20, -20, -60), (40, 30, -20)], ids=["at a hip", "middle", "back"]
)
def test_a_block_is_no_femur(low):
    low = np.array(low)
    with pytest.raises(NoFemurFound, match="shape of a femur"):
        find_hips(scan((low, low + [60, 40, 100], LEFT)))


def test_soft_tissue_of_the_shape_of_a_femur_is_none(monkeypatch):
    """An empty socket after the removal of a femur holds such."""
    soft = scan(L)
    array = np.where(soft.array == LEFT, 101, np.where(soft.array == SHAFT, 102, soft.array))
    with pytest.raises(NoFemurFound):
        find_hips(Volume(array, GRID))


def test_a_fragment_is_no_femur():
    with pytest.raises(NoFemurFound):
        find_hips(scan(((80, -10, -10), (98, 8, 8), LEFT)))


def test_a_knee_marked_as_both_sides_is_no_hip():
    knee = (((-30, -30, -60), (30, 30, -20), LEFT), ((-30, -30, -19), (30, 30, 20), RIGHT))
    with pytest.raises(NoFemurFound):
        find_hips(scan(*knee))


def test_the_middle_of_a_thigh_is_no_proximal_femur():
    """However much of it the coarse network marks as proximal."""
    below = Grid.aligned((60, 56, 128), (3, 3, 3), (-190.5, -84, -320))
    mesh = femur(Side.LEFT)
    hu = np.zeros(below.shape, np.int16)
    hu[voxelise(mesh, below)] = LEFT
    with pytest.raises(NoFemurFound, match="only the shaft"):
        find_hips(Volume(hu, below))


def test_a_femur_split_by_metal_is_one():
    volume = scan(L)
    z = GRID.to_world(np.indices(GRID.shape).transpose(1, 2, 3, 0))[..., 2]
    array = volume.array.copy()
    array[(z > -33) & (z < -20) & (array == LEFT)] = METAL
    (hip,) = find_hips(Volume(array, GRID))
    low, high = hip.box.bounds_mm()
    assert low[2] < -150 and high[2] > 20


def test_a_head_at_the_end_of_the_scan_is_said():
    low = GRID.crop((0, 0, 0), (60, *GRID.shape[1:]))
    hips = find_hips(scan(L, R, grid=low))
    assert all(any("ends within the upper femur" in note for note in hip.notes) for hip in hips)


def test_a_place_outside_the_scan_is_no_femur():
    """The coarse network marks one where a turned scan ends."""
    low, high = np.array([40.0, -30, 200]), np.array([110.0, 40, 280])
    looked = verify(Candidate(low, high, 50.0, 0.0), Side.LEFT, scan(L), find.shipped("fine"))
    assert isinstance(looked, Rejected) and "does not show" in looked.reason


def test_a_leg_that_ends_below_the_lesser_trochanter_is_no_proximal_femur():
    mesh = femur(Side.LEFT)
    top = mesh.vertices[:, 2].max()
    for missing_mm, found in ((70, True), (110, False)):
        end = top - missing_mm
        below = Grid.aligned((70, 56, 128), (3, 3, 3), (-190.5, -84, end - 70 * 3 + 1.5))
        hu = np.zeros(below.shape, np.int16)
        hu[voxelise(mesh, below)] = LEFT
        looked = verify(
            Candidate(*below.bounds_mm(), 200.0, 0.0),
            Side.LEFT, Volume(hu, below), find.shipped("fine"),
        )  # fmt: skip
        assert isinstance(looked, Verified) is found, missing_mm


def test_what_the_search_lets_pass_is_not_left_out_later():
    assert MAX_OUT_IN_SOCKET_MM <= LEFT_OUT_MM


def test_padding_says_nothing_of_a_socket():
    head = Landmarks(np.zeros(3), 24.0)
    grid = Grid.aligned((60, 60, 60), (2.0, 2.0, 2.0), (-59.0, -59.0, -59.0))
    away = np.linalg.norm(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), axis=-1)
    hu = np.where(away > 27, 600, 40).astype(np.int16)  # bone all around, beyond the joint
    assert socket_share(Volume(hu, grid), head, Side.LEFT) == 1
    hu[32:] = -1024  # the scan ends 4 mm above the centre of the head
    assert socket_share(Volume(hu, grid), head, Side.LEFT) is None


def test_a_shaft_that_is_drawn_too_short_is_still_a_femur(monkeypatch):
    mesh, up = femur(Side.LEFT), np.array([0.0, 0.0, 1.0])
    top, bottom = mesh.vertices[:, 2].max(), mesh.vertices[:, 2].min()
    length = min(top - bottom, 260.0)
    planes = [Plane(np.array([0.0, 0.0, top - length]), up)]
    short = cut(mesh, [Plane(np.array([0.0, 0.0, top - 0.6 * length]), up)])
    volume = scan()
    whole = fit_femur(short, Side.LEFT, planes).apart
    assert whole.out_mm + whole.back_mm > MAX_SUM_IN_SOCKET_MM
    monkeypatch.setattr("femurkit.locate.verify.in_body", lambda volume: None)
    for share, found in ((1.0, True), (SOCKET_CLEAR - 0.1, False)):
        monkeypatch.setattr("femurkit.locate.verify.socket_share", lambda *_, s=share: s)
        assert (_fit_of_part(short, Side.LEFT, planes, volume) is not None) == found
