"""How runs, metrics and numbers are written on the page and in the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.paper.trainings import FULL, OURS, PAPER, SHIPPED

NOT_RUN = "not run"
SHORT_NAMES = {SHIPPED: "default", OURS: "ours", PAPER: "paper\nrecipe"}
"""For the ticks of a figure."""
NETWORK_NAMES = {SHIPPED: "default", OURS: "ours at this scale", PAPER: "paper recipe"}
ARM_NAMES = {
    "supervised": "supervised only",
    "mean_teacher": "mean teacher",
    "cross_pseudo": "cross pseudo",
    "self_training": "self-training",
    FULL: "fully labelled",
}
METRIC_NAMES = {
    "dsc": "DSC",
    "mean_iou": "mean IoU",
    "iou_femur": "femur IoU",
    "average_precision": 'precision ("average precision")',
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "assd_mm": "ASSD mm",
    "hd95_mm": "HD95 mm",
}
SPLIT_NAMES = {"validation": "validated", "unseen": "unseen"}


def spread(value: Mapping[str, Any] | None, digits: int = 3) -> str:
    """Mean ± sd, or that there is none."""
    if not value or "mean" not in value:
        return NOT_RUN
    if value["sd"] is None:
        return f"{value['mean']:.{digits}f}"
    return f"{value['mean']:.{digits}f}±{value['sd']:.{digits}f}"


def digits_of(metric: str) -> int:
    """Distances in hundredths of a millimetre, shares in thousandths."""
    return 2 if metric.endswith("_mm") else 3


def number(value: float | None, digits: int = 2) -> str:
    """A number, or a dash where it is not defined."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def signed_number(value: float, digits: int) -> str:
    """A number with its sign."""
    return f"{value:+.{digits}f}".replace("-", "−")


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table, first column left, others right."""
    line = "|---|" + "---:|" * (len(head) - 1)
    return ["| " + " | ".join(head) + " |", line, *("| " + " | ".join(r) + " |" for r in rows), ""]
