import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.errors import NoFemurFound
from femurkit.geometry import Grid
from femurkit.locate import half
from femurkit.locate.half import half_box
from femurkit.locate.hip import Hip
from femurkit.volume import Volume

GRID = Grid.aligned((31, 60, 90), (5.0, 6.0, 5.0), (-200.0, -150.0, 700.0))
BODY_LOW, BODY_HIGH = np.array([-120.0, -90.0, 0.0]), np.array([180.0, 90.0, 2000.0])


def body(grid=GRID) -> Volume:
    """A block of muscle, off centre, above a table that is wider but holds less."""
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    hu = np.full(grid.shape, -1000, np.int16)
    hu[((points >= BODY_LOW - 1e-6) & (points <= BODY_HIGH + 1e-6)).all(-1)] = 40
    hu[(points[..., 1] > 130) & (points[..., 1] < 150)] = 100
    return Volume(hu, grid)


def hip(side: Side, centre_x: float) -> Hip:
    low = np.array([centre_x - 31.5, -40.0, 720.0])
    return Hip(side, Grid.aligned((64, 64, 64), (1.0, 1.0, 1.0), low), 90.0)


HIPS = (hip(Side.LEFT, 130.0), hip(Side.RIGHT, -90.0))


@pytest.mark.parametrize("spacing_mm", [1.0, 2.0, 4.0])
def test_both_halves_meet_at_the_midline_between_the_hips(spacing_mm):
    left, right = (half_box(body(), side, spacing_mm=spacing_mm, hips=HIPS) for side in Side)
    for box in (left, right):
        assert box.shape == tuple(round(mm / spacing_mm) for mm in (155, 512, 256))
        assert np.allclose(box.spacing_mm, spacing_mm)
        low, high = box.bounds_mm()
        assert low[2] - spacing_mm / 2 == pytest.approx(697.5)
        assert (low[1] + high[1]) / 2 == pytest.approx(0, abs=3)
    assert left.bounds_mm()[0][0] - spacing_mm / 2 == pytest.approx(20.0)
    assert right.bounds_mm()[1][0] + spacing_mm / 2 == pytest.approx(20.0)
    # the first column is medial in both: a right half looks like a left one
    assert left.to_world((0, 0, 0))[0] == pytest.approx(20.0 + spacing_mm / 2)
    assert right.to_world((0, 0, 0))[0] == pytest.approx(20.0 - spacing_mm / 2)
    assert left.affine[0, 2] > 0 > right.affine[0, 2]


@pytest.mark.parametrize("hips", [(), HIPS[:1]], ids=["none", "one"])
def test_with_one_hip_or_none_the_body_has_a_middle(hips):
    box = half_box(body(), Side.LEFT, spacing_mm=2.0, hips=hips)
    assert box.to_world((0, 0, 0))[0] - 1 == pytest.approx(30.0, abs=3)


def test_the_hips_are_looked_for_if_they_are_not_given(monkeypatch):
    monkeypatch.setattr(half, "find_hips", lambda _: list(HIPS))
    box = half_box(body(), Side.RIGHT, spacing_mm=2.0)
    assert box.same_as(half_box(body(), Side.RIGHT, spacing_mm=2.0, hips=HIPS))

    def none(_):
        raise NoFemurFound("none")

    monkeypatch.setattr(half, "find_hips", none)
    box = half_box(body(), Side.RIGHT, spacing_mm=2.0)
    assert box.same_as(half_box(body(), Side.RIGHT, spacing_mm=2.0, hips=()))


def test_the_order_of_the_array_does_not_matter():
    affine = GRID.affine.copy()
    affine[:3, 3] = GRID.to_world(np.array(GRID.shape) - 1)
    affine[:3, :3] *= -1
    turned = Grid(GRID.shape, affine)
    for side in Side:
        here = half_box(body(), side, spacing_mm=2.0, hips=HIPS)
        there = half_box(body(turned), side, spacing_mm=2.0, hips=HIPS)
        assert here.shape == there.shape
        assert np.allclose(here.affine, there.affine, atol=5)
        assert np.allclose(here.affine[[0, 2]], there.affine[[0, 2]])


def test_air_alone_has_the_middle_of_the_scan():
    air = Volume(np.full(GRID.shape, -1000, np.int16), GRID)
    low, high = GRID.bounds_mm()
    box = half_box(air, Side.LEFT, spacing_mm=2.0, hips=())
    assert box.to_world((0, 0, 0))[0] - 1 == pytest.approx((low[0] + high[0]) / 2)
