"""Accept, look or reject: what a person should do with one femur, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

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

RULE = (
    "Reject: a check fails that no femur fails "
    f"({', '.join(IMPOSSIBLE)}), or the confidence is below {LEAST_CONFIDENCE}. "
    "Look: another check fails, the scan or its hip carries a warning, no femoral head was found, "
    "or left and right differ more than people's do. Accept: the rest."
)
"""The whole of it, as the report prints it."""


@dataclass(frozen=True)
class Verdict:
    """word: what to do; reasons: sentences, none for accept."""

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
    if wrong:
        return Verdict("reject", tuple(dict.fromkeys([*wrong, *odd])))
    return Verdict("look", tuple(dict.fromkeys(odd))) if odd else Verdict("accept")


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """How left and right differ by more than they should."""
    out = []
    for name, most in SIDES_DIFFER.items():
        a, b = one.get(name), other.get(name)
        if a is not None and b is not None and abs(a - b) > most:
            words, _, unit = name.rpartition("_")
            unit = {"deg": "°"}.get(unit, f" {unit}")
            out.append(
                f"{words.replace('_', ' ').capitalize()} is {a:.1f}{unit} here and {b:.1f}{unit} "
                "on the other side."
            )
    return out


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
