"""Scores of many femurs: summed up, and written down."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from femurkit.evaluation.agreement import agreement

Row = dict[str, Any]

SHARES = (
    "dsc", "iou_femur", "mean_iou", "precision", "average_precision", "sensitivity", "specificity",
)  # fmt: skip
DISTANCES = ("assd_mm", "hd95_mm", "hd_mm", "largest_slice_area_difference_cm2")

NUMBERS = (
    ("volume_ml", "truth_volume_ml", "volume_ml", 1.0),
    ("surface_area_mm2", "truth_area_mm2", "area_cm2", 0.01),
)
"""Column found, column true, name in the summary, factor to its unit."""


def summary(rows: Sequence[Row]) -> Row:
    """Mean, spread and worst of each score over rows, by region too; agreement of the numbers.

    volume_ml and area_cm2 hold the Agreement of found and true values. Scores that no row has are
    None; a femur without a value is left out of that score alone.
    """
    out: Row = {"femurs": len(rows)}
    for name in SHARES:
        out[name] = _spread(_values(rows, name), min)
    for name in DISTANCES:
        out[name] = _spread(_values(rows, name), max)
    for name in (n for n in rows[0] if n.endswith("_dsc")) if rows else ():
        part = name.removesuffix("_dsc")
        out[name] = _spread(_values(rows, name), min)
        for distance in ("assd_mm", "hd95_mm"):
            out[f"{part}_{distance}"] = _spread(_values(rows, f"{part}_{distance}"), max)
    for name, true, shown, factor in NUMBERS:
        pairs = [(r[name], r[true]) for r in rows if r.get(true) is not None]
        if pairs:
            measured, truth = (factor * np.array(pairs).T).tolist()
            out[shown] = asdict(agreement(measured, truth))
    return out


def write_rows(rows: Sequence[Row], folder: Path) -> None:
    """metrics.json ({rows, summary}), metrics.csv (the rows) and summary.json, in a folder."""
    found = summary(rows)
    for name, content in (
        ("metrics.json", {"rows": list(rows), "summary": found}),
        ("summary.json", found),
    ):
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _values(rows: Sequence[Row], name: str) -> list[float]:
    return [row[name] for row in rows if row.get(name) is not None]


def _spread(values: Sequence[float], worst: Any) -> dict[str, float] | None:
    if not values:
        return None
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        "worst": worst(values),
    }
