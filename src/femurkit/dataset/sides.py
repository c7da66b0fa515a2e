"""Left and right for labels that only say femur."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from femurkit.anatomy import Side
from femurkit.errors import InputRefused
from femurkit.locate.half import body_bounds_mm
from femurkit.locate.hip import Hip
from femurkit.volume import Volume

UNKNOWN = 3
"""Femur of a side that its label does not say."""
BETWEEN_FEMURS_MM = 20.0
"""A wider gap along the patient's left-right axis lies between two femurs, not within one."""
LEAST_BESIDE = 0.02
"""A smaller share of the voxels beside a gap is a slip of the brush, not a femur."""
WHOLE_BODY_MM = 250.0
"""A narrower body may be one half of a patient; its middle says nothing."""


def with_sides(labels: np.ndarray, volume: Volume, hips: Sequence[Hip]) -> np.ndarray:
    """Every UNKNOWN voxel as left or right, (z, y, x) uint8.

    labels: 0, 1 left, 2 right or UNKNOWN on the volume's grid. Two femurs are told apart by the
    patient axis, one alone by the hip it lies at, or the half of the body where none was found.
    Where nothing but 2 is there, on two femurs, it is a number and no side. Raises InputRefused
    where nothing tells.
    """
    only_right = set(np.unique(labels).tolist()) == {0, Side.RIGHT.label}
    at = np.argwhere(labels == (Side.RIGHT.label if only_right else UNKNOWN))
    if not len(at):
        return labels
    out = labels.copy()
    x_mm = volume.grid.to_world(at)[:, 0]
    middle = _gap_mm(x_mm)
    if middle is not None:
        out[tuple(at.T)] = np.where(x_mm > middle, Side.LEFT.label, Side.RIGHT.label)
    elif not only_right:
        out[tuple(at.T)] = side_at(float(x_mm.mean()), volume, hips).label
    return out


def side_at(x_mm: float, volume: Volume, hips: Sequence[Hip]) -> Side:
    """The side of a femur centred at LPS x. Raises InputRefused if nothing tells."""
    if hips:
        return min(hips, key=lambda hip: abs(centre_mm(hip)[0] - x_mm)).side
    low, high = body_bounds_mm(volume)
    if high[0] - low[0] < WHOLE_BODY_MM:
        raise InputRefused(
            "one femur without a side, on a CT where no hip was found",
            expected="labels that say which side they are of",
            remedy="Write 1 for the patient's left femur and 2 for the right.",
        )
    return Side.LEFT if x_mm > (low[0] + high[0]) / 2 else Side.RIGHT


def centre_mm(hip: Hip) -> np.ndarray:
    """LPS of the middle of a hip's box, (3,)."""
    return np.asarray(np.mean(hip.box.bounds_mm(), axis=0))


def _gap_mm(x_mm: np.ndarray) -> float | None:
    """The middle of the widest gap between positions along an axis, if two femurs lie beside it."""
    places = np.sort(x_mm)
    spare = int(LEAST_BESIDE * len(places))
    gaps = np.diff(places[spare : len(places) - spare])
    if not len(gaps) or gaps.max() < BETWEEN_FEMURS_MM:
        return None
    at = spare + int(gaps.argmax())
    return float(places[at] + places[at + 1]) / 2
