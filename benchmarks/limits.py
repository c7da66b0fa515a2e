"""From the signs of good and of bad results to limits, and what they catch."""

from __future__ import annotations

from typing import Any

import numpy as np

from femurkit.measure.confidence import MEANING, confidence

LEAST_DSC, MOST_ASSD_MM = 0.95, 1.0
"""A result beyond either is bad: the flag must rise."""
SHARE = 0.5
"""Where a limit lies between the worst good result and the middle of the bad ones beyond it."""
ROOM = {
    "undecided_top": 0.05, "undecided_shaft": 0.04, "undecided_patch": 0.08, "outside_hu": 40.0,
    "inside_hu": 150.0, "loose_end_mm": 15.0, "cut_by_box_mm2": 100.0, "repeated_slices": 0.05,
}  # fmt: skip
"""A limit is at least this far from what is usual, whatever the phantoms say."""
LOW_IS_BAD = ("inside_hu", "coarse_agrees")

Row = dict[str, Any]


def is_bad(row: Row) -> bool:
    """Whether a row has a score, and it is bad."""
    return "dsc" in row and (row["dsc"] < LEAST_DSC or row["assd_mm"] > MOST_ASSD_MM)


def limits_of(rows: list[Row]) -> dict[str, tuple[float, float]]:
    """Sign -> (worst of the unspoilt cases, limit)."""
    good = [row for row in rows if row["way"] == "none" and not is_bad(row)]
    out = {}
    for name in MEANING:
        sign = -1 if name in LOW_IS_BAD else 1
        usual = max(sign * row[name] for row in good if name in row)
        groups = (
            [sign * row[name] for row in rows if name in row and which(row)]
            for which in (is_bad, lambda row: row["way"] != "none")
        )
        beyond = next((b for g in groups if (b := [v for v in g if v > usual + 1e-6])), None)
        middle = usual if beyond is None else float(np.median(beyond))
        limit = usual + max(ROOM[name], SHARE * (middle - usual))
        out[name] = (float(f"{sign * usual:.3g}"), float(f"{sign * limit:.3g}"))
    return out


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
    names = [*MEANING, "stray_ml", "coarse_agrees", "second_pass_differs"]
    print(f"{'case':16}{'way':17}{'side':6}{'DSC':>6}{'ASSD':>7}{'conf':>6}  " + "  ".join(names))
    for row in sorted(rows, key=lambda r: r.get("dsc", 1.0)):
        start = f"{row['case']:16}{row['way']:17}{row['side']:6}"
        if "refused" in row:
            print(start, row["refused"])
            continue
        scores = f"{row.get('dsc', np.nan):6.3f}{row.get('assd_mm', np.nan):7.2f}"
        cells = "  ".join(f"{row.get(name, np.nan):{len(name)}.3g}" for name in names)
        print(f"{start}{scores}{row['confidence']:6.2f}  {cells}")
    print("\nAUC:", {name: round(auc(rows, name), 3) for name in names})
    doubt = [{**r, "doubt": 1 - r["confidence"]} for r in rows if "refused" not in r]
    print(f"AUC of the confidence itself: {auc(doubt, 'doubt'):.3f}")
    for key in ("seconds", "second_pass_seconds"):
        print(f"{key}: {np.median([r[key] for r in rows if key in r]):.2f} (median)")
    count("limits from all cases", rows)
    count("limits from the other cases only", left_out(rows))


def count(what: str, rows: list[Row]) -> None:
    """How many bad results the flag misses, and how many unspoilt good ones it accuses."""
    bad = [row for row in rows if is_bad(row)]
    good = [r for r in rows if r["way"] == "none" and not is_bad(r) and "refused" not in r]
    missed = [row for row in bad if row["confidence"] >= 0.5]
    accused = [row for row in good if row["confidence"] < 0.5]
    print(f"{what}: {len(missed)} of {len(bad)} bad missed, {len(accused)} of {len(good)} accused")
    for row in missed + accused:
        print("  ", row["case"], row["way"], row["side"], round(row["confidence"], 2))
