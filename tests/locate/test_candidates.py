"""What the coarse pass proposes, from answers made by hand."""

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.locate.candidates import MAX_CANDIDATES, propose
from femurkit.locate.coarse import LEFT, OTHER_FEMUR, RIGHT, CoarseAnswer

GRID = Grid.aligned((60, 40, 80), (4.0, 4.0, 4.0), (-158.0, -78.0, -118.0))
VOXEL_ML = 0.064


def answer(*blocks):
    """Blocks (low index, high index, channel, probability) in an answer of background."""
    says = np.zeros((5, *GRID.shape), np.float32)
    for low, high, channel, value in blocks:
        says[:, *(slice(a, b) for a, b in zip(low, high, strict=True))] = 0
        says[channel, *(slice(a, b) for a, b in zip(low, high, strict=True))] = value
    says[0] = 1 - says.sum(0)
    return CoarseAnswer(says, GRID)


LEFT_HIP = ((20, 15, 55), (40, 25, 65), LEFT, 0.9)
RIGHT_HIP = ((20, 15, 15), (40, 25, 25), RIGHT, 0.9)


def test_every_hip_with_its_bounds_and_volume():
    left, right = sorted(propose(answer(LEFT_HIP, RIGHT_HIP)), key=lambda c: c.side.value)
    assert (left.side, right.side) == (Side.LEFT, Side.RIGHT)
    assert left.left_ml == pytest.approx(2000 * VOXEL_ML) and left.right_ml == 0
    low = GRID.to_world(np.array(LEFT_HIP[0]) - 0.5)
    high = GRID.to_world(np.array(LEFT_HIP[1]) - 0.5)
    assert np.allclose(left.low, low) and np.allclose(left.high, high)
    assert left.one_sided and left.length_mm == pytest.approx(80)


def test_a_hip_marked_faintly_is_proposed():
    (found,) = propose(answer((*RIGHT_HIP[:3], 0.3)))
    assert found.side is Side.RIGHT


def test_a_small_hip_is_proposed_and_a_speck_is_not():
    small, speck = ((20, 15, 15), (24, 20, 20), RIGHT, 0.9), ((50, 30, 70), (53, 33, 73), LEFT, 0.9)
    (found,) = propose(answer(small, speck))
    assert found.right_ml == pytest.approx(100 * VOXEL_ML)


LOWER = ((20, 15, 15), (28, 25, 25), RIGHT, 0.9)


def above(channel):
    """A second piece, 12 mm above LOWER."""
    return ((31, 15, 15), (39, 25, 25), channel, 0.9)


def test_two_pieces_are_proposed_as_one_and_each_by_itself():
    """One femur split by metal, or two loops of bowel: only looking tells."""
    found = propose(answer(LOWER, above(RIGHT)))
    assert sorted(round(c.length_mm) for c in found) == [32, 32, 76]


def test_pieces_of_different_sides_are_never_one():
    found = propose(answer(LOWER, above(LEFT)))
    assert sorted(round(c.length_mm) for c in found) == [32, 32]


def test_a_false_bridge_between_the_hips_is_cut():
    bridge = ((29, 18, 25), (31, 20, 55), OTHER_FEMUR, 0.9)
    found = propose(answer(LEFT_HIP, RIGHT_HIP, bridge))
    assert sorted(c.side.value for c in found) == ["left", "right"]
    assert all(c.one_sided for c in found)


def test_a_knee_speaks_for_both_sides():
    knee = ((20, 15, 35), (30, 25, 45), LEFT, 0.9), ((30, 15, 35), (40, 25, 45), RIGHT, 0.9)
    assert not any(c.one_sided for c in propose(answer(*knee)))


def test_a_shaft_alone_is_no_candidate():
    assert propose(answer(((5, 15, 55), (40, 25, 65), OTHER_FEMUR, 0.95))) == []


def test_clear_ones_come_first_and_there_are_not_too_many():
    specks = [
        ((z, y, 70), (z + 4, y + 4, 75), RIGHT, 0.9) for z in (0, 8, 16, 44, 52) for y in (0, 8)
    ]
    found = propose(answer(*specks, LEFT_HIP, RIGHT_HIP))
    assert len(found) == MAX_CANDIDATES
    assert {c.side for c in found[:2]} == {Side.LEFT, Side.RIGHT}
    assert min(c.proximal_ml for c in found[:2]) > 100


def test_what_was_seen_is_not_proposed_again():
    seen = propose(answer(LEFT_HIP))
    (found,) = propose(answer(LEFT_HIP, RIGHT_HIP), seen=seen)
    assert found.side is Side.RIGHT
