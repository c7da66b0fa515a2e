"""From results to the report's content: which pictures, which numbers, in which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from femurkit.anatomy import Side
from femurkit.measure.ranges import RANGES
from femurkit.mesh import Mesh
from femurkit.report.content import Check, FemurPage, Number, View
from femurkit.report.cuts import ABOVE_END_MM, head_cut, shaft_cut
from femurkit.report.shell import shell_of
from femurkit.report.stack import stack_of
from femurkit.report.views import THICK_MM, thickness_colours, view
from femurkit.surface.cortex import Cortex
from femurkit.volume import Volume

CUTS = ("coronal", "sagittal", "axial")
VIEWS = ("anterior", "posterior", "medial", "lateral")
STILL_MM = 0.8
"""Pixels of the surfaces that stand still, for paper; whoever can turns them in space."""
SCALE = f"dark 0, bright {THICK_MM:.0f} mm"

UNITS: tuple[tuple[str, str, float, int], ...] = (
    ("_mm2", "cm²", 0.01, 1),
    ("_mm3", "ml", 0.001, 1),
    ("_ml", "ml", 1.0, 1),
    ("_mm", "mm", 1.0, 1),
    ("_deg", "°", 1.0, 1),
    ("_hu", "HU", 1.0, 0),
    ("_percent", "%", 1.0, 2),
)
"""Ending of a measurement's name, unit to show, factor to it, decimals."""
FINE, FINE_DECIMALS = ("thickness", "confidence", "shape_distance", "blur_sigma"), 2
NAMES = {
    "neck_shaft_angle_deg": "Neck-shaft angle",
    "handles": "Handles (holes through the surface)",
    "blur_sigma_mm": "Blur of the scan (sigma)",
    "shape_distance_mm": "Distance from a usual femur (RMS)",
}
"""Words for names that do not speak for themselves."""


def femur_page(
    volume: Volume,
    side: Side,
    *,
    periosteal: Mesh,
    hollow: Mesh | None,
    measured: Mapping[str, Any],
    cortex: Cortex | str = "not sought",
    notes: Sequence[str] = (),
    implant: Mesh | None = None,
) -> FemurPage:
    """Pictures, numbers and checks of one femur.

    measured: what measure() returns. hollow: left out where it says that there is no canal. Where
    it found no head, the pictures go through the middle
    of the surface. cortex: of the periosteal surface, if it could be told; implant: its surface.
    """
    if "hollow_volume_ml" in measured["not_measurable"]:
        hollow = None
    thick: list[View] = []
    shares: np.ndarray | None = None
    if isinstance(cortex, Cortex):
        shares = cortex.thickness_mm / THICK_MM
        colours = thickness_colours(cortex.thickness_mm)
        seen = view(periosteal, "anterior", side, colours=colours, pixel_mm=STILL_MM)
        thick.append(replace(seen, name=f"cortex, anterior: {SCALE}"))
    if measured["head_centre_lps_mm"] is None:
        centre = (periosteal.vertices.min(0) + periosteal.vertices.max(0)) / 2
    else:
        centre = np.array(measured["head_centre_lps_mm"])
    stack = stack_of(volume, periosteal, _places(periosteal, side, measured))
    return FemurPage(
        side=side,
        cuts=(
            *(head_cut(volume, periosteal, hollow, centre, plane) for plane in CUTS),
            shaft_cut(volume, periosteal, hollow),
        ),
        views=(
            *(view(periosteal, name, side, pixel_mm=STILL_MM) for name in VIEWS),
            *thick,
        ),
        numbers=numbers(measured),
        checks=tuple(Check(check["text"], check["passed"]) for check in measured["checks"]),
        notes=tuple(notes),
        stack=stack,
        shells=(
            shell_of("periosteal", periosteal, stack.corner_mm, shares),
            *([] if hollow is None else [shell_of("hollow", hollow, stack.corner_mm)]),
            *([] if implant is None else [shell_of("implant", implant, stack.corner_mm)]),
        ),
    )


def _places(periosteal: Mesh, side: Side, measured: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What a person wants to see first, LPS mm."""
    low = periosteal.vertices[:, 2].min() + ABOVE_END_MM
    end = periosteal.vertices[periosteal.vertices[:, 2] < low]
    shaft = (end.min(0) + end.max(0)) / 2
    shaft[2] = low
    if measured["head_centre_lps_mm"] is None:
        return {"Shaft end": shaft}
    head = np.array(measured["head_centre_lps_mm"])
    return {
        "Head centre": head,
        "Joint gap": head + 0.7 * measured["head_radius_mm"] * np.array([-side.sign, 0.0, 1.0]),
        "Shaft end": shaft,
    }


def numbers(measured: Mapping[str, Any]) -> tuple[Number, ...]:
    """The plain numbers among measurements, with the unit that their name ends in and the standard
    error where there is one; and why others could not be measured.
    """
    out = []
    missing = measured.get("not_measurable", {})
    errors = measured.get("standard_errors", {})
    for name, value in measured.items():
        if value is None and name in missing:
            words, unit, *_ = _unit_of(name)
            out.append(Number(words, "", unit, why=missing[name]))
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        words, unit, factor, decimals = _unit_of(name)
        form = ",.4g" if decimals is None else f",.{decimals}f"
        shown = f"{value * factor:{form}}"
        if name in errors:
            shown += f" ± {errors[name] * factor:{form}}"
        out.append(_beside_usual(Number(words, shown, unit), name, value))
    return tuple(out)


def _unit_of(name: str) -> tuple[str, str, float, int | None]:
    """A measurement's name in words, its unit, the factor to that and decimals, None if all."""
    fine = FINE_DECIMALS if any(word in name for word in FINE) else None
    for ending, unit, factor, decimals in UNITS:
        if name.endswith(ending):
            return (
                NAMES.get(name, _words(name.removesuffix(ending))),
                unit,
                factor,
                fine or decimals,
            )
    return NAMES.get(name, _words(name)), "", 1.0, fine


def _beside_usual(number: Number, name: str, value: float) -> Number:
    """With what is usual, where that is known; ranges have the unit of the measurement."""
    usual = RANGES.get(name)
    if usual is None:
        return number
    return replace(
        number,
        usual=f"{usual.low:g} to {usual.high:g}",
        source=usual.source,
        unusual=value not in usual,
    )


def remarks(measured: Mapping[str, Any]) -> list[str]:
    """A warning for each check that does not hold, and why a femur has no head.

    Why other things could not be measured stands with the measurements: most scans end too soon for
    some of them.
    """
    which = f"{_words(measured['side'])} femur"
    failed = [check for check in measured["checks"] if not check["passed"]]
    return [
        *(f"{which} fails {check['code']}: {check['text']}." for check in failed),
        *(f"{which}, no head: {why}." for why in [measured["not_measurable"].get("head")] if why),
    ]


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def size_of(volume: Volume) -> str:
    """A volume's size in words: slices, pixels, spacing."""
    (nz, ny, nx), (dz, dy, dx) = volume.grid.shape, volume.grid.spacing_mm
    return f"{nz} slices of {nx} × {ny} pixels, {dx:.2f} × {dy:.2f} × {dz:.2f} mm"
