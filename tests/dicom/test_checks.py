"""Each refusal of the geometry: its reason code, its exit code, what it says."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from femurkit import errors
from femurkit.dicom.checks import CHECKS, check
from femurkit.dicom.slices import SliceGeometry

N = 30


def geometry(z_mm, *, orientation=(1, 0, 0, 0, 1, 0)) -> SliceGeometry:
    n = len(z_mm)
    normal = np.cross(orientation[:3], orientation[3:])
    return SliceGeometry(
        np.array([-100.0, 20.0, 0.0]) + np.asarray(z_mm, float)[:, None] * normal,
        np.tile(np.array(orientation, float), (n, 1)),
        np.full((n, 2), 0.8),
        np.full((n, 2), 64.0),
    )


def even() -> np.ndarray:
    return 2.5 * np.arange(N)


def refusal(g: SliceGeometry) -> errors.InputRefused:
    with pytest.raises(errors.InputRefused) as caught:
        check(g)
    assert caught.value.exit_code == 3
    assert caught.value.code in {c.code.__name__ for c in CHECKS}
    return caught.value


@pytest.mark.parametrize("step_mm", [0.625, 1.25, 2.5])
def test_an_even_stack_passes_in_any_order_and_with_rounded_positions(step_mm):
    z = np.round(step_mm * np.arange(100), 1)
    check(geometry(np.random.default_rng(0).permutation(z)))


@pytest.mark.parametrize("at", [1, 50, 98])
def test_one_slice_a_little_off_its_place_is_uneven(at):
    z = 0.8 * np.arange(100)
    z[at] += 0.1
    assert refusal(geometry(z)).code == "UnevenSpacing"


def test_one_missing_slice_is_a_gap_and_is_named():
    error = refusal(geometry(np.delete(even(), 12)))
    assert error.code == "GapInSeries"
    assert "5 mm between slices 12 and 13: 1 slice missing (expected 2.5 mm)" in str(error)


def test_all_missing_slices_are_counted():
    error = refusal(geometry(np.delete(even(), [3, 4, 5, 20])))
    assert error.code == "GapInSeries"
    assert "4 slices missing" in str(error)


def test_a_step_that_is_no_multiple_is_uneven():
    z = even()
    z[10:] += 1.0
    error = refusal(geometry(z))
    assert error.code == "UnevenSpacing"
    assert "3.5 mm between slices 10 and 11 (expected 2.5 mm)" in str(error)


def test_a_slow_change_of_the_step_is_uneven():
    z = np.cumsum(np.linspace(2.0, 3.0, N))
    assert refusal(geometry(z)).code == "UnevenSpacing"


def test_two_slices_at_one_position():
    error = refusal(geometry(np.append(even(), even()[7])))
    assert error.code == "DuplicateSlices"
    assert "1 of 31 slices" in str(error)


def test_two_phases_at_every_position():
    assert refusal(geometry(np.concatenate([even(), even()]))).code == "DuplicateSlices"


@pytest.mark.parametrize("part", ["orientations", "spacings_mm", "sizes"])
def test_mixed_orientation_spacing_or_size(part):
    g = geometry(even())
    if part == "orientations":
        g.orientations[4] = (0, 1, 0, 0, 0, 1)
    else:
        getattr(g, part)[4] *= 2
    error = refusal(g)
    assert error.code == "MixedOrientation"
    assert "1 of 30 slices" in str(error)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)])
def test_coronal_and_sagittal_are_not_axial(orientation):
    error = refusal(geometry(even(), orientation=orientation))
    assert error.code == "NotAxial"
    assert "90 degrees" in str(error)


def test_slightly_oblique_slices_are_axial():
    a = np.radians(20)
    check(geometry(even(), orientation=(1, 0, 0, 0, np.cos(a), np.sin(a))))


def test_too_short_below_60_mm_and_not_above():
    error = refusal(geometry(2.5 * np.arange(23)))
    assert error.code == "TooShort"
    assert "23 slices over 57.5 mm" in str(error)
    check(geometry(2.5 * np.arange(24)))
    assert refusal(geometry([0.0])).code == "TooShort"


def test_a_tilted_gantry_is_a_slanted_stack():
    g = geometry(even())
    assert g.tilt_deg == 0
    g.positions_mm[:, 1] += np.tan(np.radians(15)) * even()
    check(g)
    assert g.tilt_deg == pytest.approx(15)
    step = np.diff(g.positions_mm[g.order], axis=0)
    np.testing.assert_allclose(g.step_vector_mm, step[0], atol=1e-9)


def test_a_gantry_tilted_too_far_and_a_table_that_wanders_are_bad_geometry():
    g = geometry(even())
    g.positions_mm[:, 1] += np.tan(np.radians(35)) * even()
    assert "35.0 degrees" in str(refusal(g))
    g = geometry(even())
    g.positions_mm[12:, 1] += 3
    error = refusal(g)
    assert error.code == "BadGeometry"
    assert "straight line" in str(error)


@pytest.mark.parametrize(
    ("part", "value"),
    [("positions_mm", np.nan), ("orientations", 0.5), ("spacings_mm", 0.0), ("sizes", np.nan)],
)
def test_a_slice_without_geometry(part, value):
    g = geometry(even())
    getattr(g, part)[5] = value
    error = refusal(g)
    assert error.code == "BadGeometry"
    assert "1 of 30 slices" in str(error)


def test_every_check_raises_its_own_code_and_claims_something():
    assert len({c.claim for c in CHECKS}) == len(CHECKS)
    for each in CHECKS:
        assert issubclass(each.code, errors.InputRefused)
        assert re.fullmatch(r"[a-z].*[a-z]", each.claim)


def test_more_voxels_than_a_laptop_holds_are_refused():
    large = replace(geometry(np.arange(N) * 2.0), sizes=np.full((N, 2), 30000.0))
    with pytest.raises(errors.TooLarge, match=r"2\.7e\+10 voxels"):
        check(large)


ONE = ("A", "study", "frame")


@pytest.mark.parametrize("unsaid", [("", "study", "frame"), ("A", "study", ""), ("", "", "")])
def test_a_slice_that_does_not_say_belongs_to_those_that_do(unsaid):
    check(replace(geometry(even()), belongings=frozenset({ONE, unsaid})))


@pytest.mark.parametrize(
    ("stranger", "kind"),
    [
        (("B", "study", "frame"), "patient"),
        (("A", "other", "frame"), "study"),
        (("A", "study", "other"), "frame of reference"),
    ],
)
def test_a_slice_that_belongs_elsewhere_is_refused_by_kind(stranger, kind):
    error = refusal(replace(geometry(even()), belongings=frozenset({ONE, stranger})))
    assert error.code == "MixedStudies"
    assert f"more than one {kind} in" in error.found
