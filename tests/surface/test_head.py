from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from femurkit.anatomy import Side
from femurkit.errors import DegenerateShape
from femurkit.solid import Plane, cut
from femurkit.surface.head import fit_head, robust_sphere

DOWN = np.array([0.0, 0.0, -1.0])


def sphere_points(n, centre, radius):
    directions = np.random.default_rng(3).normal(size=(n, 3))
    return centre + radius * directions / np.linalg.norm(directions, axis=1, keepdims=True)


def test_a_sphere_is_found_exactly_also_through_outliers():
    points = sphere_points(400, [5, -6, 700], 23.5)
    rng = np.random.default_rng(0)
    dirty = points.copy()
    dirty[:80] += rng.uniform(2, 9, (80, 1)) * rng.normal(size=(80, 3))
    for given, tolerance in ((points, 1e-6), (dirty, 1e-3)):
        centre, radius, _ = robust_sphere(given, np.ones(len(given)))
        np.testing.assert_allclose(centre, [5, -6, 700], atol=tolerance)
        assert radius == pytest.approx(23.5, abs=tolerance)


def test_the_fit_of_noise_has_its_spread_as_rms():
    points = sphere_points(5000, [0, 0, 0], 25)
    points *= 1 + np.random.default_rng(1).normal(0, 0.4 / 25, (5000, 1))
    centre, radius, rms = robust_sphere(points, np.ones(5000))
    assert np.linalg.norm(centre) < 0.05
    assert radius == pytest.approx(25, abs=0.03)
    assert rms == pytest.approx(0.4, rel=0.15)


def test_points_in_a_plane_have_no_sphere():
    flat = np.c_[np.random.default_rng(0).normal(size=(50, 2)), np.zeros(50)]
    with pytest.raises(DegenerateShape):
        robust_sphere(flat, np.ones(50))


@pytest.mark.parametrize("side", list(Side))
def test_the_head_is_found_on_either_side(femur_like, head, side):
    found = fit_head(femur_like(side), side)
    assert found.missing is None
    np.testing.assert_allclose(found.centre_mm, head[0], atol=0.1)
    assert found.radius_mm == pytest.approx(head[1], abs=0.1)
    assert found.rms_mm < 0.15


@pytest.mark.parametrize("side", list(Side))
def test_a_shaft_that_crosses_below_the_head_is_not_taken_for_it(femur_like, head, side):
    """A small head, and a thick place far down the shaft that stands 10 mm medial of it."""
    bone = femur_like(side, bottom=-150.0, head_radius=19.0, callus=(120.0, 17.0))
    turn = Rotation.from_euler("y", side.sign * 30, degrees=True)
    assert side.sign * turn.apply([48.0 * side.sign, 0, -120])[0] < -10
    bone = replace(bone, vertices=head[0] + turn.apply(bone.vertices - head[0]))
    found = fit_head(bone, side)
    assert found.missing is None
    np.testing.assert_allclose(found.centre_mm, head[0], atol=0.2)
    assert found.radius_mm == pytest.approx(19, abs=0.2)


def test_a_head_whose_top_the_scan_cut_off_is_still_found(femur_like, head):
    mesh = cut(femur_like(Side.LEFT), [Plane(head[0] - 14 * DOWN, DOWN)])
    found = fit_head(mesh, Side.LEFT)
    np.testing.assert_allclose(found.centre_mm, head[0], atol=0.2)
    assert found.radius_mm == pytest.approx(head[1], abs=0.2)


@pytest.mark.parametrize("below_mm", [5, 20, 60])
def test_without_a_head_there_is_no_sphere_but_a_reason(femur_like, head, below_mm):
    mesh = cut(femur_like(Side.LEFT), [Plane(head[0] + below_mm * DOWN, DOWN)])
    found = fit_head(mesh, Side.LEFT)
    assert found.centre_mm is None
    assert found.radius_mm is None
    assert found.missing


@pytest.mark.parametrize(
    ("name", "side", "centre", "simplified_radius"),
    [
        ("m7_rfemur", Side.RIGHT, (-85.91, -161.31, -440.17), 23.63),
        ("m8_lfemur", Side.LEFT, (107.57, -146.58, -613.28), 26.57),
    ],
)
def test_real_heads_agree_with_the_published_spheres(libhip, name, side, centre, simplified_radius):
    """Least squares is known to come out 0.6-1.4 mm below their simplified radius."""
    found = fit_head(libhip[name], side)
    assert np.linalg.norm(found.centre_mm - centre) < 1.2
    assert -1.6 < found.radius_mm - simplified_radius < 0
    assert found.rms_mm < 0.5


def test_a_head_whose_published_sphere_misses_the_bone_agrees_with_the_other_side(libhip):
    """The published sphere of m7's left head (27.38 mm) lies 1-6 mm outside its surface."""
    left = fit_head(libhip["m7_lfemur"], Side.LEFT)
    right = fit_head(libhip["m7_rfemur"], Side.RIGHT)
    assert left.radius_mm == pytest.approx(right.radius_mm, abs=0.5)
    assert left.rms_mm < 0.5
