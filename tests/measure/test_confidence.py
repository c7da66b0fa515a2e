import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.measure.confidence import (
    MAX_LOCAL_DOUBT,
    MEANING,
    OF_THE_HEAD,
    confidence,
    loose_end_mm,
    repeated_slices,
    signs_of,
)
from femurkit.measure.limits import LIMITS
from femurkit.measure.verdict import LEAST_CONFIDENCE
from femurkit.volume import Field, Mask, Volume

GRID = Grid.aligned((80, 40, 40), (1.5, 1.5, 1.5), (0, 0, 0))


def bone(*, softness_mm=0.5, marrow=900, muscle=50, bottom=-50.0):
    """An upright rod of 20 mm, from `bottom` mm to 100 mm, on a scan that begins at 0."""
    z, y, x = np.moveaxis(GRID.to_world(np.moveaxis(np.indices(GRID.shape), 0, -1)), -1, 0)[::-1]
    depth = np.minimum(10 - np.hypot(x - 30, y - 30), np.minimum(100 - z, z - bottom))
    p = 1 / (1 + np.exp(-np.clip(depth / softness_mm, -50, 50)))
    noise = np.random.default_rng(0).normal(0, 5, GRID.shape)
    hu = np.where(depth > 0, marrow, muscle) + noise
    volume = Volume(hu.astype(np.int16), GRID)
    return Field(p.astype(np.float32), GRID), Mask(depth > 0, GRID), volume


def test_every_sign_has_a_limit_and_words():
    assert set(MEANING) == set(LIMITS) == {
        *signs_of(*bone()), *OF_THE_HEAD, "fat_off_hu", "no_edge_share",
    }  # fmt: skip
    assert all(usual != limit for usual, limit in LIMITS.values())


def test_a_sharp_network_is_less_in_doubt_than_a_soft_one():
    sharp, soft = signs_of(*bone(softness_mm=0.3)), signs_of(*bone(softness_mm=3))
    for name in ("undecided_top", "undecided_shaft", "undecided_patch"):
        assert sharp[name] < 0.5 * soft[name]
        assert soft[name] < 1


def test_hu_on_both_sides_of_the_outline_are_told():
    signs = signs_of(*bone(marrow=600, muscle=120))
    assert signs["inside_hu"] == pytest.approx(600, abs=15)
    assert signs["outside_hu"] == pytest.approx(120, abs=5)


@pytest.mark.parametrize(("bottom", "expected"), [(-50, 0), (30, 21)])
def test_an_end_inside_the_scan_is_as_far_as_its_nearest_face(bottom, expected):
    # the rod's side is 20 mm from the scan's left and front face
    mask = bone(bottom=bottom)[1]
    assert loose_end_mm(mask) == pytest.approx(expected, abs=1.5)


def test_a_femur_with_its_knee_may_end_in_the_scan():
    grid = Grid.aligned((200, 20, 20), (2, 2, 2), (0, 0, 0))
    mask = np.zeros(grid.shape, bool)
    mask[10:190, 8:12, 8:12] = True
    assert loose_end_mm(Mask(mask, grid)) == 0
    mask[10:100] = False
    assert loose_end_mm(Mask(mask, grid)) == 16


def test_slices_that_repeat_are_counted():
    _, mask, volume = bone()
    assert repeated_slices(volume, mask) == 0
    hu = volume.array.copy()
    hu[10:21] = hu[10]
    slices = int(mask.array.any((1, 2)).sum())
    assert repeated_slices(Volume(hu, GRID), mask) == pytest.approx(10 / (slices - 1))


def test_confidence_falls_from_one_to_a_half_at_the_limit_and_on():
    for name, (usual, limit) in LIMITS.items():
        if name in OF_THE_HEAD:
            continue
        at = [confidence({name: usual + k * (limit - usual)}) for k in (-1, 0, 0.5, 1, 1.01, 2)]
        assert [c.value for c in at] == pytest.approx([1, 1, 2**-0.5, 0.5, 0.4966, 0.25], abs=1e-3)
        assert [c.low for c in at[:3]] == [False] * 3
        assert at[3].low and at[4].low and at[5].low


def test_the_worst_sign_counts_and_is_named():
    (usual, limit), (inside, low) = LIMITS["loose_end_mm"], LIMITS["inside_hu"]
    worst = confidence({"loose_end_mm": 2 * limit - usual, "inside_hu": (inside + low) / 2})
    assert worst.value == pytest.approx(0.25)
    assert f"ends {2 * limit - usual:.0f} mm inside the scan" in worst.text
    assert confidence({}).value == 1


def test_signs_of_the_head_count_together():
    """A bump, a notch and soft tissue on both sides, each short of its limit."""
    half = {n: sum(LIMITS[n]) / 2 for n in ("head_bump_mm", "head_notch_mm", "joint_soft_share")}
    assert confidence(half).value == pytest.approx(0.5**1.5, abs=0.01) and confidence(half).low
    twice = {n: sum(LIMITS[n]) / 2 for n in ("head_bump_mm", "head_lump_mm")}
    assert confidence(twice).value == pytest.approx(0.5**0.5, abs=0.01)


def test_one_place_of_the_head_asks_for_a_look_and_says_where():
    usual, limit = LIMITS["head_bump_mm"]
    high = usual + 9 * (limit - usual)
    found = confidence({"head_bump_mm": high}, places={"head_bump_mm": "medial and above"})
    assert found.low and found.value == pytest.approx(0.5**MAX_LOCAL_DOUBT)
    assert found.value > LEAST_CONFIDENCE
    assert f"bump of {high:.1f} mm" in found.text
    assert found.text.endswith("(medial and above)")
    share = confidence({"joint_bone_share": 0.6})
    assert "over 60% of the head there is bone on both sides" in share.text


@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (0.5, 0), (1, 60), (1.3, 0)])
def test_an_hu_scale_shows_by_the_fat(scale, offset):
    field, mask, volume = bone()
    hu = volume.array.astype(np.float32)
    hu[:, :20, :10] = -102 + np.random.default_rng(1).normal(0, 20, (80, 20, 10))
    found = signs_of(field, mask, Volume(hu * scale + offset, GRID))["fat_off_hu"]
    assert found == pytest.approx(abs(-102 * scale + offset + 102), abs=4)
    assert (found > LIMITS["fat_off_hu"][1]) == ((scale, offset) != (1, 0)) or scale == 1.3


def test_without_fat_nothing_is_said_of_it():
    assert "fat_off_hu" not in signs_of(*bone())
