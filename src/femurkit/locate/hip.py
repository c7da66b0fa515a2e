"""One femur that was found in a scan, and the box in which it is segmented."""

from __future__ import annotations

from dataclasses import dataclass, field

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.locate.edges import EDGE_CLAIMS, Edges
from femurkit.remark import remarks_on
from femurkit.volume import Field


@dataclass(frozen=True, eq=False)
class Hip:
    """One femur found. box: canonical grid for the fine network (mirrored for a right hip).

    edges: where the scan cuts it off, as the coarse pass sees it. coarse: probability of any femur
    over the whole scan, on the coarse network's grid. length_mm: of the femur in the scan, along
    the body, as the coarse pass sees it.
    """

    side: Side
    box: Grid
    proximal_ml: float
    edges: Edges = field(default_factory=dict)
    coarse: Field | None = None
    length_mm: float = 0.0

    @property
    def notes(self) -> tuple[str, ...]:
        """What the scan cuts off, in sentences."""
        return tuple(map(str, remarks_on(self.edges, EDGE_CLAIMS)))
