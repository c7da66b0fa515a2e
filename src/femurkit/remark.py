"""What a user should know of an input that is taken all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Severity = Literal["warning", "note"]
Seen = TypeVar("Seen")

THICK_MM = 3.5
"""Thicker slices blur the joint gap."""
THINNER = "Use a thinner reconstruction if there is one."


@dataclass(frozen=True)
class Remark:
    """code: stable across versions. severity: a warning may spoil the result, a note explains it.

    text: what was found, a sentence that names neither patient nor path. remedy: what mends it.
    """

    code: str
    severity: Severity
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.text} {self.remedy}".strip()


@dataclass(frozen=True)
class Claim(Generic[Seen]):
    """text: what holds where `found` says None; where it does not, `found` says what there is."""

    code: str
    severity: Severity
    text: str
    found: Callable[[Seen], str | None]
    remedy: str = ""


def remarks_on(seen: Seen, claims: Iterable[Claim[Seen]]) -> tuple[Remark, ...]:
    """One for every claim that does not hold."""
    told = ((claim, claim.found(seen)) for claim in claims)
    return tuple(Remark(c.code, c.severity, text, c.remedy) for c, text in told if text is not None)


def thick_slices(thick_mm: float) -> str | None:
    """What is said of slices thicker than THICK_MM."""
    if thick_mm <= THICK_MM:
        return None
    return f"Slices of {thick_mm:.3g} mm: surfaces will be coarse along the body."
