"""Where on the femur the errors are: by region and by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from femurkit.evaluation.figures.style import (
    FOUND,
    INK,
    TRUTH,
    beside,
    name_of,
    sheet,
    signed,
    tidy,
)
from femurkit.evaluation.regional import PARTS

REGION_METRICS = ("dsc", "assd_mm", "hd95_mm")


def region_bars(
    rows: Sequence[Mapping[str, Any]], metrics: Sequence[str] = REGION_METRICS
) -> Figure:
    """Mean of each metric over femurs, whole and by region, with a point for every femur.

    rows: as compare_labels gives them, with columns like head_dsc. What a row lacks is left out.
    """
    figure, axes = sheet(1, len(metrics), width=0.6 + 3.4 * len(metrics), height=3.4)
    for axis, metric in zip(axes[0], metrics, strict=True):
        least = 1.0
        for place, part in enumerate(("whole", *PARTS)):
            key = metric if part == "whole" else f"{part}_{metric}"
            values = np.array([row[key] for row in rows if row.get(key) is not None], float)
            if not len(values):
                continue
            colour = INK if part == "whole" else FOUND
            axis.bar(place, values.mean(), 0.7, color=colour, alpha=0.45)
            x = place + beside(len(values))
            look = {"color": colour, "edgecolors": "white", "linewidths": 0.5}
            axis.scatter(x, values, s=16, clip_on=False, zorder=3, **look)
            least = min(least, float(values.min()))
        if metric == "dsc":  # shares close to 1: start the axis where the worst femur is
            axis.set_ylim(max(0.0, np.floor(least * 20 - 0.5) / 20), 1.0)
        names = ["whole", *(part.replace("_", " ") for part in PARTS)]
        axis.set_xticks(range(len(names)), names, rotation=35, ha="right", fontsize=9)
        axis.set_title(name_of(metric), fontsize=10)
        tidy(axis)
    return figure


def slice_area_bars(
    levels_mm: np.ndarray, truth_cm2: np.ndarray, pred_cm2: np.ndarray, *, title: str = ""
) -> Figure:
    """Area of the femur in each slice, true and found, and the difference below.

    All (slices,), as slice_levels_mm and slice_areas_cm2 give them; slices without either are left
    out. The greatest difference is written at its bar.
    """
    used = np.flatnonzero((truth_cm2 > 0) | (pred_cm2 > 0))
    order = used[np.argsort(levels_mm[used])]
    level, true, found = levels_mm[order], truth_cm2[order], pred_cm2[order]
    step = float(np.median(np.diff(level))) if len(level) > 1 else 1.0
    figure, axes = sheet(
        2, 1, width=8.0, height=4.6, sharex=True, gridspec_kw={"height_ratios": [2.2, 1]}
    )
    upper, lower = axes[:, 0]
    upper.bar(level, true, step, color=TRUTH, alpha=0.6, label="true")
    edges = np.append(level - step / 2, level[-1:] + step / 2)
    upper.stairs(found, edges, color=FOUND, linewidth=1.5, label="found")
    upper.set_ylabel("area in the slice, cm²")
    upper.legend(frameon=False, loc="upper left")
    upper.set_title(title, fontsize=10)
    difference = found - true
    lower.bar(level, difference, step, color=FOUND)
    lower.axhline(0, color=INK, linewidth=0.8)
    lower.set_ylabel("found − true, cm²")
    lower.set_xlabel("level (LPS z), mm; the head is at the right")
    if len(level):
        worst = int(np.abs(difference).argmax())
        text, up = f"{signed(difference[worst])} cm²", difference[worst] > 0
        lower.annotate(
            text, (level[worst], difference[worst]), (0, 3 if up else -3),
            textcoords="offset points", ha="center", va="bottom" if up else "top", fontsize=8,
        )  # fmt: skip
    lower.margins(y=0.3)
    for axis in (upper, lower):
        tidy(axis)
    return figure
