"""Where metal lies in a scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.image_checks.region import region
from femurkit.remark import Claim
from femurkit.volume import Volume

METAL_HU = 2600
"""No bone or tooth in a hip scan shows more."""
MIN_METAL_ML = 1.0
"""Less metal in the whole scan is a clip or a wire."""
MIN_PART_ML = 0.02
"""Less in one place is noise."""
JOIN_MM = 5.0
"""Pieces about this close belong to one part: an implant and its screws."""
MAX_NAMED = 3
"""Places that the finding names one by one."""


@dataclass(frozen=True, eq=False)
class MetalPart:
    """Pieces of metal that lie together.

    ml: volume above METAL_HU. centre_mm: mean (3,) LPS. low_mm, high_mm: bounds (3,) LPS to the
    outer faces of the voxels. voxels: (n, 3) indices z, y, x. at_edge: it touches a side face of
    the image, where more of it may lie outside.
    """

    ml: float
    centre_mm: np.ndarray
    low_mm: np.ndarray
    high_mm: np.ndarray
    voxels: np.ndarray
    at_edge: bool


def metal_parts(volume: Volume) -> tuple[MetalPart, ...]:
    """Find the metal in a scan, the largest part first.

    Voxels above METAL_HU are grouped in cells of about JOIN_MM; cells that touch, at a corner too,
    are one part. Parts below MIN_PART_ML are left out.
    """
    layers = np.flatnonzero(volume.array.max(axis=(1, 2)) > METAL_HU)
    found = [np.argwhere(volume.array[layer] > METAL_HU) for layer in layers]
    if not found:
        return ()
    of_layer = np.repeat(layers, [len(each) for each in found])
    voxels = np.column_stack([of_layer, np.concatenate(found)])
    spacing = np.array(volume.grid.spacing_mm)
    cells = voxels // np.maximum(1, np.rint(JOIN_MM / spacing)).astype(int)
    cells -= cells.min(0)
    filled = np.zeros(cells.max(0) + 1, bool)
    filled[tuple(cells.T)] = True
    labels, _ = ndimage.label(filled, np.ones((3, 3, 3)))
    of_part = labels[tuple(cells.T)]
    order = np.argsort(of_part, kind="stable")
    starts = np.flatnonzero(np.diff(of_part[order])) + 1
    parts = [_part(volume, piece) for piece in np.split(voxels[order], starts)]
    parts = [part for part in parts if part.ml >= MIN_PART_ML]
    return tuple(sorted(parts, key=lambda part: -part.ml))


def _part(volume: Volume, voxels: np.ndarray) -> MetalPart:
    grid = volume.grid
    points = grid.to_world(voxels)
    half = np.abs(grid.affine[:3, :3]).sum(1) / 2
    last = np.array(grid.shape) - 1
    along = int(abs(grid.affine[2, :3]).argmax())
    sides = [axis for axis in range(3) if axis != along]
    edge = (voxels[:, sides] == 0) | (voxels[:, sides] == last[sides])
    return MetalPart(
        len(voxels) * grid.voxel_mm3 / 1000,
        points.mean(0),
        points.min(0) - half,
        points.max(0) + half,
        voxels,
        bool(edge.any()),
    )


def _metal_free(volume: Volume) -> str | None:
    parts = metal_parts(volume)
    total = sum(part.ml for part in parts)
    if total < MIN_METAL_ML:
        return None
    places: dict[str, float] = {}
    for part in parts:
        edge = ", at the edge of the image" * part.at_edge
        place = f"{region(volume, part.centre_mm)}{edge}"
        places[place] = places.get(place, 0.0) + part.ml
    largest = sorted(places, key=lambda place: -places[place])[:MAX_NAMED]
    named = [f"{_amount(places[place])} in {place}" for place in largest]
    if len(places) > MAX_NAMED:
        named.append("less elsewhere")
    return (
        f"{total:.0f} ml of metal in the scan: {'; '.join(named)}. "
        "Its streaks may hide or imitate edges of bone."
    )


def _amount(ml: float) -> str:
    return f"{ml:.0f} ml" if ml >= 1 else f"{ml:.1g} ml"


METAL_FREE: Claim[Volume] = Claim(
    "METAL_FREE", "warning", "no metal in the scan", _metal_free,
    "Look at the outline beside it, and use a scan with metal artefact reduction if there is one.",
)  # fmt: skip
