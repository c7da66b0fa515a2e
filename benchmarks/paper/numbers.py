"""From rows of scores to the numbers of Table 1 and Table 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.paper.score import Row
from femurkit.evaluation.agreement import agreement
from femurkit.evaluation.regional import PARTS
from femurkit.evaluation.regional import SCORES as PART_SCORES

OVERALL = (
    "dsc", "mean_iou", "iou_femur", "average_precision", "sensitivity", "specificity",
    "assd_mm", "hd95_mm",
)  # fmt: skip
BY_LEVEL = tuple(f"{part}_{m}" for part in ("annotated", "never") for m in PART_SCORES[:3])
BY_REGION = tuple(f"{part}_{metric}" for part in PARTS for metric in PART_SCORES[:3])
QUANTITIES = {"volume": ("volume_ml", 1.0, "cm³"), "area": ("area_mm2", 0.01, "cm²")}
"""Name: column after model_ and exact_, factor to the unit, unit."""
SLICE_AREA = "largest_slice_area_difference_cm2"


def mean_sd(values: Sequence[float | None]) -> dict[str, Any] | None:
    """mean, sd (n - 1; None for one value) and n of those there are; None if there are none."""
    there = [float(v) for v in values if v is not None]
    if not there:
        return None
    sd = float(np.std(there, ddof=1)) if len(there) > 1 else None
    return {"mean": float(np.mean(there)), "sd": sd, "n": len(there)}


def measured(rows: Sequence[Row], quantity: str) -> tuple[list[float], list[float]]:
    """Found and exact values of all femora, in the unit of QUANTITIES."""
    column, factor, _ = QUANTITIES[quantity]
    pairs = [[factor * row[f"{kind}_{column}"] for row in rows] for kind in ("model", "exact")]
    return pairs[0], pairs[1]


def whole_numbers(rows: Sequence[Row]) -> dict[str, Any]:
    """Everything told of a run on one group of patients: scores, agreement, slice areas, lost."""
    keys = [k for k in (*OVERALL, *BY_LEVEL, *BY_REGION) if k in rows[0]]
    slices = [row[SLICE_AREA] for row in rows]
    return {
        "femora": len(rows),
        "lost": sum(not row["dsc"] for row in rows),
        "weights": rows[0]["weights"],
        "scores": {key: mean_sd([row[key] for row in rows]) for key in keys},
        **{name: asdict(agreement(*measured(rows, name))) for name in QUANTITIES},
        "slice_area_cm2": [min(slices), max(slices)],
    }
