"""Sides, labels and their standard codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Side(Enum):
    """The patient's own left or right. `value` names folders and files."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def label(self) -> int:
        """Value of this side in a two-femur mask: 1 left, 2 right."""
        return 1 if self is Side.LEFT else 2

    @property
    def sign(self) -> int:
        """Direction of lateral along LPS x: +1 left, -1 right."""
        return 1 if self is Side.LEFT else -1

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


@dataclass(frozen=True)
class Code:
    """A coded concept: value, scheme and meaning, as DICOM writes it."""

    value: str
    scheme: str
    meaning: str


FEMUR = Code("71341001", "SCT", "Femur")
IMPLANT = Code("40388003", "SCT", "Implant")
ANATOMICAL_STRUCTURE = Code("91723000", "SCT", "Anatomical structure")
PHYSICAL_OBJECT = Code("260787004", "SCT", "Physical object")
LATERALITY = {
    Side.LEFT: Code("7771000", "SCT", "Left"),
    Side.RIGHT: Code("24028007", "SCT", "Right"),
}

SIDE_WORDS = {Side.LEFT: ("left", "lt", "l"), Side.RIGHT: ("right", "rt", "r")}
"""Whole words that say a side; the first of each also within a word, as in leftfemur."""
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def side_named(name: str) -> Side | None:
    """The side that a structure's name says: left femur, Femur_L, FemurRt; None if none or both."""
    words = {word.lower() for word in WORD.findall(name)}
    said = [s for s, w in SIDE_WORDS.items() if words & {*w} or w[0] in name.lower()]
    return said[0] if len(said) == 1 else None
