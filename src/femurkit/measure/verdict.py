"""Accept, look or reject: what a person should do with one femur, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from femurkit.measure.ranges import RANGES
from femurkit.remark import Remark

Word = Literal["accept", "look", "reject"]

LEAST_CONFIDENCE = 0.25
"""Half of what the check CONFIDENT asks for."""
IMPOSSIBLE = (
    "VOLUME_PLAUSIBLE", "WATERTIGHT", "OUTWARD", "ONE_COMPONENT", "MASK_AGREES", "SIDE_AGREES",
    "IS_A_FEMUR",
)  # fmt: skip
"""Checks that no femur fails."""
SIDES_DIFFER = {"head_radius_mm": 2.0, "neck_shaft_angle_deg": 12.0, "femoral_offset_mm": 10.0}
"""More than this between left and right of one person is rare."""
UNITS = {"_mm": " mm", "_deg": "°"}

RULE = (
    "Reject: it cannot be a femur of this side (too little or too much volume for its length, a "
    "surface that is open, inside out, in several parts or away from the mask, no femur's shape), "
    f"or the confidence is below {LEAST_CONFIDENCE}. "
    "Look: another check fails, the scan or its hip carries a warning, no femoral head was found, "
    f"or left and right differ by more than {SIDES_DIFFER['head_radius_mm']:g} mm in the head's "
    f"radius, {SIDES_DIFFER['neck_shaft_angle_deg']:g}° in the neck-shaft angle or "
    f"{SIDES_DIFFER['femoral_offset_mm']:g} mm in the offset. Accept: the rest. "
    "A measurement outside its usual range is named, but changes no verdict: each range leaves out "
    "one healthy adult in twenty."
)
"""The whole of it, as the report prints it."""


@dataclass(frozen=True)
class Verdict:
    """word: what to do; reasons: sentences, and then what lies outside its usual range, which
    changes no verdict.
    """

    word: Word
    reasons: tuple[str, ...] = ()


def verdict(
    measured: Mapping[str, Any],
    *,
    other: Mapping[str, Any] | None = None,
    remarks: Iterable[Remark] = (),
) -> Verdict:
    """Judge one femur. measured: what measure() returns, of it and of the other side if there is
    one; remarks: on the scan and on this hip.
    """
    failed = {check["code"]: check["text"] for check in measured["checks"] if not check["passed"]}
    wrong = [_sentence(text) for code, text in failed.items() if code in IMPOSSIBLE]
    if measured.get("confidence", 1.0) < LEAST_CONFIDENCE:
        wrong.append(_sentence(failed["CONFIDENT"]))
    odd = [_sentence(text) for code, text in failed.items() if code not in IMPOSSIBLE]
    odd += [remark.text for remark in remarks if remark.severity == "warning"]
    if why := measured["not_measurable"].get("head"):
        odd.append(_sentence(f"no femoral head: {why}"))
    odd += _differing(measured, other) if other is not None else []
    word: Word = "reject" if wrong else "look" if odd else "accept"
    return Verdict(word, tuple(dict.fromkeys([*wrong, *odd, *_unusual(measured)])))


def _unusual(measured: Mapping[str, Any]) -> list[str]:
    """Which measurements lie outside their usual range."""
    return [
        f"{words} is {value:g}{unit}, usual among adults are {usual.low:g} to {usual.high:g}{unit}."
        for name, usual in RANGES.items()
        if (value := measured.get(name)) is not None and value not in usual
        for words, unit in [_in_words(name)]
    ]


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """How left and right differ by more than they should."""
    out = []
    for name, most in SIDES_DIFFER.items():
        a, b = one.get(name), other.get(name)
        if a is not None and b is not None and abs(a - b) > most:
            words, unit = _in_words(name)
            out.append(f"{words} is {a:.1f}{unit} here and {b:.1f}{unit} on the other side.")
    return out


def _in_words(name: str) -> tuple[str, str]:
    """A measurement's name, and its unit as it stands behind a number."""
    for ending, unit in UNITS.items():
        if name.endswith(ending):
            return _in_words(name.removesuffix(ending))[0], unit
    return name.replace("neck_shaft", "neck-shaft").replace("_", " ").capitalize(), ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
