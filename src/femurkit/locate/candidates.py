"""Where a proximal femur may lie, as the coarse pass shows it: many places, none of them trusted.

The coarse network also marks bowel with contrast, kidneys, vertebrae and shoulders, and marks some
hips faintly. So every place that is marked at all is a candidate, and `verify` looks at each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.locate.coarse import FEMURS, LEFT, RIGHT, CoarseAnswer

THRESHOLDS = (0.5, 0.25)
"""Probability of femur from which voxels form a candidate. The lower one finds hips that the
network marks faintly; the higher one parts what the lower one joins."""
MIN_PROXIMAL_ML = 3.0
"""Proximal femur in a candidate. Whole hips have 90 to 200 ml; a real hip of a stranger's scan that
was worth verifying had 22."""
ONE_SIDED = 0.75
"""Share of the proximal volume that must be marked as one side for the network's side to count."""
MIN_BETWEEN_HIPS_MM = 80.0
JOIN_MM = 12.0
"""Pieces of one side no farther apart than this may be one femur: metal can split it."""
SAME, SAME_TURNED = 0.8, 0.4
"""Two boxes that share this part of their union are one candidate: of one answer, and of answers
for scans turned differently."""
CLEAR_ML = 25.0
"""Candidates of the higher threshold with so much proximal femur are looked at first."""
MAX_CANDIDATES = 10
"""Each costs about half a second of one core to verify."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A place to look at. low, high: LPS bounds, mm, of what the coarse pass marked there; left_ml
    and right_ml: proximal femur marked as left and as right.
    """

    low: np.ndarray
    high: np.ndarray
    left_ml: float
    right_ml: float

    @property
    def proximal_ml(self) -> float:
        """Proximal femur of either side."""
        return self.left_ml + self.right_ml

    @property
    def centre(self) -> np.ndarray:
        """Of its bounds, LPS mm."""
        return (self.low + self.high) / 2

    @property
    def length_mm(self) -> float:
        """Along the body."""
        return float(self.high[2] - self.low[2])

    @property
    def side(self) -> Side:
        """The side that more of it was marked as."""
        return Side.LEFT if self.left_ml >= self.right_ml else Side.RIGHT

    @property
    def one_sided(self) -> bool:
        """Whether the coarse pass was clear about the side. Of a knee, it marks both halves."""
        return max(self.left_ml, self.right_ml) >= ONE_SIDED * self.proximal_ml

    def joined(self, other: Candidate) -> Candidate:
        """Both as one."""
        return Candidate(
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.left_ml + other.left_ml,
            self.right_ml + other.right_ml,
        )

    def overlap(self, other: Candidate) -> float:
        """Share of the union of both boxes that they have in common, 0 to 1."""
        shared = np.minimum(self.high, other.high) - np.maximum(self.low, other.low)
        both = float(np.clip(shared, 0, None).prod())
        union = float((self.high - self.low).prod() + (other.high - other.low).prod()) - both
        return both / union


def propose(answer: CoarseAnswer, *, seen: Sequence[Candidate] = ()) -> list[Candidate]:
    """Candidates of a coarse answer: the clear ones first, then by their proximal femur.

    seen: candidates of other answers, which need not be looked at again.
    """
    found: list[Candidate] = []
    clear: list[Candidate] = []
    for threshold in THRESHOLDS:
        pieces = list(_pieces(answer, threshold))
        for candidate in (*_joined(pieces), *pieces):
            known = any(candidate.overlap(other) >= SAME for other in found)
            if candidate.proximal_ml >= MIN_PROXIMAL_ML and not known:
                found.append(candidate)
        clear = clear or [c for c in found if c.proximal_ml >= CLEAR_ML]
    found.sort(key=lambda c: (not any(c is known for known in clear), -c.proximal_ml))
    new = [c for c in found if all(c.overlap(old) < SAME_TURNED for old in seen)]
    return new[:MAX_CANDIDATES]


def _pieces(answer: CoarseAnswer, threshold: float) -> Iterator[Candidate]:
    """Connected femur in the coarse answer."""
    grid, says = answer.grid, answer.probabilities
    femur = says[FEMURS].sum(0) > threshold
    names, _ = ndimage.label(ndimage.binary_closing(np.pad(femur, 1))[1:-1, 1:-1, 1:-1] | femur)
    voxel_ml = grid.voxel_mm3 / 1000
    half = grid.spacing_mm[0] / 2
    for name, window in enumerate(ndimage.find_objects(names), start=1):
        at = np.argwhere((names[window] == name) & femur[window]) + [w.start for w in window]
        share = says[:, *at.T]
        marked = share * (share == share[FEMURS].max(0))
        left, right = marked[LEFT] > 0, marked[RIGHT] > 0
        points = grid.to_world(at)
        for part in _unbridged(points, left, right, voxel_ml):
            low, high = points[part].min(0) - half, points[part].max(0) + half
            left_ml, right_ml = (float(s[part].sum()) * voxel_ml for s in (left, right))
            yield Candidate(low, high, left_ml, right_ml)


def _unbridged(
    points: np.ndarray, left: np.ndarray, right: np.ndarray, voxel_ml: float
) -> list[np.ndarray]:
    """A piece as it is, or as two where a false bridge joins a left and a right hip.

    points: (n, 3) LPS mm; left, right: (n,) bool, marked so. Gives (n,) bool of each part.
    """
    if min(left.sum(), right.sum()) * voxel_ml >= MIN_PROXIMAL_ML:
        across = points[left].mean(0) - points[right].mean(0)
        if across[0] > MIN_BETWEEN_HIPS_MM:
            middle = (points[left].mean(0) + points[right].mean(0)) / 2
            here = points[:, 0] > middle[0]
            return [here, ~here]
    return [np.ones(len(points), bool)]


def _joined(pieces: list[Candidate]) -> list[Candidate]:
    """Pieces that may belong together as one, the largest first."""
    out: list[Candidate] = []
    for piece in sorted(pieces, key=lambda p: -p.proximal_ml):
        home = next((i for i, other in enumerate(out) if _near(piece, other)), None)
        if home is None:
            out.append(piece)
        else:
            out[home] = out[home].joined(piece)
    return out


def _near(one: Candidate, other: Candidate) -> bool:
    """Whether two pieces are near each other and not marked as different sides."""
    apart = float(np.maximum(one.low - other.high, other.low - one.high).max())
    balance = (one.left_ml - one.right_ml) * (other.left_ml - other.right_ml)
    return apart <= JOIN_MM and balance >= 0
