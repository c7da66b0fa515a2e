"""One measured quantity: a value with its error, or the reason why it is missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """value and error (one standard error) in the unit that the quantity's name ends in."""

    value: float | None
    error: float | None = None
    missing: str | None = None


def missing(why: str) -> Measured:
    """A quantity that this scan does not show."""
    return Measured(None, missing=why)
