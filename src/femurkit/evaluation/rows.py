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


def summary(rows: Sequence[Row]) -> Row:
    """Mean, spread and worst of each score over rows, and agreement of the volumes."""
    out: Row = {"femurs": len(rows)}
    for name in ("dsc", "mean_iou", "precision", "sensitivity", "specificity"):
        values = [row[name] for row in rows if row[name] is not None]
        out[name] = _spread(values, min)
    for name in ("assd_mm", "hd95_mm", "hd_mm"):
        values = [row[name] for row in rows if row[name] is not None]
        out[name] = _spread(values, max)
    if rows:
        volumes = agreement([r["volume_ml"] for r in rows], [r["truth_volume_ml"] for r in rows])
        out["volume_ml"] = asdict(volumes)
    return out


def write_rows(rows: Sequence[Row], folder: Path) -> None:
    """metrics.json ({rows, summary}) and metrics.csv (the rows) in an existing folder."""
    content = {"rows": list(rows), "summary": summary(rows)}
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _spread(values: Sequence[float], worst: Any) -> dict[str, float] | None:
    if not values:
        return None
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        "worst": worst(values),
    }
