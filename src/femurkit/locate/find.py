"""The coarse pass: which femurs are there, on which side, and the box each one lies in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.errors import NoFemurFound
from femurkit.geometry import Grid, resample
from femurkit.locate.edges import edges_of_coarse
from femurkit.locate.hip import Hip
from femurkit.segment.weights import Network, fine_network, shipped
from femurkit.volume import Field, Volume

LEFT, RIGHT, OTHER_FEMUR = 1, 2, 3
"""Channels of the coarse network; left and right are the proximal parts."""
FEMURS = [LEFT, RIGHT, OTHER_FEMUR]
LEAST_PROXIMAL_ML = 25.0
"""Less proximal femur than this is not one; a whole one has 90-200."""
LEAST_ONE_SIDED = 0.75
"""A part that speaks for left and right alike, as a knee does, is not a proximal femur."""
LEAST_BETWEEN_HIPS_MM = 80.0
JOIN_MM = 12.0
"""Pieces of one side no farther apart than this are one femur: metal can split it."""
MARGIN_MM = 15.0


@dataclass(frozen=True, eq=False)
class _Part:
    """A connected femur in the coarse answer: its LPS bounds and how much speaks for each side."""

    low: np.ndarray
    high: np.ndarray
    left_ml: float
    right_ml: float

    @property
    def proximal_ml(self) -> float:
        return self.left_ml + self.right_ml

    def belongs_to(self, other: _Part) -> bool:
        """Whether the other is near and does not speak for the other side."""
        apart = np.maximum(self.low - other.high, other.low - self.high).max()
        return bool(apart <= JOIN_MM) and self._side() * other._side() >= 0

    def joined(self, other: _Part) -> _Part:
        """Both as one."""
        return _Part(
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.left_ml + other.left_ml,
            self.right_ml + other.right_ml,
        )

    def _side(self) -> int:
        return int(np.sign(self.left_ml - self.right_ml))

    @property
    def is_hip(self) -> bool:
        one_sided = max(self.left_ml, self.right_ml) >= LEAST_ONE_SIDED * self.proximal_ml
        return one_sided and self.proximal_ml >= LEAST_PROXIMAL_ML


def find_hips(volume: Volume, *, network: Network | None = None, device: str = "auto") -> list[Hip]:
    """Left and right proximal femur, as far as they are in the scan.

    network: the one that will segment, which the boxes must suit; the default recipe's if not
    given. Raises NoFemurFound if neither is there.
    """
    coarse, fine = shipped("coarse", device), network or fine_network(device=device)
    says, grid = _coarse_answer(volume, coarse)
    parts = [part for part in _joined(_parts(says, grid)) if part.is_hip]
    if not parts:
        raise NoFemurFound(
            "no proximal femur in this scan (expected at least one hip, from the femoral head to "
            "below the lesser trochanter). Choose another series with --series."
        )
    femur = Field(says[FEMURS].sum(0), grid)
    hips = []
    for side, part in _sided(_two(parts)).items():
        box = _box(part, volume.grid, side, fine)
        edges = edges_of_coarse(femur, volume.grid, part.low, part.high)
        length = float(part.high[2] - part.low[2])
        hips.append(Hip(side, box, part.proximal_ml, edges, femur, length))
    return sorted(hips, key=lambda h: h.side.label)


def _coarse_answer(volume: Volume, network: Network) -> tuple[np.ndarray, Grid]:
    """Probabilities (classes, z, y, x) over the whole scan, and their grid."""
    low, high = volume.grid.bounds_mm()
    step = network.spacing_mm
    shape = np.ceil((high - low)[::-1] / step).astype(int) + 1
    shape += -shape % network.steps
    z, y, x = (int(n) for n in shape)
    grid = Grid.aligned((z, y, x), (step,) * 3, low)
    return network(resample(volume.array, volume.grid, grid, outside=-1000.0)), grid


def _parts(says: np.ndarray, grid: Grid) -> list[_Part]:
    """Connected femurs in the coarse answer."""
    step = grid.spacing_mm[0]
    femur = says[FEMURS].sum(0) > 0.5
    names, _ = ndimage.label(ndimage.binary_closing(np.pad(femur, 1))[1:-1, 1:-1, 1:-1] | femur)
    voxel_ml = grid.voxel_mm3 / 1000
    out = []
    for name, window in enumerate(ndimage.find_objects(names), start=1):
        at = np.argwhere((names[window] == name) & femur[window]) + [w.start for w in window]
        for piece in _unbridged(grid.to_world(at), says[:, *at.T].argmax(0), voxel_ml):
            points, says_left, says_right = piece
            low, high = points.min(0) - step / 2, points.max(0) + step / 2
            out.append(_Part(low, high, says_left * voxel_ml, says_right * voxel_ml))
    return out


def _unbridged(
    points: np.ndarray, best: np.ndarray, voxel_ml: float
) -> list[tuple[np.ndarray, int, int]]:
    """A part as it is, or as two where a false bridge joins a left and a right hip.

    points: (n, 3) LPS mm; best: (n,) class. Gives points, voxels called left, and called right.
    """
    left, right = best == LEFT, best == RIGHT
    if min(left.sum(), right.sum()) * voxel_ml >= LEAST_PROXIMAL_ML:
        across = points[left].mean(0) - points[right].mean(0)
        if across[0] > LEAST_BETWEEN_HIPS_MM:
            middle = (points[left].mean(0) + points[right].mean(0)) / 2
            here = (points - middle)[:, 0] > 0
            return [(points[s], int(left[s].sum()), int(right[s].sum())) for s in (here, ~here)]
    return [(points, int(left.sum()), int(right.sum()))]


def _two(parts: list[_Part]) -> list[_Part]:
    """The largest, and the largest of those that do not stand above or below it."""
    parts = sorted(parts, key=lambda p: -p.proximal_ml)
    low, high = parts[0].low[0], parts[0].high[0]
    others = (p for p in parts[1:] if not low < (p.low[0] + p.high[0]) / 2 < high)
    return parts[:1] + list(others)[:1]


def _joined(parts: list[_Part]) -> list[_Part]:
    """Pieces that belong together as one, the largest first."""
    out: list[_Part] = []
    for part in sorted(parts, key=lambda p: -p.proximal_ml):
        home = next((i for i, other in enumerate(out) if part.belongs_to(other)), None)
        if home is None:
            out.append(part)
        else:
            out[home] = out[home].joined(part)
    return out


def _sided(parts: list[_Part]) -> dict[Side, _Part]:
    """Which femur is which. Two are told apart by the patient axis, one alone by what it looks
    like.
    """
    if len(parts) == 1:
        part = parts[0]
        return {Side.LEFT if part.left_ml >= part.right_ml else Side.RIGHT: part}
    first, second = sorted(parts, key=lambda p: float(p.low[0] + p.high[0]))
    return {Side.LEFT: second, Side.RIGHT: first}


def _box(part: _Part, scan: Grid, side: Side, network: Network) -> Grid:
    """The part's bounds with a margin, within the scan, rounded up to what the network takes."""
    low, high = scan.bounds_mm()
    half = np.abs(scan.affine[:3, :3]).max(1) / 2
    start = np.maximum(part.low - MARGIN_MM, low - half)
    stop = np.minimum(part.high + MARGIN_MM, high + half)
    step = network.spacing_mm
    shape = np.ceil((stop - start)[::-1] / step).astype(int) + 1
    shape += -shape % network.steps
    spare = shape[::-1] * step - (stop - start)
    z, y, x = (int(n) for n in shape)
    corner = start - spare / 2 + step / 2
    if side is Side.RIGHT:
        corner[0] = stop[0] + spare[0] / 2 - step / 2
    return Grid.aligned((z, y, x), (step,) * 3, corner, mirrored=side is Side.RIGHT)
