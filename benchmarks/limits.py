"""From the signs of good and of bad results to limits, and what they catch."""

from __future__ import annotations

import numpy as np

from benchmarks.hips import Row, is_bad
from femurkit.measure.confidence import LOW, MEANING, OF_THE_HEAD, confidence
from femurkit.remark import THICK_MM

SHARE = dict.fromkeys(MEANING, 0.5) | dict.fromkeys((*OF_THE_HEAD, "fat_off_hu"), 0.2)
"""Where a limit lies between the worst good result and the middle of the bad ones beyond it. Nearer
to the good ones for the head, where 2 mm count and the damage is drawn larger than most, and for
the HU of fat, since nothing else shows that the scale is wrong.
"""
ROOM = {
    "undecided_top": 0.05, "undecided_shaft": 0.04, "undecided_patch": 0.08, "outside_hu": 40.0,
    "inside_hu": 150.0, "fat_off_hu": 15.0, "loose_end_mm": 15.0, "cut_by_box_mm2": 100.0,
    "repeated_slices": 0.05, "no_edge_share": 0.05,
    "head_lump_mm": 0.5, "head_bump_mm": 0.4, "head_notch_mm": 0.25, "joint_bone_share": 0.06,
    "joint_soft_share": 0.25, "head_undecided": 0.05,
}  # fmt: skip
"""A limit is at least this far from what is usual, whatever the phantoms say. Far for soft tissue
on both sides: good heads of thin bone show it over more than half."""
ODD = 0.03
"""Share of the patients whose good heads may lie beyond what is usual, and one at least: an odd
head, scanned several times, must not set the limit.
"""
LOW_IS_BAD = ("inside_hu",)
HARMLESS = ("lower dose", "softer kernel", "sharper kernel")
"""Rescans (benchmarks.rescans) that leave a result as good as it was."""


def limits_of(rows: list[Row]) -> dict[str, tuple[float, float]]:
    """Sign -> (worst of the good cases, limit); of the head, the worst but for a few.

    Real scans are good but for their heads, which nobody has drawn; what slices above THICK_MM do
    to a head sets no limit, since they carry a warning of their own.
    """
    out = {}
    for name in MEANING:
        sign = -1 if name in LOW_IS_BAD else 1
        kinds = ("none", *HARMLESS) if name in OF_THE_HEAD else ("none", *HARMLESS, "real")
        thin = THICK_MM if name in OF_THE_HEAD else np.inf
        here = [row for row in rows if name in row and row.get("slice_mm", 0) <= thin]
        good = [row for row in here if row["way"] in kinds and not is_bad(row)]
        usual = usual_of(good, name, sign)
        groups = (
            [sign * row[name] for row in here if which(row)]
            for which in (is_bad, lambda row: row["way"] not in ("none", "real", *HARMLESS))
        )
        beyond = next((b for g in groups if (b := [v for v in g if v > usual + 1e-6])), None)
        middle = usual if beyond is None else float(np.median(beyond))
        limit = usual + max(ROOM[name], SHARE[name] * (middle - usual))
        if name.endswith("_share"):
            limit = min(limit, 1.0)
        out[name] = (float(f"{sign * usual:.3g}"), float(f"{sign * limit:.3g}"))
    return out


def usual_of(good: list[Row], name: str, sign: int) -> float:
    """The worst value of a sign among good results, times sign; of the head, without the ODD
    patients.
    """
    worst: dict[str, float] = {}
    for row in good:
        worst[row["case"]] = max(worst.get(row["case"], -np.inf), sign * row[name])
    values = sorted(worst.values(), reverse=True)
    left_out = max(1, round(ODD * len(values))) if name in OF_THE_HEAD else 0
    return values[min(left_out, len(values) - 1)]


def confidence_of(row: Row, limits: dict[str, tuple[float, float]]) -> float:
    """The confidence of one row's signs."""
    return confidence({n: row[n] for n in MEANING if n in row}, limits=limits).value


def left_out(rows: list[Row]) -> list[Row]:
    """Every row with the confidence that limits from all other cases give it."""
    out = []
    for case in dict.fromkeys(row["case"] for row in rows):
        limits = limits_of([row for row in rows if row["case"] != case])
        here = [row for row in rows if row["case"] == case and "refused" not in row]
        out += [{**row, "confidence": confidence_of(row, limits)} for row in here]
    return out


def auc(rows: list[Row], name: str) -> float:
    """Chance that a bad result shows more of a sign than an unspoilt one."""
    sign = -1 if name in LOW_IS_BAD else 1
    bad = np.array([sign * row[name] for row in rows if is_bad(row) and name in row])
    good = [r for r in rows if r["way"] == "none" and not is_bad(r) and name in r]
    fine = np.array([sign * row[name] for row in good])
    return float(np.mean((bad[:, None] > fine) + 0.5 * (bad[:, None] == fine)))


def tell(rows: list[Row]) -> None:
    """The table, worst first, then what each sign tells and whom the flag misses."""
    names = list(MEANING)
    print(
        f"{'case':24}{'way':25}{'side':6}{'DSC':>6}{'ASSD':>7}{'head':>6}{'conf':>6}  "
        + "  ".join(names)
    )
    for row in sorted(rows, key=lambda r: r.get("dsc", 1.0)):
        start = f"{row['case']:24}{row['way']:25}{row['side']:6}"
        if "refused" in row:
            print(start, row["refused"])
            continue
        scores = f"{row.get('dsc', np.nan):6.3f}{row.get('assd_mm', np.nan):7.2f}"
        scores += f"{row.get('head_mm', np.nan):6.1f}"
        cells = "  ".join(f"{row.get(name, np.nan):{len(name)}.3g}" for name in names)
        print(f"{start}{scores}{row['confidence']:6.2f}  {cells}")
    print("\nAUC:", {name: round(auc(rows, name), 3) for name in names})
    doubt = [{**r, "doubt": 1 - r["confidence"]} for r in rows if "refused" not in r]
    print(f"AUC of the confidence itself: {auc(doubt, 'doubt'):.3f}")
    count("limits from all cases", rows)
    count("limits from the other cases only", left_out(rows))


def count(what: str, rows: list[Row]) -> None:
    """How many bad results the flag misses, and how many unspoilt good ones it accuses."""
    bad = [row for row in rows if is_bad(row)]
    whole = [r for r in rows if r["way"] in ("none", *HARMLESS) and "refused" not in r]
    good = [row for row in whole if not is_bad(row)]
    missed = [row for row in bad if row["confidence"] > LOW and "no_head" not in row]
    accused = [row for row in good if row["confidence"] <= LOW]
    print(f"{what}: {len(missed)} of {len(bad)} bad missed, {len(accused)} of {len(good)} accused")
    for row in missed + accused:
        print("  ", row["case"], row["way"], row["side"], round(row["confidence"], 2))
