"""The surface of a head whose every bump, and whose CT, is known exactly."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.spatial import ConvexHull

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.measure.bone_edge import no_edge_share
from femurkit.measure.confidence import OF_THE_HEAD
from femurkit.measure.head_surface import (
    head_signs,
    head_surface,
    in_words,
)
from femurkit.mesh import Mesh
from femurkit.surface.head import Head, even_directions
from femurkit.volume import Volume

CENTRE, RADIUS = np.array([10.0, -20.0, 300.0]), 24.0
NECK = np.array([0.8, 0.0, -0.6])
FRONT = np.array([-0.6, -0.55, 0.58])
FRONT /= np.linalg.norm(FRONT)
GRID = Grid.aligned((84, 84, 84), (1.0, 1.0, 1.0), CENTRE - 41.5)
BONE, FLUID = 500.0, 40.0
SIGNS = tuple(name for name in OF_THE_HEAD if name != "head_undecided")
"""Those that the surface itself shows."""


def plateau(directions, way, half_mm, high_mm):
    """A flat bump, as high as said within half_mm of a direction, gone 2 mm farther out."""
    away = RADIUS * np.arccos(np.clip(directions @ way, -1, 1))
    return high_mm * np.clip((half_mm + 2 - away) / 2, 0, 1)


def ball(height=None):
    """A head; height: of its surface above the sphere at directions (n, 3), mm."""
    directions = even_directions(6000)
    corners = ConvexHull(directions).simplices
    a, b, c = (directions[corners[:, k]] for k in range(3))
    inward = (np.cross(b - a, c - a) * a).sum(1) < 0
    corners[inward] = corners[inward][:, ::-1]
    out = RADIUS + (0 if height is None else height(directions))
    return Mesh(CENTRE + directions * np.broadcast_to(out, len(directions))[:, None], corners)


def joint(gap_mm=3.0, bone_mm=RADIUS, height=None, noise_hu=0.0):
    """A CT: bone up to bone_mm from the centre (higher by height), then fluid, then bone again."""
    at = GRID.to_world(np.stack(np.indices(GRID.shape), -1)) - CENTRE
    distance = np.linalg.norm(at, axis=-1)
    edge = bone_mm + (0 if height is None else height(at / np.maximum(distance, 1e-9)[..., None]))
    fluid = (distance > edge) & (distance < np.maximum(edge, RADIUS) + gap_mm)
    hu = gaussian_filter(np.where(fluid, FLUID, BONE), 0.6)
    hu += np.random.default_rng(0).normal(0, 1, hu.shape) * noise_hu
    return Volume(hu.astype(np.float32), GRID)


def signs(surface, volume, side=Side.LEFT):
    return head_signs(surface, side, Head(CENTRE, RADIUS, 0.0, None, NECK), volume)


@pytest.mark.parametrize("noise_hu", [0.0, 40.0])
def test_a_round_head_in_its_joint_space_shows_no_sign(noise_hu):
    found, _ = signs(ball(), joint(noise_hu=noise_hu))
    assert found == pytest.approx(dict.fromkeys(SIGNS, 0.0), abs=0.02)


@pytest.mark.parametrize("high_mm", [2.0, 2.6, 4.0])
def test_a_bump_into_the_acetabulum_is_as_high_as_it_is_and_where_it_is(high_mm):
    def bump(directions):
        return plateau(directions, FRONT, 4.0, high_mm)

    found, places = signs(ball(bump), joint(gap_mm=1.2))
    assert found["head_bump_mm"] == pytest.approx(high_mm, abs=0.15)
    assert found["head_lump_mm"] == pytest.approx(high_mm, abs=0.15)
    assert places["head_bump_mm"] == "medial, in front and above"
    assert found["head_notch_mm"] == 0


def test_a_bump_that_the_ct_shows_is_bone():
    def bump(directions):
        return plateau(directions, FRONT, 4.0, 2.6)

    found, _ = signs(ball(bump), joint(height=bump))
    assert found["head_bump_mm"] == 0
    assert found["head_lump_mm"] == pytest.approx(2.6, abs=0.15)


def test_a_notch_in_whole_bone_is_as_deep_as_it_is_and_the_fovea_is_none():
    def notch(directions):
        return plateau(directions, FRONT, 4.5, -3.0)

    assert signs(ball(notch), joint())[0]["head_notch_mm"] == pytest.approx(3, abs=0.25)
    assert signs(ball(notch), joint(height=notch))[0]["head_notch_mm"] == 0


def test_a_flat_oval_head_has_neither_bump_nor_notch():
    def oval(directions):
        return 1.2 * (2 * directions[:, 1] ** 2 - 1)

    found, _ = signs(ball(oval), joint())
    assert found["head_lump_mm"] < 0.8


def test_bone_on_both_sides_is_told_by_its_share_of_the_cap():
    pole = -NECK
    half = np.deg2rad(40) * RADIUS

    def leak(directions):
        return plateau(directions, pole, half, 5.0)

    found, places = signs(ball(leak), joint(gap_mm=1.5))
    share = (1 - np.cos(np.deg2rad(42))) / (1 - np.cos(np.deg2rad(80)))
    assert found["joint_bone_share"] == pytest.approx(share, abs=0.06)
    assert places["joint_bone_share"] == "medial and above"


def test_a_head_too_small_has_bone_and_one_too_large_soft_tissue_on_both_sides():
    assert signs(ball(), joint(bone_mm=RADIUS + 6))[0]["joint_bone_share"] > 0.95
    assert signs(ball(), joint(gap_mm=9, bone_mm=RADIUS - 5))[0]["joint_soft_share"] > 0.95


def test_thick_slices_hide_the_joint_space_only_where_they_blur_it():
    grid = Grid.aligned((17, 84, 84), (5.0, 1.0, 1.0), CENTRE - [41.5, 41.5, 40.0])
    hu = joint(gap_mm=2.0).array[:80].reshape(16, 5, 84, 84).mean(1)
    hu = np.concatenate([hu, hu[-1:]]).astype(np.float32)
    found, _ = signs(ball(), Volume(hu, grid))
    assert found["joint_bone_share"] < 0.05


def test_without_a_head_there_are_no_signs_of_one():
    none = Head(None, None, None, "cut off")
    assert head_surface(ball(), none) is None
    assert head_signs(ball(), Side.LEFT, none, joint()) == ({"no_edge_share": 0.0}, {})


@pytest.mark.parametrize("by_mm", [0.0, 8.0])
def test_an_outline_beside_the_bone_shows_no_edge(by_mm):
    """A ball moved by 8 mm in its own bone: where it leaves and where it cuts it."""
    none = Head(None, None, None, "it is a shaft")
    moved = Mesh(ball().vertices + [by_mm, 0, 0], ball().faces)
    found = no_edge_share(moved, none, joint(gap_mm=15))["no_edge_share"]
    assert (found > 0.5) if by_mm else (found == 0)


@pytest.mark.parametrize(
    ("way", "side", "expected"),
    [
        ([-1, 0, 0], Side.LEFT, "medial"),
        ([-1, 0, 0], Side.RIGHT, "lateral"),
        ([0, 0.7, -0.7], Side.LEFT, "behind and below"),
        ([0.6, -0.5, 0.6], Side.RIGHT, "medial, in front and above"),
    ],
)
def test_places_are_of_the_patient(way, side, expected):
    directions = np.array([way, [0.0, 0.0, 1.0]], float)
    assert in_words(directions, np.array([1.0, 0.0]), side) == expected
    assert in_words(directions, np.zeros(2), side) == ""
