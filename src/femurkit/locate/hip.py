"""What is known of the hips of a scan: each femur that was found, and each that was not."""

from __future__ import annotations

from dataclasses import dataclass, field

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.locate.edges import EDGE_CLAIMS, Edges
from femurkit.remark import remarks_on
from femurkit.surface.implant import Implant
from femurkit.volume import Field


@dataclass(frozen=True, eq=False)
class Hip:
    """One femur found. box: canonical grid around it for a network (mirrored for a right hip).

    proximal_ml: as the coarse pass marked it. edges: where the scan cuts the femur off, as the
    coarse pass sees it. length_mm: of the femur in the scan, along the body. probability, implant:
    what the shipped fine network found while the hip was verified, and the metal at it; implant is
    None where there is no metal, and as long as probability is None.
    """

    side: Side
    box: Grid
    proximal_ml: float
    edges: Edges = field(default_factory=dict)
    length_mm: float = 0.0
    probability: Field | None = None
    implant: Implant | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the scan cuts off, in sentences."""
        return tuple(map(str, remarks_on(self.edges, EDGE_CLAIMS)))


@dataclass(frozen=True)
class MissingFemur:
    """A femur that was not found. expected: whether the scan shows the place where it should be;
    reason: a clause without a full stop.
    """

    side: Side
    expected: bool
    reason: str


@dataclass(frozen=True, eq=False)
class Located:
    """The femurs of a scan, left first, and those that are missing; at least one hip."""

    hips: tuple[Hip, ...]
    missing: tuple[MissingFemur, ...] = ()
