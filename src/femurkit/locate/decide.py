"""Which of the verified femurs are those of the patient: one of each side at most, and a pair that
can belong to one body.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from femurkit.anatomy import Side
from femurkit.locate.verify import Verified

APART_MM = (80.0, 330.0)
"""Between the heads of one person, from a small child to a very large adult; about 180 mm."""
MAX_HEIGHT_MM = 110.0
"""Between the heights of both heads: more than a body turned by 20 degrees shows."""
MAX_RADIUS_RATIO = 1.45
"""Of the heads of one person, as the shape model has them."""


def choose(found: Sequence[Verified]) -> list[Verified]:
    """The best set of none, one or two femurs: the greatest sum of scores among those sets whose
    members can belong to one body. Left first.
    """
    sets = [[one] for one in found]
    lefts, rights = ([f for f in found if f.side is side] for side in (Side.LEFT, Side.RIGHT))
    sets += [[a, b] for a in lefts for b in rights if consistent(a, b)]
    return max(sets, key=lambda chosen: sum(one.score for one in chosen), default=[])


def consistent(left: Verified, right: Verified) -> bool:
    """Whether a left and a right femur can be those of one person."""
    a, b = left.landmarks, right.landmarks
    across = a.head - b.head
    ratio = a.head_radius_mm / b.head_radius_mm
    return (
        across[0] > 0
        and APART_MM[0] <= float(np.linalg.norm(across)) <= APART_MM[1]
        and abs(across[2]) <= MAX_HEIGHT_MM
        and 1 / MAX_RADIUS_RATIO <= ratio <= MAX_RADIUS_RATIO
    )
