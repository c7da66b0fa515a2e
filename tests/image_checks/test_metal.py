"""Where metal lies, against bodies of known shape with blocks of metal at known places."""

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.image_checks.metal import METAL_FREE, metal_parts
from femurkit.image_checks.region import region
from femurkit.volume import Volume

SHAPE, STEP_MM, ORIGIN = (60, 100, 160), (3.0, 2.0, 2.0), (-160.0, -100.0, 300.0)
BODY = (slice(None), slice(20, 81), slice(10, 151))


def scan(*blocks, order=(0, 1, 2)):
    """A body of muscle in air with blocks (z, y, x slices) of metal."""
    hu = np.full(SHAPE, -1000, np.int16)
    hu[BODY] = 50
    for block in blocks:
        hu[block] = 3000
    grid = Grid.aligned(SHAPE, STEP_MM, ORIGIN)
    affine = grid.affine[:, [*order, 3]]
    hu = np.ascontiguousarray(hu.transpose(order))
    return Volume(hu, Grid(hu.shape, affine))


def block(z, y, x, size=5):
    return tuple(slice(n, n + size) for n in (z, y, x))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_volume_centre_and_bounds_are_those_of_the_block(order):
    volume = scan(block(10, 30, 40), order=order)
    (part,) = metal_parts(volume)
    assert part.ml == pytest.approx(125 * 12 / 1000)
    low = np.array(ORIGIN) + [2 * 40, 2 * 30, 3 * 10] - [1, 1, 1.5]
    assert np.allclose(part.low_mm, low)
    assert np.allclose(part.high_mm, low + [10, 10, 15])
    assert np.allclose(part.centre_mm, (part.low_mm + part.high_mm) / 2)
    assert (volume.array[tuple(part.voxels.T)] == 3000).all() and len(part.voxels) == 125
    assert not part.at_edge


def test_near_pieces_are_one_part_and_far_ones_are_not_the_largest_first():
    stem, screw, plate = block(20, 40, 40), block(20, 40, 46, 2), block(20, 40, 120, 8)
    parts = metal_parts(scan(stem, screw, plate))
    assert [round(part.ml, 3) for part in parts] == [6.144, 1.596]


def test_no_metal_and_less_than_a_clip_are_not_named():
    assert metal_parts(scan()) == ()
    assert metal_parts(scan(block(20, 40, 40, 1))) == (), "one voxel of 0.012 ml is noise"
    clip = scan(block(20, 40, 40, 4))
    assert len(metal_parts(clip)) == 1
    assert METAL_FREE.found(clip) is None


def test_a_hand_at_the_edge_is_said_to_be_there():
    text = METAL_FREE.found(scan((slice(4, 10), slice(30, 38), slice(0, 7))))
    assert text == (
        "4 ml of metal in the scan: 4 ml in the lower right front part, at the edge of the image. "
        "Its streaks may hide or imitate edges of bone."
    )


def test_the_top_of_the_scan_is_no_edge_of_the_image():
    (part,) = metal_parts(scan(block(55, 40, 40)))
    assert not part.at_edge


def test_parts_in_one_place_are_named_together_and_small_places_are_not():
    corners = [block(z, y, x) for z in (5, 50) for y in (25, 70) for x in (20, 130)]
    text = METAL_FREE.found(scan(block(5, 25, 35, 6), *corners))
    assert text == (
        "15 ml of metal in the scan: 4 ml in the lower right front part; "
        "2 ml in the lower left front part; 2 ml in the lower right back part; less elsewhere. "
        "Its streaks may hide or imitate edges of bone."
    )


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ((30, 50, 80), "the middle"),
        ((30, 50, 30), "the right part"),
        ((30, 50, 130), "the left part"),
        ((5, 25, 80), "the lower front part"),
        ((55, 75, 130), "the upper left back part"),
        ((55, 50, 0), "the upper right part"),
    ],
)
def test_words_for_places(index, words):
    volume = scan()
    assert region(volume, volume.grid.to_world(index)) == words


def test_place_is_within_the_body_not_within_the_image():
    volume = scan()
    hu = volume.array.copy()
    hu[:, :, 80:] = -1000
    half = Volume(hu, volume.grid)
    assert region(half, half.grid.to_world((30, 50, 70))) == "the left part"
    empty = Volume(np.full(SHAPE, -1000, np.int16), volume.grid)
    assert region(empty, empty.grid.to_world((30, 50, 80))) == "the middle"
