"""The half of the body on one side, which the paper's network sees instead of a hip's box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.errors import NoFemurFound
from femurkit.geometry import Grid
from femurkit.locate.find import find_hips
from femurkit.locate.hip import Hip
from femurkit.volume import Volume

DEPTH_MM, WIDTH_MM = 512.0, 256.0
"""Antero-posterior and lateral: half a picture of 512 x 512 pixels of 1 mm (PAPER.md step 3)."""
BODY_HU = -300
"""Skin, fat and all that is denser lies above, air and most of a table below."""
BODY_STEP_MM = 4.0
"""Fine enough to tell where the body lies."""


def half_box(
    volume: Volume, side: Side, *, spacing_mm: float, hips: Sequence[Hip] | None = None
) -> Grid:
    """A canonical grid over one half of the body, (nz, 512 / spacing, 256 / spacing) voxels.

    x runs 256 mm laterally from the midline, mirrored for a right half; y covers 512 mm centred
    on the body; z the whole scan, the lowest voxels first. The midline lies half way between both
    hips, or in the middle of the body where only one is seen. hips: those of the scan, if they
    are known already; None looks for them. It may reach beyond the scan.
    """
    low, high = body_bounds_mm(volume)
    middle = (low + high) / 2
    found = _found(volume) if hips is None else hips
    if len(found) == 2:
        middle[0] = np.mean([np.mean([b[0] for b in hip.box.bounds_mm()]) for hip in found])
    bottom, top = _ends_mm(volume.grid)
    shape = [round(length / spacing_mm) for length in (top - bottom, DEPTH_MM, WIDTH_MM)]
    start = np.array([middle[0], middle[1] - DEPTH_MM / 2, bottom])
    origin = start + np.array([side.sign, 1, 1]) * spacing_mm / 2
    return Grid.aligned(shape, (spacing_mm,) * 3, origin, mirrored=side is Side.RIGHT)


def body_bounds_mm(volume: Volume) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest LPS coordinate of the largest thing that is no air; the scan's if none."""
    steps = [max(1, int(BODY_STEP_MM // s)) for s in volume.grid.spacing_mm]
    z, y, x = (slice(None, None, step) for step in steps)
    names, count = ndimage.label(volume.array[z, y, x] > BODY_HU)
    if not count:
        return volume.grid.bounds_mm()
    largest = int(np.bincount(names.ravel())[1:].argmax()) + 1
    points = volume.grid.to_world(np.argwhere(names == largest) * steps)
    return points.min(0), points.max(0)


def _found(volume: Volume) -> Sequence[Hip]:
    try:
        return find_hips(volume)
    except NoFemurFound:
        return ()


def _ends_mm(grid: Grid) -> tuple[float, float]:
    """Lowest and highest outer face of a scan along LPS z."""
    low, high = grid.bounds_mm()
    half = float(np.abs(grid.affine[2, :3]).max()) / 2
    return float(low[2]) - half, float(high[2]) + half
