"""The CT around one femur, small enough to travel inside the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from femurkit.geometry import Grid, resample
from femurkit.mesh import Mesh
from femurkit.volume import Volume

MARGIN_MM = 18.0
FINEST_MM = 1.0
MOST_VOXELS = 4_000_000
"""More make the step coarser: a report stays a file that can be sent."""
CODES_HU = np.array([-1024.0, -250.0, 350.0, 2600.0])
CODES_AT = np.array([0.0, 20.0, 145.0, 255.0])
"""HU and the bytes that stand for them: 5 HU apart where soft tissue and faint bone are."""


@dataclass(frozen=True, eq=False)
class Stack:
    """hu: byte per voxel (z, y, x), see `hu_of_byte`, along LPS; corner_mm: its first voxel.

    ends_mm: z of the scan's lowest and highest slice, beyond which all is black. places: what to
    jump to, LPS mm.
    """

    hu: np.ndarray
    corner_mm: tuple[float, float, float]
    step_mm: float
    ends_mm: tuple[float, float]
    places: Mapping[str, tuple[float, float, float]]


def hu_of_byte() -> np.ndarray:
    """(256,) HU."""
    return np.interp(np.arange(256), CODES_AT, CODES_HU)


def stack_of(volume: Volume, surface: Mesh, places: Mapping[str, np.ndarray]) -> Stack:
    """The CT around a femur, on cubic voxels along the body's axes."""
    low = surface.vertices.min(0) - MARGIN_MM
    extent = np.ptp(surface.vertices, axis=0) + 2 * MARGIN_MM
    step = max(FINEST_MM, float((extent.prod() / MOST_VOXELS) ** (1 / 3)))
    z, y, x = (int(n) for n in np.ceil(extent[::-1] / step))
    hu = resample(volume.array, volume.grid, Grid.aligned((z, y, x), (step,) * 3, low))
    bottom, top = (corner[2] for corner in volume.grid.bounds_mm())
    return Stack(
        _bytes_of_hu()[np.clip(hu, -1024, 3071).astype(np.int16) + 1024],
        (float(low[0]), float(low[1]), float(low[2])),
        step,
        (float(bottom), float(top)),
        {name: (float(at[0]), float(at[1]), float(at[2])) for name, at in places.items()},
    )


def _bytes_of_hu() -> np.ndarray:
    """(4096,) byte of each HU from -1024."""
    return np.rint(np.interp(np.arange(-1024, 3072), CODES_HU, CODES_AT)).astype(np.uint8)
