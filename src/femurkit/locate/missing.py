"""What to say of a femur that was asked for and is not among the results."""

from __future__ import annotations

from collections.abc import Sequence

from femurkit.locate.hip import MissingFemur
from femurkit.remark import Remark

CODE = "FEMUR_MISSING"


def missing_findings(missing: Sequence[MissingFemur]) -> tuple[Remark, ...]:
    """One finding a missing femur: a warning where the scan should show it, otherwise a note."""
    return tuple(_finding(one) for one in missing)


def _finding(one: MissingFemur) -> Remark:
    side = one.side.value
    if not one.expected:
        return Remark(CODE, "note", f"No {side} femur: {one.reason}.", "")
    return Remark(
        CODE,
        "warning",
        f"No {side} femur was found, although the scan shows the place of the {side} hip: "
        f"{one.reason}.",
        "Look at the scan there. If the femur is there, its results are missing.",
    )
