"""Volumes and areas against their true values, femur by femur."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from femurkit.evaluation.figures.style import FOUND, INK, TRUTH, name_of, sheet, signed, tidy


def paired_bars(
    measured: Sequence[float],
    truth: Sequence[float],
    labels: Sequence[str],
    unit: str,
    *,
    quantity: str = "volume",
    groups: Sequence[str] | None = None,
) -> Figure:
    """True and found value of each femur side by side; groups stand apart, in order of appearance.

    groups: one name per femur, such as validated and unseen. All four have the same length.
    """
    names = list(groups) if groups is not None else [""] * len(labels)
    kinds = list(dict.fromkeys(names))
    order = sorted(range(len(names)), key=lambda k: kinds.index(names[k]))
    place = np.arange(len(order)) + 0.8 * np.array([kinds.index(names[k]) for k in order])
    a, b = np.asarray(measured, float)[order], np.asarray(truth, float)[order]
    figure, axes = sheet(1, 1, width=max(4.0, 1.8 + 0.5 * len(order)), height=3.8)
    axis = axes[0, 0]
    axis.bar(place - 0.2, b, 0.38, color=TRUTH, label="true")
    axis.bar(place + 0.2, a, 0.38, color=FOUND, label="found", hatch="//", edgecolor="white")
    axis.set_xticks(place, [labels[k] for k in order], rotation=45, ha="right", fontsize=8)
    top = 1.12 * float(np.nanmax(np.concatenate([a, b])))
    axis.set_ylim(0, top)
    for kind in (k for k in kinds if k):
        own = place[[names[k] == kind for k in order]]
        axis.text(own.mean(), 0.985 * top, kind, ha="center", va="top", weight="bold")
    axis.set_ylabel(f"{name_of(quantity)}, {unit}")
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    tidy(axis)
    return figure


def bland_altman(
    measured: Sequence[float], truth: Sequence[float], unit: str, *, quantity: str = "volume"
) -> Figure:
    """Difference against mean of found and true; mean difference and 1.96 sd either way.

    Without the limits for fewer than three femurs.
    Source: Bland and Altman, 1986, Lancet 1:307, doi 10.1016/S0140-6736(86)90837-8.
    """
    a, b = np.asarray(measured, float), np.asarray(truth, float)
    difference, mean = a - b, (a + b) / 2
    figure, axes = sheet(1, 1, width=5.2, height=3.8)
    axis = axes[0, 0]
    axis.scatter(mean, difference, s=28, color=FOUND, edgecolors="white", linewidths=0.5, zorder=3)
    axis.axhline(0, color="0.6", linewidth=0.8)
    bias = float(difference.mean())
    lines = {"mean": (bias, "-")}
    if len(a) > 2:
        sd = float(difference.std(ddof=1))
        lines |= {"+1.96 sd": (bias + 1.96 * sd, "--"), "−1.96 sd": (bias - 1.96 * sd, "--")}
    for name, (value, style) in lines.items():
        axis.axhline(value, color=INK, linewidth=1.2, linestyle=style)
        axis.annotate(
            f"{name}\n{signed(value)}", (1.01, value), xycoords=("axes fraction", "data"),
            va="center", fontsize=8,
        )  # fmt: skip
    axis.set_xlabel(f"mean of found and true {name_of(quantity)}, {unit}")
    axis.set_ylabel(f"found − true, {unit}")
    axis.margins(y=0.15)
    tidy(axis)
    return figure
