"""Axes of a bone made of a ball and rods, and of somebody else's real femur."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from femurkit.anatomy import Side
from femurkit.solid import Plane, cut
from femurkit.surface.axes import axes_of

DOWN = np.array([0.0, 0.0, -1.0])


def neck_axis(side):
    """Of the rod from the head to the corner of the shaft, 48 mm lateral and 32 mm below."""
    return np.array([48.0 * side.sign, 0, -32]) / np.hypot(48, 32)


def angle_deg(a, b):
    return np.degrees(np.arccos(np.clip(a @ b, -1, 1)))


@pytest.mark.parametrize("side", list(Side))
def test_axes_are_those_of_the_rods(femur_like, head, side):
    found = axes_of(femur_like(side), side)
    np.testing.assert_allclose(found.centre_mm, head[0], atol=0.2)
    assert angle_deg(found.neck, neck_axis(side)) < 0.5
    assert found.narrowest.area_mm2 == pytest.approx(np.pi * 14**2, rel=0.02)
    assert angle_deg(found.shaft.down, DOWN) < 0.1
    offset = found.shaft.middle_mm - head[0]
    assert side.sign * offset[0] == pytest.approx(48, abs=0.1)
    assert found.shaft.error_deg < 0.1


def test_turning_the_patient_turns_the_axes(femur_like, head):
    bone = femur_like(Side.LEFT)
    turn = Rotation.from_euler("xyz", [7, -5, 11], degrees=True)
    turned = replace(bone, vertices=turn.apply(bone.vertices - head[0]) + head[0] + [31, -8, 120])
    before, after = axes_of(bone, Side.LEFT), axes_of(turned, Side.LEFT)
    assert angle_deg(after.neck, turn.apply(before.neck)) < 0.3
    assert angle_deg(after.shaft.down, turn.apply(before.shaft.down)) < 0.3


def test_a_scan_without_a_shaft_has_no_shaft_axis_but_a_neck(femur_like, head):
    found = axes_of(cut(femur_like(Side.LEFT), [Plane(head[0] + 65 * DOWN, -DOWN)]), Side.LEFT)
    assert found.shaft is None
    assert angle_deg(found.neck, neck_axis(Side.LEFT)) < 0.5


def test_without_a_head_there_is_a_reason(femur_like, head):
    found = axes_of(cut(femur_like(Side.LEFT), [Plane(head[0] + 60 * DOWN, DOWN)]), Side.LEFT)
    assert isinstance(found, str)


def test_the_neck_shaft_angle_of_a_real_femur_is_near_the_published_one(libhip):
    """Published for m8's left femur: 133 degrees; the others show too little shaft for one."""
    found = axes_of(libhip["m8_lfemur"], Side.LEFT)
    assert 180 - angle_deg(found.neck, found.shaft.down) == pytest.approx(133, abs=5)
    assert axes_of(libhip["m7_lfemur"], Side.LEFT).shaft is None
