from itertools import pairwise

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.segment.predict import OVERLAP, SLICES, TILE, predict, spans
from femurkit.volume import Volume


class Ramp:
    """A network that answers with the HU itself, so that any misplaced voxel shows."""

    steps, spacing_mm, kind, femur = (16, 16, 16), 1.5, "hip", 1

    def __call__(self, hu):
        return np.stack([1 - hu / 1000, hu / 1000])


@pytest.mark.parametrize("length", [16, TILE, TILE + 16, 2 * TILE, 5 * TILE + 48])
def test_tiles_cover_everything_and_overlap(length):
    tiles = spans(length)
    assert tiles[0][0] == 0 and tiles[-1][1] == length
    assert all(b - a <= TILE for a, b in tiles)
    overlaps = [a[1] - b[0] for a, b in pairwise(tiles)]
    assert all(o >= OVERLAP for o in overlaps)


@pytest.mark.parametrize("length", [TILE + 16, 256, 400, 2000])
def test_tiles_are_no_more_and_no_longer_than_need_be(length):
    tiles = spans(length, step=16)
    (each,) = {b - a for a, b in tiles}
    assert tiles[0][0] == 0 and tiles[-1][1] == length and each % 16 == 0 and each <= TILE
    assert all(a[1] - b[0] >= OVERLAP for a, b in pairwise(tiles))
    assert len(tiles) * (each - 16) < length + (len(tiles) - 1) * OVERLAP
    assert (len(tiles) - 1) * (TILE - OVERLAP) + OVERLAP < length


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("length", [40, TILE + 70])
def test_every_voxel_of_the_field_is_where_its_hu_was(mirrored, length):
    rng = np.random.default_rng(0)
    source = Grid.aligned((length, 40, 50), (1.5, 1.5, 1.5), (-30, 10, 700))
    volume = Volume(rng.integers(0, 1000, source.shape).astype(np.int16), source)
    start = source.to_world((0, 3, 46 if mirrored else 4))
    box = Grid.aligned((length, 33, 40), (1.5, 1.5, 1.5), start, mirrored=mirrored)
    field = predict(volume, box, network=Ramp())
    part = volume.array[:, 3:36]
    part = part[:, :, 46:6:-1] if mirrored else part[:, :, 4:44]
    assert np.allclose(field.array, part / 1000, atol=1e-4)


def test_a_network_of_slices_gets_few_at_a_time_and_each_once():
    class Slices(Ramp):
        steps, kind, seen = (1, 16, 16), "half", []

        def __call__(self, hu):
            assert len(hu) <= SLICES
            self.seen.append(len(hu))
            return super().__call__(hu)

    grid = Grid.aligned((3 * SLICES, 20, 30), (1.5, 1.5, 1.5), (0, 0, 0))
    hu = np.random.default_rng(0).integers(0, 1000, grid.shape).astype(np.int16)
    field = predict(Volume(hu, grid), grid, network=Slices())
    assert np.allclose(field.array, hu / 1000, atol=1e-6)
    assert Slices.seen == [SLICES] * 3


def test_a_network_of_slices_does_not_see_the_air_far_from_the_body():
    class Slices(Ramp):
        steps, kind, seen = (1, 16, 16), "half", []

        def __call__(self, hu):
            self.seen.append(hu.shape[1:])
            return super().__call__(hu)

    grid = Grid.aligned((2, 192, 160), (1.0, 1.0, 1.0), (0, 0, 0))
    hu = np.full(grid.shape, -1000, np.int16)
    hu[:, 90:100, :20] = 400
    field = predict(Volume(hu, grid), grid, network=Slices())
    assert (field.array[:, 90:100, :20] == np.float32(0.4)).all()
    assert {*Slices.seen} == {(96, 64)}
    assert predict(Volume(np.full_like(hu, -1000), grid), grid, network=Slices()).array.max() == 0
