"""Which femora were found, against those that are there: shared by robustness and trunks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from femurkit.anatomy import Side
from femurkit.errors import NoFemurFound
from femurkit.geometry import Grid
from femurkit.locate.find import find_hips
from femurkit.locate.hip import Hip as LocatedHip
from femurkit.surface.islands import keep_largest
from femurkit.volume import Volume

MARGIN_MM = 5.0
"""A landmark this far outside the box of a femur still counts as inside it."""
MAX_ABOVE_HEAD_MM = 60.0
"""A box that reaches higher above the head centre than this holds something else as well."""


@dataclass(frozen=True, eq=False)
class Hip:
    """A femur that is there. head, trochanter: head centre and lateral greater trochanter, LPS
    mm, (3,); radius_mm: of the head.
    """

    side: Side
    head: np.ndarray
    trochanter: np.ndarray
    radius_mm: float

    def moved(self, matrix: np.ndarray, centre: np.ndarray) -> Hip:
        """The same after x -> matrix (x - centre) + centre. matrix: (3, 3); centre: (3,) LPS mm."""
        head, trochanter = (matrix @ (p - centre) + centre for p in (self.head, self.trochanter))
        size = abs(np.linalg.det(matrix)) ** (1 / 3)
        return replace(self, head=head, trochanter=trochanter, radius_mm=self.radius_mm * size)


@dataclass(frozen=True, eq=False)
class Found:
    """A femur that was found: its side and the LPS bounds of its box, (3,) mm each."""

    side: Side
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Score:
    """Sides: expected, found at their place, missed, found at their place with the wrong side, and
    invented (where no femur is).
    """

    expected: tuple[str, ...]
    found: tuple[str, ...]
    missed: tuple[str, ...]
    wrong_side: tuple[str, ...]
    invented: tuple[str, ...]


def found_femurs(volume: Volume) -> list[Found]:
    """The femora that femurkit finds in a scan, before they are outlined."""
    try:
        hips = find_hips(volume)
    except NoFemurFound:
        return []
    return [Found(hip.side, *_bounds(hip)) for hip in hips]


def _bounds(hip: LocatedHip) -> tuple[np.ndarray, np.ndarray]:
    """Of the femur as the fine network segments it; of its box where that has not been done yet."""
    if hip.probability is None:
        return hip.box.bounds_mm()
    inside = np.argwhere(keep_largest(hip.probability.array >= 0.5))
    points = hip.probability.grid.to_world(inside)
    return points.min(0), points.max(0)


def is_inside(point: np.ndarray, grid: Grid) -> bool:
    """Whether an LPS point (3,) in mm lies in the scan, outer voxel faces included."""
    index = grid.to_index(point)
    return bool(((index >= -0.5) & (index <= np.array(grid.shape) - 0.5)).all())


def is_expected(hip: Hip, grid: Grid) -> bool:
    """Whether a femur must be found: its head centre or its greater trochanter is in the scan."""
    return is_inside(hip.head, grid) or is_inside(hip.trochanter, grid)


def is_at(found: Found, hip: Hip, grid: Grid) -> bool:
    """Whether what was found is at the place of a femur.

    Its box holds the landmarks that are in the scan, and does not reach far above the head.
    """
    points = [p for p in (hip.head, hip.trochanter) if is_inside(p, grid)]
    if not points or found.high[2] > hip.head[2] + MAX_ABOVE_HEAD_MM:
        return False
    low, high = found.low - MARGIN_MM, found.high + MARGIN_MM
    return all(bool(((p >= low) & (p <= high)).all()) for p in points)


def score(hips: list[Hip], found: list[Found], grid: Grid) -> Score:
    """What was found against what is there. A femur of which too little is in the scan may be
    found or not.
    """
    expected = [hip for hip in hips if is_expected(hip, grid)]
    right, wrong, invented = [], [], []
    for one in found:
        hip = next((hip for hip in hips if is_at(one, hip, grid)), None)
        place = invented if hip is None else right if hip.side is one.side else wrong
        place.append(one.side.value)
    sides = tuple(hip.side.value for hip in expected)
    missed = tuple(side for side in sides if side not in right)
    return Score(sides, tuple(right), missed, tuple(wrong), tuple(invented))
