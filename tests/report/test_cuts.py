"""Pictures of a scan in which HU tells where one is: orientation, scale and outline must agree."""

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.report.cuts import PIXEL_MM, head_cut, shaft_cut
from femurkit.volume import Volume

CENTRE = np.array([12.0, -34.0, 560.0])
LETTERS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}
GRIDS = {
    "plain": Grid.aligned((60, 200, 200), (3.0, 0.9, 0.9), CENTRE - [90, 90, 90]),
    "from the feet, mirrored": Grid(
        (60, 200, 200),
        np.array([[0, 0, -0.9, 102], [0, 0.9, 0, -124], [-3.0, 0, 0, 650], [0, 0, 0, 1]]),
    ),
}


def scan(grid, values):
    """A CT whose HU are a function of LPS position."""
    points = grid.to_world(np.stack(np.indices(grid.shape), -1))
    return Volume(values(points).astype(np.float32), grid)


def tilted():
    angle = np.deg2rad(12)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turn[:3, 3] = CENTRE - turn[:3, :3] @ CENTRE
    return Grid((60, 200, 200), turn @ GRIDS["plain"].affine)


@pytest.mark.parametrize("grid", [*GRIDS.values(), tilted()], ids=[*GRIDS, "tilted"])
@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_grey_rises_toward_the_letter(box, grid, plane):
    cube = box(CENTRE - 20, CENTRE + 20)
    for letter, (axis, sign) in LETTERS.items():
        ct = scan(grid, lambda points, a=axis, s=sign: 400 + 8 * s * (points - CENTRE)[..., a])
        made = head_cut(ct, cube, cube, CENTRE, plane)
        grey = made.image.astype(float)
        rise = {
            made.edges[0]: -np.diff(grey, axis=1).mean(),
            made.edges[1]: np.diff(grey, axis=1).mean(),
            made.edges[2]: -np.diff(grey, axis=0).mean(),
            made.edges[3]: np.diff(grey, axis=0).mean(),
        }
        # 8 HU a mm, half a mm a pixel, 1500 HU on 255 greys
        assert rise.get(letter, 0) == pytest.approx(0.68 if letter in rise else 0, abs=0.03)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_the_outline_lies_on_the_edge_in_the_picture(box, plane):
    grid = Grid.aligned((90, 90, 90), (1.0, 1.0, 1.0), CENTRE - 44.5)
    half = np.array([11.0, 17.0, 23.0])
    # A ramp of one voxel around the faces, so that the edge is exactly at 400 HU.
    ct = scan(grid, lambda p: 400 - 700 * np.clip((np.abs(p - CENTRE) - half).max(-1), -1, 1))
    shape = box(CENTRE - half, CENTRE + half)
    made = head_cut(ct, shape, shape, CENTRE, plane)
    (line,) = made.outline
    bright = made.image > 127
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    assert line[:, 0].min() == pytest.approx(columns[0], abs=1.0)
    assert line[:, 0].max() == pytest.approx(columns[-1] + 1, abs=1.0)
    assert line[:, 1].min() == pytest.approx(rows[0], abs=1.0)
    assert line[:, 1].max() == pytest.approx(rows[-1] + 1, abs=1.0)
    extent = np.ptp(line, axis=0) * PIXEL_MM
    across, down = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}[plane]
    assert extent == pytest.approx([2 * half[across], 2 * half[down]])


def test_beyond_the_scan_is_black(box):
    grid = Grid.aligned((20, 40, 40), (1.0, 1.0, 1.0), CENTRE - [19.5, 19.5, 9.5])
    ct = Volume(np.full(grid.shape, 1000, np.int16), grid)
    shape = box(CENTRE - 15, CENTRE + 15)
    made = head_cut(ct, shape, shape, CENTRE, "coronal")
    area_mm2 = np.count_nonzero(made.image) * PIXEL_MM**2
    assert area_mm2 == pytest.approx(20 * 40, rel=0.04)


def test_the_shaft_cut_goes_through_the_lower_end(box):
    grid = Grid.aligned((100, 60, 60), (2.0, 2.0, 2.0), CENTRE - [59, 59, 99])
    ct = scan(grid, lambda points: 400 + 2 * (points - CENTRE)[..., 2])
    solid, canal = box(CENTRE - [14, 12, 90], CENTRE + [14, 12, 90]), box(CENTRE - 90, CENTRE - 89)
    made = shaft_cut(ct, solid, canal)
    # 12 mm above the end at -90: 400 - 156 HU
    assert np.ptp(made.image) <= 1
    assert made.image[0, 0] == pytest.approx((244 + 350) / 1500 * 255, abs=1)
    (line,) = made.outline
    assert np.ptp(line, axis=0) * PIXEL_MM == pytest.approx([28, 24])
    assert made.edges == ("R", "L", "A", "P")
