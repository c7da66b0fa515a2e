"""The third pass on a ball of known size, on a neck, in a cup of bone."""

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.segment.head_map import SHAPE, HeadMap
from femurkit.segment.joint import head_map, heights, laid_in, refined, smoothed
from femurkit.surface.contour import contour, largest_part
from femurkit.surface.odds import log_odds
from femurkit.volume import Field, Volume

CENTRE, RADIUS = np.array([90.0, 10.0, 40.0]), 24.0
NECK = np.array([0.7, 0.0, -0.714]) / np.linalg.norm([0.7, 0.0, -0.714])
GAP = 3.0


def signed(points):
    """Distance below a head on its neck and shaft, mm, (...,)."""
    rays = points - CENTRE
    along = rays @ NECK
    aside = np.linalg.norm(rays - along[..., None] * NECK, axis=-1)
    neck = np.minimum(14 - aside, np.minimum(along, 60 - along))
    foot = CENTRE + 50 * NECK
    aside = np.linalg.norm((points - foot)[..., :2], axis=-1)
    shaft = np.minimum(16 - aside, foot[2] - points[..., 2])
    return np.maximum(np.maximum(RADIUS - np.linalg.norm(rays, axis=-1), neck), shaft)


def cup(points):
    """Distance below the other bone, mm: a shell above the head."""
    away = np.linalg.norm(points - CENTRE, axis=-1)
    shell = np.minimum(away - RADIUS - GAP, RADIUS + GAP + 6 - away)
    return np.minimum(shell, points[..., 2] - CENTRE[2] - 4)


def drawn(off=0.0):
    """A fine network's field. off: mm by which its outline lies outward, at points."""
    box = Grid.aligned((80, 60, 80), (1.5,) * 3, CENTRE - [45, 45, 75])
    points = box.to_world(np.moveaxis(np.indices(box.shape), 0, -1))
    more = off(points) if callable(off) else off
    odds = np.clip(4 * (signed(points) + more), -8, 8)
    return Field((1 / (1 + np.exp(-odds))).astype(np.float32), box)


def scan():
    """HU of femur 400, of the other bone 700, of soft tissue 40."""
    grid = Grid.aligned((120, 90, 120), (1.0,) * 3, CENTRE - [45, 45, 75])
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    share = [np.clip(0.5 + depth(points), 0, 1) for depth in (signed, cup)]
    return Volume((40 + 360 * share[0] + 660 * share[1]).astype(np.float32), grid)


class Between:
    """A network that takes for femur what has the femur's HU."""

    kind, femur = "joint", 1

    def __call__(self, hu):
        share = np.clip((hu - 40) / 360, 0, 1) * (hu < 550)
        return np.stack([1 - share, share]).astype(np.float32)


def lump(points):
    """Outward by up to 3 mm over the upper medial head: through the joint space, into the cup."""
    pole = CENTRE + RADIUS * np.array([-0.5, 0.0, 0.866])
    return 3 * np.exp(-0.5 * (np.linalg.norm(points - pole, axis=-1) / 7) ** 2)


def off_the_ball(field):
    """Distance of the outline outside the ball, mm, on the half away from the neck."""
    mesh = largest_part(contour(log_odds(field)))
    rays = mesh.vertices - CENTRE
    return (np.linalg.norm(rays, axis=1) - RADIUS)[rays @ NECK < 0]


def test_a_leak_into_the_cup_is_taken_back():
    before = drawn(lump)
    assert off_the_ball(before).max() > 2.5
    done = refined(before, scan(), Side.LEFT, network=Between())
    after = done.field
    assert done.undecided is not None and 0 <= done.undecided < 0.6
    assert np.abs(off_the_ball(after)).max() < 1.0
    assert np.abs(off_the_ball(after)).mean() < 0.1
    far = before.grid.to_world(np.moveaxis(np.indices(before.grid.shape), 0, -1)) - CENTRE
    on_the_neck = far @ NECK > 0.6 * np.linalg.norm(far, axis=-1)
    assert np.array_equal(after.array[on_the_neck], before.array[on_the_neck])


def test_without_a_head_the_field_stays_as_it_is():
    box = Grid.aligned((40, 20, 20), (1.5,) * 3, (0, 0, 0))
    rod = np.zeros(box.shape, np.float32)
    rod[:, 6:12, 6:12] = 1
    field = Field(rod, box)
    done = refined(field, scan(), Side.LEFT, network=Between())
    assert done.field is field and done.undecided is None


@pytest.mark.parametrize("spoilt", ["metal", "another surface"])
def test_what_the_network_cannot_know_stays_as_it_is(spoilt):
    field, volume = drawn(), scan()
    hu = volume.array.copy()
    if spoilt == "metal":
        hu[hu > 550] = 3000
    else:  # the outer 5 mm of the head have turned to what the network takes for no femur
        points = volume.grid.to_world(np.moveaxis(np.indices(volume.grid.shape), 0, -1))
        hu[np.linalg.norm(points - CENTRE, axis=-1) > RADIUS - 5] = 40
    done = refined(field, Volume(hu, volume.grid), Side.LEFT, network=Between())
    assert done.field is field
    assert done.undecided == {"metal": None, "another surface": 1.0}[spoilt]


def test_where_the_scan_ends_in_the_head_the_fine_network_stands():
    whole, field = scan(), drawn()
    top = int(whole.grid.to_index(CENTRE + [0, 0, 12])[0])
    part = Volume(whole.array[:top], whole.grid.crop((0, 0, 0), (top, *whole.grid.shape[1:])))
    after = refined(field, part, Side.LEFT, network=Between()).field
    high = field.grid.to_world(np.argwhere(np.abs(after.array - field.array) > 1e-3))[:, 2]
    assert len(high) and high.max() < CENTRE[2] + 12


def test_the_map_lies_around_the_head():
    head = head_map(drawn(), Side.LEFT)
    assert np.abs(head.centre_mm - CENTRE).max() < 0.3
    assert head.radius_mm == pytest.approx(RADIUS, abs=0.3)
    assert -head.axes[2] @ NECK > 0.97


@pytest.mark.parametrize("radius", [20.0, 24.3, 28.0])
def test_heights_lie_between_the_nodes(radius):
    head = HeadMap.around(CENTRE, RADIUS, NECK, Side.LEFT)
    away = np.linalg.norm(head.nodes() - CENTRE, axis=-1)
    says = np.clip(0.5 + (radius - away) / head.step_mm, 0, 1)
    says[(away > radius + 4) & (away < radius + 7)] = 1.0  # taken for femur, across a joint space
    height, sure = heights(says)
    exact = (radius / RADIUS - 0.5) * (SHAPE[0] - 1)
    assert np.abs(height - exact).max() < 0.02 and sure.min() > 0.7


def test_unsure_heights_follow_their_neighbours():
    height, sure = np.full((9, 9), 20.0), np.ones((9, 9))
    height[4, 4], sure[4, 4] = 26.0, 0.02
    assert np.abs(smoothed(height, sure) - 20).max() < 0.05


def test_the_outline_is_laid_where_the_heights_are():
    head = HeadMap.around(CENTRE, RADIUS, NECK, Side.LEFT)
    wanted = 1.5
    height = np.full(SHAPE[1:], (1 + wanted / RADIUS - 0.5) * (SHAPE[0] - 1))
    after = laid_in(drawn(), head, height, np.ones(SHAPE[1:]))
    assert np.abs(off_the_ball(after) - wanted).max() < 0.05
