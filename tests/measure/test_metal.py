"""Metal near a femur and far from it, in scans whose streaks are known."""

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.image_checks.metal import METAL_HU, metal_parts
from femurkit.measure.metal import metal_beside
from femurkit.volume import Mask, Volume

MM = (2.0, 1.0, 1.0)
GRID = Grid.aligned((60, 160, 260), MM, (0, 0, 0))
FEMUR_XY, NOISE = (70.0, 80.0), 12.0
"""Middle of an upright rod of 24 mm, mm; HU of noise everywhere."""


def scan(centre_mm, *, streaks_hu=0.0, radius_mm=9.8):
    """A rod of bone in muscle, a ball of steel of 4 ml, and streaks that fan out from it."""
    z, y, x = np.moveaxis(GRID.to_world(np.moveaxis(np.indices(GRID.shape), 0, -1)), -1, 0)[::-1]
    femur = np.hypot(x - FEMUR_XY[0], y - FEMUR_XY[1]) < 12
    femur &= (z > 10) & (z < 110)
    hu = np.where(femur, 900.0, 50.0) + np.random.default_rng(0).normal(0, NOISE, GRID.shape)
    cx, cy, cz = centre_mm
    fan = np.sin(120 * np.arctan2(y - cy, x - cx)) * (np.abs(z - cz) < radius_mm)
    hu += streaks_hu * np.sqrt(2) * fan
    hu[(x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 < radius_mm**2] = METAL_HU + 400
    return Volume(hu.astype(np.float32), GRID), Mask(femur, GRID)


def beside(*args, **kwargs):
    volume, mask = scan(*args, **kwargs)
    return metal_beside(volume, mask, metal_parts(volume))


def test_without_metal_there_is_none():
    volume, mask = scan((248, 80, 60), radius_mm=0)
    assert metal_beside(volume, mask, metal_parts(volume)) is None


def test_metal_beside_the_femur_reaches_it():
    found = beside((110, 80, 60))
    assert found.ml == pytest.approx(4 / 3 * np.pi * 0.98**3, rel=0.05)
    assert found.away_mm == pytest.approx(40 - 12 - 9.8, abs=2)
    assert found.reaches and not found.has_streaks
    assert "may hide or imitate" in found.text


def test_metal_far_away_without_streaks_leaves_it_alone():
    found = beside((248, 80, 60))
    assert found.away_mm == pytest.approx(178 - 12 - 9.8, abs=2)
    assert found.noise_hu == pytest.approx(found.usual_hu, rel=0.1)
    assert not found.reaches
    assert found.text.endswith("but no streaks around the femur")


def test_metal_far_away_reaches_it_by_its_streaks():
    found = beside((248, 80, 60), streaks_hu=60)
    assert found.has_streaks and found.reaches
    assert "its streaks reach the femur" in found.text


@pytest.mark.parametrize("z", [0.0, 119.0])
def test_metal_at_another_level_leaves_it_alone(z):
    assert beside((80, 80, z), radius_mm=4) is None


def test_a_small_clip_far_from_the_bone_counts_for_nothing():
    assert beside((110, 80, 60), radius_mm=2.5) is None


def test_the_slices_are_found_whichever_axis_they_lie_along():
    volume, mask = scan((110, 80, 60))
    affine = GRID.affine[:, [2, 1, 0, 3]]
    turned = Grid(GRID.shape[::-1], affine)
    turned_volume = Volume(np.ascontiguousarray(volume.array.T), turned)
    one = metal_beside(turned_volume, Mask(mask.array.T, turned), metal_parts(turned_volume))
    other = metal_beside(volume, mask, metal_parts(volume))
    assert (one.ml, one.away_mm) == pytest.approx((other.ml, other.away_mm))
    assert one.noise_hu == pytest.approx(other.noise_hu)
