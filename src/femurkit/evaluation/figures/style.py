"""What all figures share: colours, names of the scores, an axis without clutter."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

TRUTH, FOUND, THIRD, FOURTH = "#E69F00", "#0072B2", "#009E73", "#CC79A7"
PAPER, INK = "#8A8A8A", "#303030"
GROUPS = (FOUND, "#D55E00", THIRD, FOURTH)
"""Source: Okabe and Ito, 2008, Color universal design, jfly.uni-koeln.de/color."""

NAMES = {
    "dsc": "DSC",
    "iou_femur": "IoU of the femur",
    "mean_iou": "mean IoU",
    "precision": "precision",
    "average_precision": "precision",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "assd_mm": "ASSD, mm",
    "hd95_mm": "HD95, mm",
    "hd_mm": "Hausdorff distance, mm",
    "volume": "volume",
    "area": "surface area",
}


def name_of(metric: str) -> str:
    """How a score is written in a figure."""
    return NAMES.get(metric, metric.replace("_", " "))


def signed(value: float) -> str:
    """A difference with its sign, two decimals."""
    return f"{value:+.2f}".replace("-", "−")


def sheet(rows: int, columns: int, *, width: float, height: float, **layout: Any) -> Any:
    """A figure of width x height inches and its axes, (rows, columns) array."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **layout)
    return figure, axes


def tidy(axis: Any, *, grid: str = "y") -> None:
    """Only the left and lower line, and faint help lines behind the data."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis=grid, color="0.9", linewidth=0.8)
    axis.set_axisbelow(True)


def beside(count: int, *, width: float = 0.16) -> np.ndarray:
    """Offsets that spread points in a column so that none hides another, the same every time."""
    order = (np.arange(count) * 0.618034) % 1  # the golden ratio never repeats
    return np.asarray((order - 0.5) * 2 * width if count > 1 else np.zeros(count))
