"""What the report says, without a word of markup."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from femurkit.anatomy import Side
from femurkit.measure.verdict import Verdict
from femurkit.report.shell import Shell
from femurkit.report.stack import Stack


@dataclass(frozen=True, eq=False)
class Cut:
    """One CT picture with outlines."""

    title: str
    image: np.ndarray
    """(rows, columns) uint8 grey, square pixels."""
    outline: tuple[np.ndarray, ...]
    """Periosteal outline: polylines (n, 2) of column, row in pixels from the upper left corner."""
    inner_outline: tuple[np.ndarray, ...]
    """The same of the hollow bone."""
    edges: tuple[str, str, str, str]
    """Direction letters at the left, right, top and bottom edge: R L A P S I."""
    pixel_mm: float


@dataclass(frozen=True, eq=False)
class View:
    """One picture of a surface."""

    name: str
    image: np.ndarray
    """(rows, columns, 4) uint8 RGBA, transparent around the bone."""


@dataclass(frozen=True)
class Number:
    """One measurement, ready to read; usual: what adults have, with its source; why: there is none,
    where value is empty.
    """

    name: str
    value: str
    unit: str = ""
    usual: str = ""
    source: str = ""
    unusual: bool = False
    why: str = ""


@dataclass(frozen=True)
class Check:
    """Something that must hold, and whether it does."""

    claim: str
    holds: bool


@dataclass(frozen=True)
class FemurPage:
    """All about one femur."""

    side: Side
    cuts: tuple[Cut, ...]
    views: tuple[View, ...]
    numbers: tuple[Number, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()
    stack: Stack | None = None
    shells: tuple[Shell, ...] = ()
    verdict: Verdict = Verdict("accept")  # noqa: RUF009 - it cannot be changed

    @property
    def hollow(self) -> bool:
        """Whether a hollow bone is shown."""
        return any(cut.inner_outline for cut in self.cuts)

    @property
    def implant(self) -> bool:
        """Whether an implant is shown."""
        return any(shell.name == "implant" for shell in self.shells)


@dataclass(frozen=True)
class Report:
    """The whole page."""

    source: str
    """What was read, in words that identify nobody."""
    femurs: tuple[FemurPage, ...]
    rule: str = ""
    """How verdicts come about."""
    warnings: tuple[str, ...] = ()
    missing: tuple[Side, ...] = ()
    """Femurs that the scan should show and that were not found."""
    provenance: tuple[Number, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    name: str = ""
    """What tells this page from others, in words that identify nobody."""
