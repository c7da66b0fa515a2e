"""What the outline of a disc reads is what it was made to read there."""

import numpy as np
import pytest

pytest.importorskip("contourpy")

from benchmarks.outline import STEPS, profiles, rows


@pytest.fixture(scope="module")
def disc():
    """Three slices of a disc of 30 pixels: 40 HU outside, 300 two pixels in, 100 within."""
    y, x = np.mgrid[-50:51, -50:51]
    depth = 30 - np.hypot(y, x)
    hu = np.interp(depth, [-2, 2, 6], [40, 300, 100])
    return np.stack([hu] * 3), np.stack([depth > 0] * 3)


def test_profiles_run_inward_and_the_outline_reads_half_way(disc):
    found = profiles(*disc)
    assert found[:, STEPS == -4].mean() == pytest.approx(40, abs=2)
    assert found[:, STEPS == 5].mean() == pytest.approx(150, abs=15)
    assert np.median(found[:, STEPS == 0]) == pytest.approx(170, abs=12)


def test_a_class_of_brightness_is_told_apart(disc):
    told = rows(profiles(*disc))
    share, hu, part = told[3].split(" | ")  # 250 to 300 HU
    assert float(share.removesuffix(" %")) > 80
    assert float(hu) == pytest.approx(170, abs=12)
    assert float(part) == pytest.approx(0.5, abs=0.08)


def test_where_another_bone_lies_outside_nothing_is_told(disc):
    hu, mask = disc
    assert set(rows(profiles(np.where(mask, hu, 400), mask))) == {"– | – | –"}
