"""Which of several named structures are femurs, and of which side."""

from __future__ import annotations

import re
from collections.abc import Sequence

from femurkit.anatomy import Side, side_named
from femurkit.errors import InputRefused

FEMUR = re.compile(r"femur|femor", re.IGNORECASE)
OTHER = re.compile(r"arter|vein|vena|vessel|nerve|cartilage|marrow|canal|muscle", re.IGNORECASE)
"""Femoral, but no femur."""


def femurs_among(names: Sequence[str]) -> dict[int, Side | None]:
    """Side by index of each structure that is a femur; None where its name says no side.

    Where none is named a femur, the only structure is taken for one, as are two that are named
    left and right. Raises InputRefused if that leaves none.
    """
    named = [i for i, name in enumerate(names) if FEMUR.search(name) and not OTHER.search(name)]
    sides = {i: side_named(name) for i, name in enumerate(names)}
    if not named and (len(names) == 1 or (len(names) == 2 and {*sides.values()} == {*Side})):
        named = list(sides)
    if not named:
        raise InputRefused(
            f"{len(names)} structures, none named femur",
            expected="femurs, named left femur and right femur",
            remedy="Name them so, or delete the others.",
        )
    return {i: sides[i] for i in named}
