import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.locate import boxes
from femurkit.locate.hip import Hip, Located
from femurkit.volume import Volume


class Network:
    spacing_mm = 2.0

    def __init__(self, kind):
        self.kind = kind


@pytest.fixture
def volume():
    """A body 200 mm wide between air."""
    grid = Grid.aligned((20, 60, 100), (5, 4, 4), (-200, -120, 0))
    hu = np.full(grid.shape, -1000, np.int16)
    hu[:, 10:50, 25:75] = 40
    return Volume(hu, grid)


@pytest.fixture(autouse=True)
def found(monkeypatch):
    """Hips at x = 80 and x = -60 mm."""
    hips = [
        Hip(side, Grid.aligned((8, 8, 8), (2, 2, 2), (x, 0, 20)), 100.0)
        for side, x in ((Side.LEFT, 73), (Side.RIGHT, -67))
    ]
    located = Located(tuple(hips))
    monkeypatch.setattr(boxes, "locate", lambda *_, **__: located)
    return located


def test_a_network_of_hips_gets_the_boxes_as_found(volume, found):
    assert boxes.hips_for(Network("hip"), volume) is found


def test_a_network_of_halves_gets_each_half_at_its_own_spacing(volume, found):
    """Of the whole width and depth, on the slices of the box around the hip."""
    left, right = boxes.hips_for(Network("half"), volume).hips
    assert [h.proximal_ml for h in (left, right)] == [100.0, 100.0]
    for hip in (left, right):
        assert hip.box.spacing_mm == (2.0, 2.0, 2.0)
        assert hip.box.shape == (9, 256, 128)
        low, high = hip.box.bounds_mm()
        assert (low[2], high[2]) == pytest.approx((18.5, 34.5))
        # the inner face of both halves is the midline between the hips, x = 10 mm
        assert hip.box.to_world((0, 0, -0.5))[0] == pytest.approx(10)
    assert right.box.affine[0, 2] == -2.0
