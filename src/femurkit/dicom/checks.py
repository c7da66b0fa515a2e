"""Whether the slices of a series stand as a scanner would have put them.

Each check is a code, a one-line claim and a function that raises the refusal of that code. They
run in the order of CHECKS, so each may rely on the ones before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from femurkit.dicom.slices import (
    DRIFT_TOLERANCE_MM,
    PLACE_TOLERANCE_SHARE,
    SliceGeometry,
)
from femurkit.errors import (
    BadGeometry,
    DuplicateSlices,
    GapInSeries,
    InputRefused,
    MixedOrientation,
    MixedStudies,
    NotAxial,
    TooLarge,
    TooShort,
    UnevenSpacing,
)

MOST_VOXELS = 1.5e9
"""A scan of 1400 slices of 1024 x 1024; 3 GB."""
WIDEST_GAP_MM = 6.0
"""Between neighbours that may be interpolated: farther apart than any slices the networks were
trained on, they say nothing of what lies between."""
MIN_LENGTH_MM = 60.0
"""Less of the body than this along the slice axis cannot hold a proximal femur."""
MAX_TILT_DEG = 30.0
"""Slices whose normal leans further from the patient's long axis are not transverse."""
ORIENTATION_TOLERANCE = 1e-3
"""Direction cosines and pixel spacings (mm) of one series differ by less."""
SAME_POSITION_MM = 0.01
"""Slices closer than this stand at one position."""


@dataclass(frozen=True)
class Check:
    """code: the reason code raised; claim: what holds if it does not raise."""

    code: type[InputRefused]
    claim: str
    function: Callable[[SliceGeometry], None]


def check(geometry: SliceGeometry) -> None:
    """Raise the refusal of the first check that fails; it says which of CHECKS that was."""
    for number, each in enumerate(CHECKS):
        try:
            each.function(geometry)
        except InputRefused as error:
            error.check = number
            raise


def _complete(g: SliceGeometry) -> None:
    parts = np.concatenate([g.positions_mm, g.orientations, g.spacings_mm, g.sizes], axis=1)
    bad = ~np.isfinite(parts).all(1) | (g.spacings_mm <= 0).any(1) | (g.sizes <= 1).any(1)
    rows, columns = g.orientations[:, :3], g.orientations[:, 3:]
    with np.errstate(invalid="ignore"):
        bad |= abs(np.linalg.norm(rows, axis=1) - 1) > ORIENTATION_TOLERANCE
        bad |= abs(np.linalg.norm(columns, axis=1) - 1) > ORIENTATION_TOLERANCE
        bad |= abs((rows * columns).sum(1)) > ORIENTATION_TOLERANCE
    if bad.any():
        raise BadGeometry(
            f"{bad.sum()} of {len(bad)} slices without a usable position, orientation or spacing",
            expected="all three in every slice, the orientation two perpendicular unit vectors",
            remedy="Export the series again from its source.",
        )


def _together(g: SliceGeometry) -> None:
    named = zip(*g.belongings, strict=True) if g.belongings else ()
    kinds = ("patient", "study", "frame of reference")
    # a slice that does not say belongs to those that do
    differ = [kind for kind, said in zip(kinds, named, strict=False) if len({*said} - {""}) > 1]
    if differ:
        raise MixedStudies(
            f"slices that name more than one {' and '.join(differ)} in one series",
            expected="one patient, study and frame of reference",
            remedy="Export the series again from its source.",
        )


def _holdable(g: SliceGeometry) -> None:
    voxels = float(np.prod(g.sizes, axis=1).sum())
    if voxels > MOST_VOXELS:
        raise TooLarge(
            f"{voxels:.3g} voxels",
            expected=f"at most {MOST_VOXELS:.3g}",
            remedy="Give the hips alone, or a reconstruction with fewer, larger voxels.",
        )


def _one_orientation(g: SliceGeometry) -> None:
    kinds = {"orientations": g.orientations, "pixel spacings": g.spacings_mm, "sizes": g.sizes}
    for name, values in kinds.items():
        differs = (abs(values - np.median(values, axis=0)) > ORIENTATION_TOLERANCE).any(1)
        if differs.any():
            raise MixedOrientation(
                f"different {name} in one series, {differs.sum()} of {len(differs)} slices apart",
                expected="one orientation, size and pixel spacing",
                remedy="Export the axial slices alone.",
            )


def _axial(g: SliceGeometry) -> None:
    tilt_deg = float(np.degrees(np.arccos(min(1.0, abs(g.normal[2])))))
    if tilt_deg > MAX_TILT_DEG:
        raise NotAxial(
            f"slices tilted {tilt_deg:.0f} degrees from transverse",
            expected=f"at most {MAX_TILT_DEG:.0f}",
            remedy="Give the original axial series, not a reformat.",
        )


def _no_duplicates(g: SliceGeometry) -> None:
    twice = int((g.steps_mm < SAME_POSITION_MM).sum())
    if twice:
        raise DuplicateSlices(
            f"{twice} of {len(g.positions_mm)} slices at a position that another one holds",
            expected="one slice at each position",
            remedy="Export one reconstruction or phase of the scan alone.",
        )


def _or_resample(g: SliceGeometry) -> str:
    if not g.resamplable:
        return ""
    if g.steps_mm.max() > WIDEST_GAP_MM:
        return f" (gaps wider than {WIDEST_GAP_MM:.0f} mm are not interpolated)"
    return ", or pass --gaps resample"


def _whole(g: SliceGeometry) -> None:
    at, missing = g.uneven_at, g.missing
    if at is None or not missing[at]:
        return
    count = int(missing.sum())
    raise GapInSeries(
        f"{_step_text(g, at)}: {count} slice{'s' * (count > 1)} missing",
        expected=f"{np.median(g.steps_mm):.4g} mm",
        remedy=f"Export the series again, whole{_or_resample(g)}.",
    )


def _even(g: SliceGeometry) -> None:
    at = g.uneven_at
    if at is not None:
        raise UnevenSpacing(
            _step_text(g, at),
            expected=f"{np.median(g.steps_mm):.4g} mm",
            remedy=f"Export one reconstruction with even spacing{_or_resample(g)}.",
        )


def _step_text(g: SliceGeometry, at: int) -> str:
    return f"{g.steps_mm[at]:.4g} mm between slices {at + 1} and {at + 2}"


def _straight(g: SliceGeometry) -> None:
    if len(g.positions_mm) < 3:
        return
    offsets = (g.positions_mm - g.positions_mm[g.order[0]])[g.order]
    steps = np.arange(len(offsets))[:, None]
    drift = np.linalg.norm(offsets - steps * offsets[-1] / steps[-1], axis=1).max()
    if drift > DRIFT_TOLERANCE_MM + PLACE_TOLERANCE_SHARE * g.step_mm:
        raise BadGeometry(
            f"slices that wander {drift:.1f} mm off a straight line",
            expected=f"at most {DRIFT_TOLERANCE_MM} mm over the series",
            remedy="Give one scan, taken without moving the table aside.",
        )
    if g.tilt_deg > MAX_TILT_DEG:
        raise BadGeometry(
            f"slices that step {g.tilt_deg:.1f} degrees off their normal (a tilted gantry)",
            expected=f"at most {MAX_TILT_DEG:.0f} degrees",
            remedy="Give a reconstruction without gantry tilt.",
        )


def _long_enough(g: SliceGeometry) -> None:
    check_length(g.length_mm, slices=len(g.positions_mm))


def check_length(length_mm: float, *, slices: int) -> None:
    """Raise TooShort if length_mm of body cannot hold a proximal femur."""
    if length_mm < MIN_LENGTH_MM:
        raise TooShort(
            f"{slices} slice{'s' * (slices != 1)} over {length_mm:.4g} mm",
            expected=f"at least {MIN_LENGTH_MM:.0f} mm along the body",
            remedy="Give the whole hip, from above the head to below the lesser trochanter.",
        )


CHECKS = (
    Check(BadGeometry, "every slice says where it lies", _complete),
    Check(MixedStudies, "one patient, study and frame of reference", _together),
    Check(TooLarge, "no more voxels than a laptop holds", _holdable),
    Check(MixedOrientation, "one orientation, size and pixel spacing", _one_orientation),
    Check(NotAxial, "the slices are transverse", _axial),
    Check(DuplicateSlices, "one slice at each position", _no_duplicates),
    Check(GapInSeries, "no slice is missing", _whole),
    Check(UnevenSpacing, "the steps are even", _even),
    Check(BadGeometry, "the slices are stacked along a straight line", _straight),
    Check(TooShort, "enough of the body to hold a proximal femur", _long_enough),
)
