"""What may be wrong with a series that is read all the same: each a code and a one-line claim.

Nothing here quotes what a person typed into a header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from femurkit.dicom.choose import refusal
from femurkit.dicom.find import Candidate, Found
from femurkit.dicom.headers import image_type, numbers
from femurkit.remark import THICK_MM, THINNER, Claim, Remark, remarks_on, thick_slices

SHARP = ("BONE", "BONEPLUS", "EDGE", "LUNG", "ULTRA", "YC", "YD", "YE", "D", "E", "L")
"""Names of GE's and Philips' kernels that sharpen edges beyond what the networks have seen."""
PROJECTIONS = ("MIP", "MINIP", "MAXIP", "MAX_IP", "MIN_IP", "PROJECTION IMAGE")
"""Values of Image Type that say that a slice is the greatest, least or mean of several."""
NUMBERED = (
    (re.compile(r"(?:B|BR|BL|HR|HC|QR|H|U)(\d\d)[A-Z]?"), 60),
    (re.compile(r"FC(\d\d)"), 50),
)
"""Siemens' and Canon's, and the number from which on they do."""


MAX_PLACES = 3
"""That a text lists one by one."""


@dataclass(frozen=True, eq=False)
class Series:
    """One series among what was found, without its pixels. headers: in the order of the slices."""

    found: Found
    candidate: Candidate
    headers: Sequence[Dataset]


def remarks(found: Found, candidate: Candidate) -> tuple[Remark, ...]:
    """One for every claim that does not hold. candidate: one of those found, its geometry sound."""
    headers = [candidate.slices[k].header for k in candidate.geometry.order]
    return remarks_on(Series(found, candidate, headers), SERIES_CLAIMS)


def contrast_given(headers: Sequence[Dataset]) -> bool:
    """Whether a header names contrast agent."""
    named = any(str(h.get("ContrastBolusAgent") or "").strip() for h in headers)
    return named or any(h.get("ContrastBolusAgentSequence") for h in headers)


def _alone(s: Series) -> str | None:
    usable = sum(refusal(c) is None for c in s.found.candidates)
    if usable <= 1:
        return None
    return f"{usable} usable CT series found."


def _all_usable(s: Series) -> str | None:
    codes = [error.code for c in s.found.candidates if (error := refusal(c)) is not None]
    if not codes:
        return None
    kinds = ", ".join(sorted(set(codes)))
    return f"{len(codes)} of {len(s.found.candidates)} CT series cannot be used: {kinds}."


def _intact(s: Series) -> str | None:
    broken = s.found.left_out["damaged"] + s.found.left_out["cut short"]
    return f"{broken} damaged DICOM file{'s' * (broken > 1)} left out." if broken else None


def _once(s: Series) -> str | None:
    twice = s.candidate.repeats
    return f"{twice} second copies of slices left out." if twice else None


def _whole(s: Series) -> str | None:
    made = np.array([each.missing for each in s.candidate.slices])[s.candidate.geometry.order]
    if not made.any():
        return None
    places = numbers(s.headers, "ImagePositionPatient", 3)[:, 2]
    step = s.candidate.geometry.step_mm
    aside = numbers([each.header for each in s.candidate.aside], "ImagePositionPatient", 3)[:, 2]
    moved = made & (abs(places[:, None] - aside).min(1, initial=np.inf) < step)
    texts = []
    if missing := int((made & ~moved).sum()):
        texts.append(
            f"{missing} missing slice{'s' * (missing > 1)} interpolated between their neighbours, "
            f"{_where(places, made & ~moved)}."
        )
    if count := int(moved.sum()):
        texts.append(
            f"{count} slice{'s' * (count > 1)} interpolated at even steps of {step:.3g} mm, "
            f"{_where(places, moved)}: the slices there lie at other steps."
        )
    return " ".join(texts)


def _where(places_mm: np.ndarray, which: np.ndarray) -> str:
    """Which runs of slices, in words. places_mm: (n,) z of each, in order; which: (n,) bool."""
    edges = np.diff(np.concatenate([[0], which.astype(int), [0]]))
    runs = list(zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True))
    texts = [
        f"{places_mm[a]:.1f}" if a == b else f"{places_mm[a]:.1f} to {places_mm[b]:.1f}"
        for a, b in runs[:MAX_PLACES]
    ]
    more = len(runs) - MAX_PLACES
    return f"at z = {', '.join(texts)} mm" + (f" and {more} more places" if more > 0 else "")


def _upright(s: Series) -> str | None:
    tilt = s.candidate.geometry.tilt_deg
    if not tilt:
        return None
    return (
        f"Gantry tilted by {tilt:.1f} degrees: image files cannot hold slanted slices, so masks "
        "are written on an upright grid."
    )


def _thin(s: Series) -> str | None:
    said = numbers(s.headers, "SliceThickness", 1)[:, 0]
    return thick_slices(float(np.nanmax([*said, s.candidate.geometry.step_mm])))


def _one_acquisition(s: Series) -> str | None:
    seen = {str(h.get("AcquisitionUID") or h.get("AcquisitionNumber") or "") for h in s.headers}
    if len(seen) == 1 or len(seen) >= len(s.headers) / 2:
        return None  # each slice its own: taken step by step, which is one scan
    return f"Slices of {len(seen)} acquisitions in one series: the patient may have moved between."


def _numbered(s: Series) -> str | None:
    steps = np.diff(numbers(s.headers, "InstanceNumber", 1)[:, 0])
    if not np.isfinite(steps).all() or (steps > 0).all() or (steps < 0).all():
        return None
    return "Instance numbers contradict slice positions; the positions were used."


def _rescaled(s: Series) -> str | None:
    if all(h.get("RescaleSlope") is not None for h in s.headers) and all(
        h.get("RescaleIntercept") is not None for h in s.headers
    ):
        return None
    return "No rescale in the header: stored values were taken as HU."


def _measured(s: Series) -> str | None:
    kinds = {kind for h in s.headers for kind in image_type(h)} & set(PROJECTIONS)
    if not kinds:
        return None
    return (
        f"The header calls the slices a projection ({', '.join(sorted(kinds))}): each value is not "
        "that of its place, and bones look thicker or thinner."
    )


def _soft_kernel(s: Series) -> str | None:
    sharp = any(_is_sharp(h) for h in s.headers)
    return "A sharp kernel: edges overshoot and noise is high." if sharp else None


def _is_sharp(header: Dataset) -> bool:
    """Whether the kernel is known to be; one that is not known is taken for soft."""
    value = header.get("ConvolutionKernel") or ""
    name = str(value if isinstance(value, str) else value[0]).strip().upper()
    matches = ((pattern.fullmatch(name), least) for pattern, least in NUMBERED)
    return name in SHARP or any(m is not None and int(m[1]) >= least for m, least in matches)


SERIES_CLAIMS = (
    Claim("SERIES_ALONE", "note", "there is one CT series to choose", _alone,
                "Name another with --series; femurkit inspect lists them."),
    Claim("SERIES_USABLE", "note", "every CT series has a sound geometry", _all_usable,
                "If you wanted one of these, export it again as a series of its own."),
    Claim("FILES_INTACT", "warning", "every DICOM file can be read", _intact,
                "Export them again if slices are missing."),
    Claim("FILES_ONCE", "note", "every slice is there once", _once),
    Claim("NO_SLICE_MISSING", "warning", "no slice was interpolated by --gaps resample", _whole,
                "Look at the outline there: what lies between is guessed."),
    Claim("GANTRY_UPRIGHT", "warning", "the slices are stacked along their normal", _upright),
    Claim("SLICES_THIN", "warning", f"slices of at most {THICK_MM} mm", _thin,
                THINNER),
    Claim("ONE_ACQUISITION", "warning", "one acquisition", _one_acquisition,
                "Look for a step in the bone where one ends and the next begins."),
    Claim("INSTANCES_IN_ORDER", "note", "instance numbers follow the positions", _numbered),
    Claim("RESCALE_GIVEN", "warning", "the header gives a rescale to HU", _rescaled,
                "See that air reads -1000 and fat about -100."),
    Claim("NO_PROJECTION", "warning", "slices, not projections through several", _measured,
                "Give the original axial series."),
    Claim("KERNEL_NOT_SHARP", "note", "a soft or standard kernel", _soft_kernel,
                "Prefer a soft-tissue or standard reconstruction for HU and thickness."),
)  # fmt: skip
"""In the order in which they are said."""
