import numpy as np

from femurkit.geometry import Grid
from femurkit.segment.slicewise import BALL_MM, one_body
from femurkit.volume import Field

SHAPE = (40, 40, 48)


def rod(radius=8.0):
    """A rod along z that the grid cuts at both ends."""
    _, y, x = np.indices(SHAPE)
    return np.clip(radius + 0.5 - np.hypot(y - 20, x - 20), 0, 1)


def cleaned(array):
    grid = Grid.aligned(SHAPE, (1.0,) * 3, (0.0, 0.0, 0.0))
    return one_body(Field(array.astype(np.float32), grid)).array >= 0.5


def test_a_rod_stays_as_it_is_up_to_where_the_scan_cuts_it():
    assert (cleaned(rod()) == (rod() >= 0.5)).all()


def test_a_slice_left_out_is_filled_and_a_sheet_beside_it_goes():
    drawn = rod()
    drawn[18] = 0.0
    drawn[8:30, 19:22, 28:44] = 1.0
    drawn[25:40, 30:38, 30:44] = 1.0  # a thick lump that only the sheet holds
    found = cleaned(drawn)
    assert found[rod() >= 0.6].all()
    assert not found[:, :, 28 + int(BALL_MM) + 1 :].any()


def test_nothing_stays_nothing():
    assert not cleaned(np.zeros(SHAPE)).any()
