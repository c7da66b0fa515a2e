"""Whether a femur looks broken, what is said of it, and what is then not measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from femurkit.anatomy import Side
from femurkit.bones.placing import Shown
from femurkit.errors import DegenerateShape
from femurkit.measure.likeness import Likeness, likeness
from femurkit.mesh import Mesh
from femurkit.remark import Remark
from femurkit.solid import Plane, cut, faces
from femurkit.surface.axes import axes_of
from femurkit.surface.breaks import breaks_in, gap_around_shaft
from femurkit.surface.head import Head
from femurkit.volume import Volume

PIECES = "the bone is in pieces"
ACROSS = (
    "neck_shaft_angle_deg", "neck_length_mm", "femoral_offset_mm", "lesser_trochanter_level_mm",
    "femoral_anteversion_deg", "canal_flare_index",
)  # fmt: skip
"""What is measured from one end of the bone to the other."""


def likeness_of_part(
    mesh: Mesh, side: Side, planes: Sequence[Plane], *, shown: Shown | None = None
) -> Likeness | None:
    """How like a femur the larger part of a broken one is, whose whole surface is like none.

    planes, shown: as in likeness(). None if nothing looks broken, or the part is like none either.
    """
    try:
        for found in breaks_in(mesh, side, planes):
            part = likeness(cut(mesh, [found.kept]), side, (*planes, found.kept), shown=shown)
            if part.is_femur:
                return part
    except DegenerateShape:  # nothing is left beside the break
        return None
    return None


def fracture_findings(
    outline: Mesh,
    side: Side,
    volume: Volume,
    measured: Mapping[str, Any],
    *,
    pieces: int = 1,
    metal: bool = False,
) -> tuple[Remark, ...]:
    """The finding FRACTURE_SUSPECTED, if anything speaks for it.

    outline: periosteal, closed, LPS mm; volume: the scan in HU; measured: what measure()
    returns; pieces: of bone that were found; metal: whether there is any in the bone, beside which
    a gap in the cortex says nothing.
    """
    axes = axes_of(outline, side, _head(measured))
    seen = [f"it comes out in {pieces} pieces"] if pieces > 1 else []
    seen += [found.text for found in breaks_in(outline, side, faces(volume.grid), axes)]
    if not seen and not metal and gap_around_shaft(outline, side, volume, axes):
        seen.append("a gap goes around the cortex of the shaft")
    if not seen:
        return ()
    text = f"The femur may be broken: {'; '.join(seen)}."
    remedy = "What is measured across the break is not that of a whole femur."
    return (Remark("FRACTURE_SUSPECTED", "warning", text, remedy),)


def without_axes(measured: Mapping[str, Any], pieces: int) -> dict[str, Any]:
    """Measurements without those that go across the pieces of a broken bone."""
    if pieces < 2:
        return dict(measured)
    there = [name for name in ACROSS if name in measured]
    why = {**measured["not_measurable"], **dict.fromkeys(there, PIECES)}
    errors = {k: v for k, v in measured["standard_errors"].items() if k not in there}
    changed = {"not_measurable": why, "standard_errors": errors}
    return {**measured, **dict.fromkeys(there), **changed}


def _head(measured: Mapping[str, Any]) -> Head:
    """The head as measure() gave it."""
    centre = measured["head_centre_lps_mm"]
    if centre is None:
        return Head(None, None, None, measured["not_measurable"].get("head", "no head"))
    return Head(np.array(centre), measured["head_radius_mm"], measured["head_fit_rms_mm"], None)
