"""Whether the values of a scan can be Hounsfield units.

What there is, is judged, not how much of the scan it fills: a bone in air, a crop without air and a
scan with wide padding are as good as a whole body.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from femurkit.errors import NotHounsfield
from femurkit.volume import Volume

SAMPLE = 400_000
"""About so many voxels are enough to tell HU from other numbers."""
PADDING_HU = -1500
"""Lower values are what scanners and programs write where nothing was measured."""
MAX_BELOW, PADDING_VALUES, MIN_REPEATED = 0.02, 3, 0.5
"""More than the first share below PADDING_HU is padding only if so few values make up most of it;
air that was rescaled twice is as low, but has noise."""
AIR_HU = (-1100, -900)
BACKGROUND_SHARE = 0.3
"""One value as frequent as this is a background that a program wrote; if it is not that of air, it
says nothing."""
MAX_BELOW_AIR = 0.3
"""Share of values below AIR_HU among all up to it; noise puts a fifth there at most, fat that was
rescaled twice more."""
GREATEST_HU, GREATEST_SHARE = 4000, 0.05
"""Metal goes beyond, but fills less of a scan."""
BODY_HU, MIN_BODY_VOXELS = -300, 20
"""Tissue and bone lie above; fewer voxels of the sample are a table or noise."""
MIN_BODY_SHARE = 0.2
"""Of all that is no air; the rest is lung, foam and the rims of voxels that air half fills."""
SOFT_TISSUE_HU, SOFT_TISSUE_SHARE = 200, 0.05
"""Fat, muscle, marrow and water lie within this of 0 and fill at least this share of any body, and
of a bare bone."""
LIGHT_HU, LIGHT_SHARE = -50, 0.001
"""Fat and air lie below; stored values not yet rescaled, pictures and MR do not."""


def check_hounsfield(volume: Volume) -> None:
    """Raise NotHounsfield unless the values are spread as HU of a body, or part of one, are."""
    sample = _sample(volume.array)
    low = sample[sample < PADDING_HU]
    if len(low) > MAX_BELOW * len(sample) and _repeated(low) < MIN_REPEATED:
        raise _refusal(f"many different values below {PADDING_HU}")
    sample = _without_background(sample[sample >= PADDING_HU])
    for found, holds in SPREAD:
        if not holds(sample):
            raise _refusal(found)


def _refusal(found: str) -> NotHounsfield:
    return NotHounsfield(
        found, expected="Hounsfield units", remedy="Give the CT with its rescale applied."
    )


def _sample(array: np.ndarray) -> np.ndarray:
    """Values (n,) on a coarser lattice."""
    step = max(1, int((array.size / SAMPLE) ** (1 / 3)))
    return np.asarray(array[::step, ::step, ::step].ravel())


def _repeated(values: np.ndarray) -> float:
    """Share of the few most frequent values."""
    _, counts = np.unique(values, return_counts=True)
    return float(np.sort(counts)[-PADDING_VALUES:].sum()) / len(values)


def _without_background(hu: np.ndarray) -> np.ndarray:
    """Without a value that is so frequent that a program wrote it, unless it is that of air."""
    values, counts = np.unique(hu, return_counts=True)
    if not len(hu) or counts.max() < BACKGROUND_SHARE * len(hu):
        return hu
    background = values[counts.argmax()]
    if AIR_HU[0] <= background <= AIR_HU[1]:
        return hu
    return np.asarray(hu[hu != background])


def _share(which: np.ndarray, of: np.ndarray) -> float:
    return float(np.count_nonzero(which & of)) / max(1, int(np.count_nonzero(of)))


def _below_air(hu: np.ndarray) -> float:
    return _share(hu < AIR_HU[0], hu <= AIR_HU[1])


SPREAD: tuple[tuple[str, Callable[[np.ndarray], bool]], ...] = (
    ("no value in the range of HU", lambda hu: hu.size > 0),
    (
        f"many values above {GREATEST_HU}",
        lambda hu: _share(hu > GREATEST_HU, hu >= PADDING_HU) <= GREATEST_SHARE,
    ),
    ("nothing denser than air", lambda hu: int(np.count_nonzero(hu > BODY_HU)) >= MIN_BODY_VOXELS),
    (
        f"hardly any value within {SOFT_TISSUE_HU} of 0, where soft tissue and marrow lie",
        lambda hu: _share(abs(hu) <= SOFT_TISSUE_HU, hu > BODY_HU) >= SOFT_TISSUE_SHARE,
    ),
    (
        f"hardly any value below {LIGHT_HU}, where fat and air lie",
        lambda hu: _share(hu < LIGHT_HU, hu >= PADDING_HU) >= LIGHT_SHARE,
    ),
    (f"many values below {AIR_HU[0]}, that of air", lambda hu: _below_air(hu) <= MAX_BELOW_AIR),
    (
        f"most values between air and {BODY_HU}, where hardly any tissue lies",
        lambda hu: _share(hu > BODY_HU, hu > AIR_HU[1]) >= MIN_BODY_SHARE,
    ),
)
"""What is found where a claim on the values (n,) does not hold, and the claim; in this order."""
