"""Where the edges of a scan cut a femur off, as a mask or the coarse pass shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from femurkit.geometry import Grid, resample
from femurkit.remark import Claim
from femurkit.solid import faces
from femurkit.surface.islands import bounding_window
from femurkit.volume import Field, Mask, Volume

PADDING_HU = -900.0
"""Voxels below lie outside what was scanned: a round field of view, or slices that were blanked.
No air is so near to a femur."""
PADDING_VOXELS, PADDING_MM = 2, 2.0
"""So near to the outline, at least one of the two, padding cuts the bone."""
ALONE = 0.5
"""A bone with padding at more of its surface is shown by itself, and not cut off."""
LEAST_MM2 = 20.0
"""Less bone than this on a face of the scan is a voxel in doubt."""
DIRECTIONS = (("right", "left"), ("anterior", "posterior"), ("lower", "upper"))
"""Of the patient, along x, y and z: where the coordinate is least and where it is most."""

Edges = Mapping[str, float]
"""Direction -> femur in the outermost layer of voxels there, mm²; nothing where none was sought."""


def edges_of_mask(mask: Mask, volume: Volume | None = None) -> Edges:
    """What lies on the edges of the scan of a femur's mask: on its outer faces and, where the
    volume is given, beside padding within it.
    """
    out = _edges(mask.grid, 0.0, lambda low, high: mask.array[_window(low, high)])
    padded = {} if volume is None else _beside_padding(mask, volume)
    return {name: mm2 + padded.get(name, 0.0) for name, mm2 in out.items()}


def _beside_padding(mask: Mask, volume: Volume) -> Edges:
    """Area of the mask's faces that look at padding, by direction, mm2; nothing for a bone that is
    shown by itself.
    """
    if not mask.array.any():
        return {}
    steps = mask.grid.spacing_mm
    reach = [max(PADDING_VOXELS, round(PADDING_MM / step)) for step in steps]
    window = bounding_window(mask.array, margin=max(reach) + 1)
    femur, hu = mask.array[window], volume.array[window]
    empty = hu <= PADDING_HU
    out: dict[str, float] = {}
    surface = 0.0
    planes = iter(faces(mask.grid))
    for axis, step in enumerate(steps):
        face_mm2 = mask.grid.voxel_mm3 / step
        for sign in (-1, 1):
            outward = -next(planes).inward
            along = int(np.abs(outward).argmax())
            edge = femur & ~_neighbour(femur, axis, sign)
            near = edge & np.logical_or.reduce(
                [_neighbour(empty, axis, sign * k) for k in range(1, reach[axis] + 1)]
            )
            out[DIRECTIONS[along][int(outward[along] > 0)]] = near.sum() * face_mm2
            surface += edge.sum() * face_mm2
    return {} if sum(out.values()) > ALONE * surface else out


def _neighbour(array: np.ndarray, axis: int, by: int) -> np.ndarray:
    """Of each voxel, the one so many steps along an axis; False beyond the array."""
    out = np.zeros_like(array)
    here, there = [slice(None)] * 3, [slice(None)] * 3
    here[axis], there[axis] = (slice(None, -by), slice(by, None)) if by > 0 else (
        slice(-by, None), slice(None, by)
    )  # fmt: skip
    out[tuple(here)] = array[tuple(there)]
    return out


def edges_of_coarse(femur: Field, scan: Grid, low_mm: np.ndarray, high_mm: np.ndarray) -> Edges:
    """The same as the coarse pass sees it, of what lies between two corners (LPS mm).

    Half a coarse voxel inside the scan: beyond that it sees air as well, and bone no more.
    """

    def inside(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        layer = scan.crop(low, high)
        found = resample(femur.array, femur.grid, layer, outside=0.0) >= 0.5
        at = layer.to_world(np.argwhere(found))
        found[found] = ((at >= low_mm) & (at <= high_mm)).all(1)
        return found

    return _edges(scan, femur.grid.spacing_mm[0] / 2, inside)


def _edges(
    scan: Grid, depth_mm: float, inside: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Edges:
    """depth_mm: of the layer. inside(low, high): which voxels between two indices are femur."""
    out: dict[str, float] = {}
    planes = iter(faces(scan))
    for axis, step in enumerate(scan.spacing_mm):
        deep = min(round(depth_mm / step), scan.shape[axis] - 1)
        for layer in (deep, scan.shape[axis] - 1 - deep):
            low, high = np.zeros(3, int), np.array(scan.shape)
            low[axis], high[axis] = layer, layer + 1
            outward = -next(planes).inward
            along = int(np.abs(outward).argmax())
            name = DIRECTIONS[along][int(outward[along] > 0)]
            out[name] = float(np.count_nonzero(inside(low, high)) * scan.voxel_mm3 / step)
    return out


def _window(low: np.ndarray, high: np.ndarray) -> tuple[slice, ...]:
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _top(edges: Edges) -> str | None:
    if edges.get("upper", 0.0) < LEAST_MM2:
        return None
    return (
        f"The scan ends within the upper femur, with {edges['upper']:.0f} mm² of bone in its "
        "highest slice: what lies above, of the head or trochanter, is missing."
    )


def _sides(edges: Edges) -> str | None:
    cut = [
        f"{name} edge ({edges[name]:.0f} mm²)"
        for names in DIRECTIONS[:2]
        for name in names
        if edges.get(name, 0.0) >= LEAST_MM2
    ]
    return f"The field of view cuts the femur at its {' and '.join(cut)}." if cut else None


EDGE_CLAIMS: tuple[Claim[Edges], ...] = (
    Claim("HEAD_IN_SCAN", "warning", "the scan goes on above the femoral head", _top,
          "Give a scan that begins above the hip joint."),
    Claim("FEMUR_IN_VIEW", "warning", "the femur lies within the field of view", _sides,
          "Give a reconstruction with a larger field of view."),
)  # fmt: skip
"""What the scan's edges may cut off; that it ends in the shaft is usual."""
