"""Values that are HU, of whatever is in the scan, and values that are not."""

import numpy as np
import pytest

from femurkit.errors import NotHounsfield
from femurkit.geometry import Grid
from femurkit.image_checks.hounsfield import check_hounsfield
from femurkit.volume import Volume

SHAPE = (60, 64, 64)
GRID = Grid.aligned(SHAPE, (2.0, 1.5, 1.5), (0, 0, 0))
RNG = np.random.default_rng(3)
Z, Y, X = np.indices(SHAPE)
AXIS_VOXELS = np.hypot(Y - 32, X - 32)
BONE = AXIS_VOXELS < 9
BODY = AXIS_VOXELS < 28


def body():
    """A thigh in air: fat, muscle, a shaft with marrow."""
    hu = np.full(SHAPE, -1000.0)
    hu[BODY] = np.where(AXIS_VOXELS[BODY] > 22, -100, 55)
    hu[BONE] = np.where(AXIS_VOXELS[BONE] > 6, 1200, -60)
    hu[(AXIS_VOXELS < 10) & (AXIS_VOXELS >= 8)] = 400
    return np.maximum(np.rint(hu + RNG.normal(0, 12, SHAPE)), -1024)


def bone(background):
    """The same shaft with nothing else around it, as an output of ours is."""
    return np.where(BONE, body(), background)


def one_value_outside(background):
    return np.where(BODY, body(), background)


HU = {
    "a thigh": body(),
    "a bone in air": bone(-1000),
    "a bone in air that is clipped": bone(-1024),
    "a bone in padding": bone(-2000),
    "a bone in zeros": bone(0),
    "a bone in noisy air": bone(RNG.normal(-1000, 60, SHAPE)),
    "a bone of one hundredth of the scan": np.where(AXIS_VOXELS < 4, RNG.choice(
        [-60, 150, 700], SHAPE), -1000),
    "padding at the lowest number of its type": one_value_outside(-32768),
    "padding of zeros": one_value_outside(0),
    "padding of a large number": np.where(X < 3, 3000, body()),
    "a crop within the thigh": body()[:, 20:45, 20:45],
    "a crop of fat and muscle": body()[:, 5:25, 30:40],
    "dense bone without soft tissue around it": body()[:, 24:41, 24:41],
    "much noise": body() + RNG.normal(0, 120, SHAPE),
    "a lung": np.where(BODY & ~BONE & (AXIS_VOXELS < 22), -850, body()),
    "metal": np.where(AXIS_VOXELS < 5, 16000, body()),
}  # fmt: skip


@pytest.mark.parametrize("what", HU)
def test_hounsfield_units_are_taken_whatever_they_show(what):
    values = HU[what]
    grid = Grid(values.shape, GRID.affine)
    check_hounsfield(Volume(values.astype(np.float32), grid))


OTHERS = {
    "stored values": lambda hu: hu + 1024,
    "stored values without negative ones": lambda hu: np.clip(hu + 1024, 0, 4095),
    "rescaled twice": lambda hu: hu - 1024,
    "rescaled twice and clipped": lambda hu: np.maximum(hu, -1024) - 1024,
    "a picture": lambda hu: np.interp(hu, (-1000, 1000), (0, 255)),
    "a picture of a window": lambda hu: np.rint(np.clip((hu + 160) / 400, 0, 1) * 255),
    "normalised": lambda hu: np.interp(hu, (-1000, 1000), (-1, 1)),
    "standardised": lambda hu: (hu - hu.mean()) / hu.std(),
    "ten times as large": lambda hu: hu * 10,
    "like MR": lambda hu: np.where(hu < -500, 0, np.where(hu < 0, 900, 350)) + 5 * np.sqrt(
        abs(hu)),
    "labels": lambda hu: np.digitize(hu, [-500, 0, 300]),
    "one value": lambda hu: np.full(hu.shape, -1000),
    "padding alone": lambda hu: np.full(hu.shape, -3024),
}  # fmt: skip


BY_AIR = ("rescaled twice", "rescaled twice and clipped")
"""Told by the air around a body, which comes to lie too low; not where there is none."""
CASES = [
    (what, source)
    for what in OTHERS
    for source in ("a thigh", "a bone in air", "a crop within the thigh")
    if what not in BY_AIR or source == "a thigh"
]


@pytest.mark.parametrize(("what", "source"), CASES)
def test_other_numbers_are_refused(what, source):
    values = OTHERS[what](HU[source])
    with pytest.raises(NotHounsfield):
        check_hounsfield(Volume(values.astype(np.float32), Grid(values.shape, GRID.affine)))
