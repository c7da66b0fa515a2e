"""Which of several CT series most plausibly shows the hips, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from femurkit.dicom.checks import check
from femurkit.dicom.common import quiet
from femurkit.dicom.find import Candidate, Found
from femurkit.dicom.headers import image_type
from femurkit.errors import InputRefused, NoCtSeries, SeriesNotFound

ENOUGH_LENGTH_MM = 250.0
"""Both proximal femora and some shaft fit in this; more body says nothing more about the hips."""
LENGTH_STEP_MM = 25.0
"""Lengths within one step of each other count as equal."""
FINEST_STEP_MM, COARSE_STEP_MM = 0.4, 3.5
"""Slice steps that a hip CT plausibly has; beyond COARSE the surfaces suffer and a note says so."""
HIP_PARTS = ("HIP", "PELVIS", "FEMUR", "ABDPEL", "ABDOMENPELVIS", "WHOLEBODY")
OTHER_PARTS = (
    "HEAD", "BRAIN", "SKULL", "NECK", "CHEST", "THORAX", "HEART", "KNEE", "ANKLE", "FOOT", "HAND",
    "WRIST", "ELBOW", "SHOULDER", "CSPINE", "TSPINE",
)  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """What speaks for a series: `claim` completes "it ..."; the higher `score` wins."""

    claim: str
    score: Callable[[Candidate], float]


@dataclass(frozen=True)
class Choice:
    """The series taken, and one sentence why."""

    candidate: Candidate
    why: str


@dataclass(frozen=True)
class Usable:
    """A series that --series may name. description: what its header says of it, for the screen
    alone, as a person typed it.
    """

    uid: str
    description: str
    slices: int
    length_mm: float


@quiet()
def usable(found: Found) -> tuple[Usable, ...]:
    """The series with a sound geometry, in the order they were found."""
    return tuple(
        Usable(c.uid, _described(c), len(c.slices), round(c.geometry.length_mm, 1))
        for c in found.candidates
        if refusal(c) is None
    )


def _described(candidate: Candidate) -> str:
    try:
        text = str(candidate.slices[0].header.get("SeriesDescription") or "")
    except Exception:  # of a damaged value; the slices are read all the same
        return ""
    return "".join(filter(str.isprintable, text)).strip() or "no description"


def refusal(candidate: Candidate) -> InputRefused | None:
    """What would be said if this series were read; None if its geometry is sound."""
    try:
        check(candidate.geometry)
    except InputRefused as error:
        return error
    return None


def choose(found: Found, *, series_uid: str | None = None) -> Choice:
    """The series named, or the one that most plausibly covers the hips.

    The reasons count in the order of REASONS. A series whose geometry is refused is taken only if
    there is no sound one, so that its refusal is what the user hears.
    Raises SeriesNotFound or NoCtSeries.
    """
    if series_uid is not None:
        return _named(found, series_uid)
    if not found.candidates:
        raise NoCtSeries(
            f"no CT slices; left out: {_counts(found)}",
            expected="an axial CT series",
            remedy="Name the folder or zip that holds the CT.",
        )
    ranked = sorted(found.candidates, key=_key, reverse=True)
    best = ranked[0]
    seen = f"series {best.uid}: {describe(best)}"
    if len(ranked) == 1:
        return Choice(best, f"{seen}; the only CT series{_beside(found)}.")
    claim = next((r.claim for r in REASONS if r.score(best) > r.score(ranked[1])), "comes first")
    why = f"{seen}; chosen of {len(ranked)} CT series because it {claim}{_beside(found)}."
    return Choice(best, why)


def describe(candidate: Candidate) -> str:
    """Slices, length and step in words; nothing about the patient."""
    g = candidate.geometry
    if refusal(candidate):
        return f"{len(candidate.slices)} slices"
    slices = f"{len(candidate.slices)} axial slices"
    return f"{slices} over {g.length_mm:.0f} mm, {g.step_mm:.3g} mm apart"


def _named(found: Found, uid: str) -> Choice:
    for candidate in found.candidates:
        if candidate.uid == uid:
            why = f"series {uid}: {describe(candidate)}; named by --series."
            return Choice(candidate, why)
    if uid in found.other_uids:
        raise NoCtSeries(
            f"series {uid} holds no axial CT slices", expected="a CT series", remedy=_offer(found)
        )
    raise SeriesNotFound(
        f"no series {uid}", expected="one that the input holds", remedy=_offer(found)
    )


def _offer(found: Found) -> str:
    uids = ", ".join(c.uid for c in found.candidates)
    return f"The CT series here: {uids}." if uids else "There is no CT series here."


def _beside(found: Found) -> str:
    return f" (left out: {_counts(found)})" if found.left_out else ""


def _counts(found: Found) -> str:
    parts = (f"{count} {reason}" for reason, count in sorted(found.left_out.items()))
    return ", ".join(parts) or "nothing"


def _key(candidate: Candidate) -> tuple[object, ...]:
    # The UID last makes the choice the same in every run.
    return (*(reason.score(candidate) for reason in REASONS), candidate.uid)


def _sound(candidate: Candidate) -> float:
    return float(refusal(candidate) is None)


def _part(candidate: Candidate) -> float:
    """+1 where the header names the hip or pelvis, -1 where it names a part without hips."""
    value = str(candidate.slices[0].header.get("BodyPartExamined") or "").upper()
    part = "".join(filter(str.isalpha, value))
    return float(any(p in part for p in HIP_PARTS)) - float(part in OTHER_PARTS)


def _length(candidate: Candidate) -> float:
    if refusal(candidate) is not None:
        return 0.0
    return min(candidate.geometry.length_mm, ENOUGH_LENGTH_MM) // LENGTH_STEP_MM


def _original(candidate: Candidate) -> float:
    kind = image_type(candidate.slices[0].header)
    return float("ORIGINAL" in kind[:1]) + float("PRIMARY" in kind[1:2])


def _plausible_step(candidate: Candidate) -> float:
    step_mm = candidate.geometry.step_mm if refusal(candidate) is None else 0.0
    return float(FINEST_STEP_MM <= step_mm <= COARSE_STEP_MM)


REASONS = (
    Reason("is evenly and completely stacked", _sound),
    Reason("is not said to show another part of the body", lambda c: min(_part(c), 0.0)),
    Reason("covers more of the body", _length),
    Reason("is said to show the hips", _part),
    Reason("is an original, primary reconstruction", _original),
    Reason("has slices as thin as a hip CT needs", _plausible_step),
    Reason("has more slices", lambda c: float(len(c.slices))),
)
"""What speaks for a series, the weightiest first."""
