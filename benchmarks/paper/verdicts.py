"""Claims of issue 3, each held against the numbers: yes, no, or not run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.paper.ablation import ABLATIONS, HALF, PARTS, SEMI
from benchmarks.paper.names import ARM_NAMES, METRIC_NAMES, NOT_RUN, number, signed_number, table
from benchmarks.paper.trainings import FULL, SEEDS, SHIPPED

LIMITS = (
    ("dsc", ">=", 0.98), ("assd_mm", "<=", 0.3), ("hd95_mm", "<=", 1.0),
    ("volume", "<=", 2.0), ("area", "<=", 3.0),
)  # fmt: skip
"""What the default network is to reach on the unseen patients; volume and area: RE %."""
JUDGED = ("dsc", "assd_mm")
WORDS = {True: "yes", False: "**no**", None: NOT_RUN}
NOTE = (
    "Gain: how much better than supervised-only, mean over seeds; spread: the greater of the two "
    "arms' standard deviations over seeds. Gap: from supervised-only to fully labelled. Judged "
    "only when all seeds are there; a gap not larger than the seed spread has no half to close."
)


def verdicts(networks: Mapping[str, Any], ablations: Mapping[int, Any]) -> dict[str, Any]:
    """limits: of the default network; semi: of each ablation, by its annotated patients."""
    return {
        "limits": limits((networks.get(SHIPPED) or {}).get("unseen")),
        "semi": {count: semi_verdicts(found) for count, found in ablations.items()},
    }


def semi_verdicts(ablation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each part and semi-supervised arm, by metric."""
    return [
        {"arm": arm, "part": part}
        | {m: judged(told[m][arm], full=len(told[m][FULL]["seeds"]) == len(SEEDS)) for m in JUDGED}
        for part, told in ablation.items()
        for arm in SEMI
    ]


def limits(unseen: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The default network on the unseen patients against what it is to reach."""
    out = []
    for name, sign, limit in LIMITS:
        value = None
        if unseen and name in ("volume", "area"):
            value = unseen[name]["re_percent"]
        elif unseen:
            value = (unseen["scores"][name] or {}).get("mean")
        holds = None
        if value is not None:
            holds = bool(value >= limit if sign == ">=" else value <= limit)
        out.append({"score": name, "aim": f"{sign} {limit:g}", "value": value, "holds": holds})
    return out


def judged(told: Mapping[str, Any], *, full: bool) -> dict[str, Any]:
    """Gain against the spread, share of the gap against a half; None where a seed is missing.

    full: whether all fully labelled runs are there. gap: whether there is one to close.
    """
    won, gap = told["beats"], told["gap_closed"] if full else None
    share = gap["mean"] if gap else None
    return {
        "gain": won and won["gain"],
        "seed_spread": won and won["seed_spread"],
        "beats": won and bool(won["holds"]),
        "gap": None if not won or not gap else share is not None,
        "gap_closed": share if won else None,
        "half": None if not won or share is None else bool(share >= HALF),
    }


def verdict_part(found: Mapping[str, Any]) -> list[str]:
    """What each ablation shows, one line a claim, and the default network's aims."""
    names = {**METRIC_NAMES, "volume": "volume RE %", "area": "surface area RE %"}
    rows = []
    for v in found["limits"]:
        value = NOT_RUN if v["value"] is None else number(v["value"], 3)
        rows.append([names[v["score"]], v["aim"], value, WORDS[v["holds"]]])
    out = []
    for count, shown in ABLATIONS.items():
        out += [f"{shown.capitalize()}:", "", *summary(found["semi"][count])]
    return out + table(["default network, unseen patients", "aim", "found", "reached"], rows)


def semi_part(semi: list[dict[str, Any]]) -> list[str]:
    """The verdict lines of one ablation and, by part of the femur, the table they stand on."""
    head = ["semi-supervised arm", "part of the femur"]
    for metric in JUDGED:
        gain = f"{METRIC_NAMES[metric]}: gain (spread)"
        head += [gain, "beats supervised-only", "closes half of the gap"]
    rows = [
        [ARM_NAMES[v["arm"]], PARTS[v["part"]], *(c for m in JUDGED for c in _cells(v[m]))]
        for v in semi
    ]
    return [*summary(semi), *table(head, rows)]


def _cells(v: Mapping[str, Any]) -> list[str]:
    if v["gain"] is None:
        return [NOT_RUN] * 3
    share = _word(v, "half")
    if v["half"] is not None:
        share += f" ({100 * v['gap_closed']:.0f} %)"
    gain = f"{signed_number(v['gain'], 4)} ({v['seed_spread']:.4f})"
    return [gain, WORDS[v["beats"]], share]


def summary(semi: list[dict[str, Any]]) -> list[str]:
    """One line a claim: which arms hold it, on the whole femur by DSC."""
    whole = [v for v in semi if v["part"] == ""]
    out = []
    for key, claim in (
        ("beats", "beats supervised-only by more than the seed spread"),
        ("half", "closes at least half of the gap to fully labelled"),
    ):
        words = ", ".join(f"{ARM_NAMES[v['arm']]} {_word(v['dsc'], key)}" for v in whole)
        out.append(f"- On unseen patients (whole femur, DSC), {claim}: {words}.")
    return [*out, ""]


def _word(v: Mapping[str, Any], key: str) -> str:
    return "no gap to close" if key == "half" and v["gap"] is False else WORDS[v[key]]
