from itertools import pairwise

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.segment import predict as module
from femurkit.segment.predict import OVERLAP, TILE, predict, spans
from femurkit.volume import Volume


class Ramp:
    """A network that answers with the HU itself, so that any misplaced voxel shows."""

    step, spacing_mm = 16, 1.5

    def __call__(self, hu):
        return np.stack([1 - hu / 1000, hu / 1000])


@pytest.mark.parametrize("length", [16, TILE, TILE + 16, 2 * TILE, 5 * TILE + 48])
def test_tiles_cover_everything_and_overlap(length):
    tiles = spans(length)
    assert tiles[0][0] == 0 and tiles[-1][1] == length
    assert all(b - a <= TILE for a, b in tiles)
    overlaps = [a[1] - b[0] for a, b in pairwise(tiles)]
    assert all(o >= OVERLAP for o in overlaps)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("length", [40, TILE + 70])
def test_every_voxel_of_the_field_is_where_its_hu_was(monkeypatch, mirrored, length):
    monkeypatch.setattr(module, "shipped", lambda *_: Ramp())
    rng = np.random.default_rng(0)
    source = Grid.aligned((length, 40, 50), (1.5, 1.5, 1.5), (-30, 10, 700))
    volume = Volume(rng.integers(0, 1000, source.shape).astype(np.int16), source)
    start = source.to_world((0, 3, 46 if mirrored else 4))
    box = Grid.aligned((length, 33, 40), (1.5, 1.5, 1.5), start, mirrored=mirrored)
    field = predict(volume, box)
    part = volume.array[:, 3:36]
    part = part[:, :, 46:6:-1] if mirrored else part[:, :, 4:44]
    assert np.allclose(field.array, part / 1000, atol=1e-4)
