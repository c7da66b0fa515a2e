import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.segment.whole import cut_mm2, predict_whole
from femurkit.volume import Field, Volume

SCAN = Grid.aligned((80, 60, 60), (1.5, 1.5, 1.5), (0, 0, 0))


class Bright:
    """Takes bright voxels for femur."""

    steps, spacing_mm, femur = (8, 8, 8), 1.5, 1

    def __init__(self, kind="hip"):
        self.kind, self.boxes = kind, 0

    def __call__(self, hu):
        self.boxes += 1
        return np.stack([1 - (hu > 200), hu > 200]).astype(np.float32)


@pytest.fixture
def scan():
    """A bright block, 20..40 mm wide, from 10 mm up and out through the top of the scan."""
    points = SCAN.to_world(np.moveaxis(np.indices(SCAN.shape), 0, -1))
    inside = ((points > (20, 20, 10)) & (points < (40, 40, 999))).all(-1)
    return Volume(np.where(inside, 800, -100).astype(np.int16), SCAN)


def box(low, shape, *, mirrored=False):
    return Grid.aligned(shape, (1.5, 1.5, 1.5), low, mirrored=mirrored)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_box_that_cuts_the_femur_grows_until_it_does_not(scan, mirrored):
    # of z it sees 30 to 53 mm, of x 6 to 29 mm: cut below, above, and on one side
    network = Bright()
    start = (28.5, 10.5, 30) if mirrored else (6, 10.5, 30)
    found = predict_whole(scan, box(start, (16, 24, 16), mirrored=mirrored), network=network)
    assert all(n % 8 == 0 for n in found.grid.shape)
    assert not cut_mm2(found, SCAN).any()
    volume = np.count_nonzero(scan.array == 800)
    low, high = found.grid.bounds_mm()
    assert high[2] >= SCAN.bounds_mm()[1][2] and low[2] < 10
    within = found.grid.to_index(SCAN.to_world(np.argwhere(scan.array == 800)))
    assert len(within) == volume
    assert (found.array[tuple(np.rint(within).astype(int).T)] >= 0.5).all()
    assert network.boxes == 3


def test_a_box_that_holds_the_femur_is_seen_once(scan):
    network = Bright()
    wide = box((10.5, 10.5, 0), (88, 32, 32))
    assert predict_whole(scan, wide, network=network).grid is wide
    assert network.boxes == 1


def test_the_half_of_a_body_stays_as_it_is(scan):
    network = Bright("half")
    cut = box((6, 10.5, 30), (8, 24, 16))
    assert predict_whole(scan, cut, network=network).grid is cut


def test_only_faces_with_scan_beyond_them_cut(scan):
    field = Field((scan.array > 200).astype(np.float32), SCAN)
    assert not cut_mm2(field, SCAN).any()
    lower = SCAN.crop((0, 0, 0), (40, 60, 60))
    cut = cut_mm2(Field((scan.array[:40] > 200).astype(np.float32), lower), SCAN)
    assert cut[0, 1] == pytest.approx(13 * 13 * 1.5**2)
    assert np.count_nonzero(cut) == 1
