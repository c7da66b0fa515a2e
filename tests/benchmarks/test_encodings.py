"""Every form of the benchmark is read as the same scan."""

import numpy as np
import pytest
from benchmarks.encodings import FORMS, POSITIONS, plain, slices_of, zipped

from femurkit.geometry import Grid
from femurkit.sources import load
from femurkit.volume import Volume

AIR = -1000


@pytest.fixture(scope="module")
def volume():
    hu = np.random.default_rng(0).choice([-100, 50, 60, 900], size=(24, 40, 36))
    hu = (hu + np.random.default_rng(1).integers(-20, 20, hu.shape)).astype(np.int16)
    hu[:, :4], hu[:, -4:], hu[..., :4], hu[..., -4:] = AIR, AIR, AIR, AIR
    hu[:, :8, :8] = AIR  # where padding may stand
    return Volume(hu, Grid.aligned(hu.shape, (3.0, 0.9, 0.7), (-12.6, -18.0, -500.0)))


FORMS_AND_POSITIONS = [(name, "HFS") for name in FORMS]
FORMS_AND_POSITIONS += [("explicit little endian", position) for position in POSITIONS[1:]]


@pytest.mark.parametrize(("name", "position"), FORMS_AND_POSITIONS)
def test_the_same_values_in_the_same_places(volume, name, position, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    FORMS[name](slices_of(volume, tmp_path / "slices", position), source)
    read = load(source / "series.zip" if FORMS[name] is zipped else source).volume
    points = volume.grid.to_world(np.argwhere(volume.array > AIR))
    index = read.grid.to_index(points)
    assert abs(index - np.rint(index)).max() < 1e-3
    found = read.array[tuple(np.rint(index).astype(int).T)]
    assert np.array_equal(found, volume.array[volume.array > AIR])
    assert read.array.size == volume.array.size


def test_the_first_is_what_the_others_are_compared_with():
    assert next(iter(FORMS.values())) is plain
