"""Violins with their points: how scores and differences spread over femurs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from femurkit.evaluation.figures.style import GROUPS, INK, PAPER, beside, name_of, sheet, tidy

LEAST_FOR_VIOLIN = 4
"""Fewer values have no shape worth drawing: only their points are shown."""

Groups = Mapping[str, Mapping[str, Sequence[float]]]


def violins_with_points(
    groups: Groups,
    metrics: Sequence[str],
    *,
    references: Mapping[str, tuple[float, float]] | None = None,
    reference_name: str = "paper",
) -> Figure:
    """A panel per metric, in it a violin and all points per group; a bar marks the mean.

    groups: name -> metric -> one value per femur. references: metric -> (mean, sd) of a published
    result, drawn as a line in a band of one sd either way, shares cut off at 1.
    """
    figure, axes = sheet(1, len(metrics), width=0.6 + 2.3 * len(metrics), height=3.6)
    for axis, metric in zip(axes[0], metrics, strict=True):
        values = {name: np.asarray(group.get(metric, ()), float) for name, group in groups.items()}
        if references and metric in references:
            mean, sd = references[metric]
            top = min(mean + sd, 1.0) if mean <= 1 else mean + sd
            axis.axhspan(mean - sd, top, color=PAPER, alpha=0.22, linewidth=0, zorder=0)
            axis.axhline(mean, color=PAPER, linewidth=1.2, linestyle="--", label=reference_name)
        _columns(axis, values)
        axis.set_title(name_of(metric), fontsize=10)
    if references and any(metric in references for metric in metrics):
        first = next(a for a, m in zip(axes[0], metrics, strict=True) if m in references)
        line = first.get_lines()[0]
        figure.legend([line], [f"{reference_name}, mean ± sd"], loc="outside lower center")
    return figure


def difference_violins(groups: Groups, units: Mapping[str, str]) -> Figure:
    """A panel per quantity: measured minus true in each group, around the line of no difference.

    groups: name -> quantity -> one difference per femur. units: quantity -> unit, the panels.
    """
    figure, axes = sheet(1, len(units), width=0.8 + 2.8 * len(units), height=3.6)
    for axis, (quantity, unit) in zip(axes[0], units.items(), strict=True):
        axis.axhline(0, color=INK, linewidth=1)
        _columns(axis, {n: np.asarray(g.get(quantity, ()), float) for n, g in groups.items()})
        axis.set_title(f"{name_of(quantity)}: found − true", fontsize=10)
        axis.set_ylabel(unit)
    return figure


def _columns(axis: Any, values: Mapping[str, np.ndarray]) -> None:
    """One column a group: violin, points, mean."""
    for place, (group, colour) in enumerate(zip(values, _colours(len(values)), strict=True)):
        column = values[group][np.isfinite(values[group])]
        if len(column) >= LEAST_FOR_VIOLIN and np.ptp(column) > 0:
            body = axis.violinplot(column, [place], widths=0.75, showextrema=False)["bodies"][0]
            body.set(facecolor=colour, edgecolor=colour, alpha=0.25)
        if len(column):
            x = place + beside(len(column))
            axis.scatter(x, column, s=20, color=colour, edgecolors="white", linewidths=0.5)
            axis.hlines(column.mean(), place - 0.28, place + 0.28, color=INK, linewidth=1.8)
    names = [f"{name}\nn = {np.isfinite(column).sum()}" for name, column in values.items()]
    axis.set_xticks(range(len(values)), names, fontsize=9)
    axis.set_xlim(-0.6, len(values) - 0.4)
    tidy(axis)


def _colours(count: int) -> list[str]:
    return [GROUPS[k % len(GROUPS)] for k in range(count)]
