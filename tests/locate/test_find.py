import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.errors import NoFemurFound
from femurkit.geometry import Grid
from femurkit.locate import find
from femurkit.locate.find import find_hips
from femurkit.volume import Volume

CLASSES = 5


class Marked:
    """Reads the class of a voxel from its HU: n * 100 is class n, air is background."""

    steps, kind = (8, 8, 8), "hip"

    def __init__(self, spacing_mm):
        self.spacing_mm = spacing_mm

    def __call__(self, hu):
        named = np.clip(np.rint(hu / 100), 0, CLASSES - 1).astype(int)
        return np.moveaxis(np.eye(CLASSES, dtype=np.float32)[named], -1, 0)


@pytest.fixture(autouse=True)
def networks(monkeypatch):
    monkeypatch.setattr(find, "shipped", lambda *_: Marked(4.0))
    monkeypatch.setattr(find, "fine_network", lambda **_: Marked(1.5))


def scan(*blocks, grid=None):
    """A scan of air with boxes (low mm, high mm, class) in it."""
    grid = grid or Grid.aligned((100, 80, 100), (4, 4, 4), (-200, -160, -300))
    hu = np.full(grid.shape, -1000, np.int16)
    points = grid.to_world(np.indices(grid.shape).transpose(1, 2, 3, 0))
    for low, high, name in blocks:
        hu[((points >= low) & (points <= high)).all(-1)] = 100 * name
    return Volume(hu, grid)


LEFT = ((60, -20, -80), (110, 20, 20), 1)
RIGHT = ((-110, -20, -80), (-60, 20, 20), 2)
SHAFT = ((80, -10, -240), (100, 10, -81), 3)


def test_both_hips_and_the_box_holds_the_whole_femur():
    left, right = find_hips(scan(LEFT, RIGHT, SHAFT))
    assert (left.side, right.side) == (Side.LEFT, Side.RIGHT)
    low, high = left.box.bounds_mm()
    assert (low < [60, -20, -240]).all() and (high > [110, 20, 20]).all()
    assert all(n % 8 == 0 for n in left.box.shape)


def test_a_right_hip_is_seen_in_a_mirror():
    left, right = find_hips(scan(LEFT, RIGHT))
    assert left.box.affine[0, 2] == 1.5 and right.box.affine[0, 2] == -1.5
    centre = right.box.to_world((np.array(right.box.shape) - 1) / 2)
    assert -110 < centre[0] < -60


@pytest.mark.parametrize(("turn_z", "turn_x"), [(1, 1), (-1, -1), (-1, 1)])
def test_sides_do_not_depend_on_the_order_of_the_array(turn_z, turn_x):
    affine = np.zeros((4, 4))
    affine[:3, :3] = [[0, 0, 4 * turn_x], [0, 4, 0], [4 * turn_z, 0, 0]]
    affine[:, 3] = [-200 * turn_x, -160, -300 if turn_z > 0 else 96, 1]
    hips = find_hips(scan(LEFT, RIGHT, SHAFT, grid=Grid((100, 80, 100), affine)))
    assert [h.side for h in hips] == [Side.LEFT, Side.RIGHT]
    assert hips[0].box.bounds_mm()[0][2] < -240


def test_sides_hold_far_off_centre():
    shift = np.array([500.0, 300, 900])
    grid = Grid.aligned((100, 80, 100), (4, 4, 4), shift + (-200, -160, -300))
    blocks = [(low + shift, high + shift, name) for low, high, name in (LEFT, RIGHT)]
    left, right = find_hips(scan(*blocks, grid=grid))
    assert left.box.bounds_mm()[0][0] > 500 > right.box.bounds_mm()[1][0]


def test_two_femurs_called_left_are_told_apart_by_the_patient_axis():
    wrong = (*RIGHT[:2], 1)
    assert [h.side for h in find_hips(scan(LEFT, wrong))] == [Side.LEFT, Side.RIGHT]


def test_one_hip_alone_is_done_and_said():
    (hip,) = find_hips(scan(RIGHT))
    assert hip.side is Side.RIGHT


def test_no_proximal_femur_is_refused_with_exit_code_4():
    with pytest.raises(NoFemurFound) as refusal:
        find_hips(scan(SHAFT, ((-40, -40, -40), (40, 40, 90), 4)))
    assert refusal.value.exit_code == 4


def test_what_speaks_for_both_sides_is_no_hip():
    knee = (((-30, -30, -60), (30, 30, -20), 1), ((-30, -30, -19), (30, 30, 20), 2))
    with pytest.raises(NoFemurFound):
        find_hips(scan(*knee))


def test_a_femur_split_by_metal_is_one():
    head = ((60, -20, -12), (90, 20, 20), 1)
    rest = ((60, -20, -80), (110, 20, -20), 1)
    (hip,) = find_hips(scan(head, rest))
    low, high = hip.box.bounds_mm()
    assert (low < [60, -20, -80]).all() and (high > [110, 20, 20]).all()


def test_two_pieces_of_one_hip_are_never_left_and_right():
    head = ((60, -20, 40), (110, 20, 90), 1)
    (hip,) = find_hips(scan(head, LEFT))
    assert hip.side is Side.LEFT
    left, right = find_hips(scan(head, LEFT, RIGHT))
    assert right.box.bounds_mm()[1][0] < 0 < left.box.bounds_mm()[0][0]


def test_a_false_bridge_between_the_hips_is_cut():
    bridge = ((-60, -2, -42), (60, 2, -38), 3)
    left, right = find_hips(scan(LEFT, RIGHT, bridge))
    assert (left.side, right.side) == (Side.LEFT, Side.RIGHT)
    assert right.box.bounds_mm()[1][0] < 40 and left.box.bounds_mm()[0][0] > -40


def test_a_head_at_the_end_of_the_scan_is_said():
    cut = ((60, -20, -80), (110, 20, 200), 1)
    (hip,) = find_hips(scan(cut))
    assert any("ends within the upper femur" in note for note in hip.notes)
