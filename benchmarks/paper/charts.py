"""Charts over all femora: spread, volumes, areas, the label budget, the training curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.paper.ablation import Naming
from benchmarks.paper.names import ARM_NAMES, NETWORK_NAMES, SHORT_NAMES, SPLIT_NAMES
from benchmarks.paper.numbers import QUANTITIES, measured
from benchmarks.paper.score import Row
from benchmarks.paper.trainings import ARMS, BUDGET_ARMS, FULL, PAPER, SEEDS
from femurkit.evaluation.figures import difference_violins, paired_bars, violins_with_points
from femurkit.evaluation.figures.style import GROUPS, INK, sheet, tidy
from femurkit.evaluation.figures.style import PAPER as GREY
from femurkit.evaluation.paper import UNSEEN, VALIDATED

Rows = Mapping[str, Mapping[str, list[Row] | None]]
"""Network, split: its rows or None."""
BANDS = {"validation": VALIDATED, "unseen": UNSEEN}
COLOURS = {arm: (*GROUPS, INK)[k] for k, arm in enumerate((*ARMS, FULL))}
Named = tuple[str, Figure]


def study_charts(rows: Rows) -> Iterator[Named]:
    """Everything of the networks of Table 1, as far as it was run."""
    for split, band in BANDS.items():
        there = {SHORT_NAMES[n]: r[split] for n, r in rows.items() if r.get(split)}
        if not there:
            continue
        name = SPLIT_NAMES[split]
        scores = {n: {m: [row[m] for row in r] for m in band} for n, r in there.items()}
        reference = f"the paper, {name}"
        yield (
            f"scores_{name}",
            violins_with_points(scores, list(band), references=band, reference_name=reference),
        )
        wrong = {n: {q: differences(r, q) for q in QUANTITIES} for n, r in there.items()}
        units = {q: unit for q, (_, _, unit) in QUANTITIES.items()}
        yield f"differences_{name}", difference_violins(wrong, units)
    for name, found in rows.items():
        yield from bars(name, found)


def differences(rows: list[Row], quantity: str) -> list[float]:
    """Found minus exact, of each femur."""
    found, exact = measured(rows, quantity)
    return np.subtract(found, exact).tolist()


def bars(name: str, found: Mapping[str, list[Row] | None]) -> Iterator[Named]:
    """Volumes and areas of one network beside the exact ones, validated and unseen apart."""
    rows = [row for split in BANDS for row in found.get(split) or []]
    if not rows:
        return
    labels = [f"{row['patient']} {row['side'][0].upper()}" for row in rows]
    groups = [SPLIT_NAMES[row["split"]] for row in rows]
    for quantity, (_, _, unit) in QUANTITIES.items():
        figure = paired_bars(
            *measured(rows, quantity), labels, unit, quantity=quantity, groups=groups
        )
        figure.suptitle(NETWORK_NAMES[name], fontsize=10, x=0.02, ha="left")
        yield f"{quantity}s_{name.removesuffix('-1')}", figure


def curves(runs: Mapping[str, Any], name: Naming) -> Figure | None:
    """Validation DSC after each epoch: a colour an arm, a line a seed, the paper's dashed."""
    figure, axes = sheet(1, 1, width=7.0, height=4.2)
    axis, drawn = axes[0, 0], []
    for arm in (*ARMS, FULL):
        for seed in SEEDS:
            curve = runs[name(arm, seed)]["val_dsc"]
            if curve:
                label = ARM_NAMES[arm] if not any(arm == a for a, _ in drawn) else None
                epochs = np.arange(1, len(curve) + 1)
                axis.plot(epochs, curve, color=COLOURS[arm], linewidth=1.3, alpha=0.8, label=label)
                drawn.append((arm, curve))
    curve = runs[PAPER]["val_dsc"]
    if curve:
        epochs = np.arange(1, len(curve) + 1)
        axis.plot(epochs, curve, color=GREY, linestyle="--", linewidth=1.5, label="paper recipe")
        drawn.append((PAPER, curve))
    if not drawn:
        return None
    ends = [line[-1] for _, line in drawn]
    axis.set_ylim(max(0.0, 2 * min(ends) - max(ends) - 0.06), min(1.0, max(ends) + 0.01))
    axis.set_xlabel("epoch")
    axis.set_ylabel("validation DSC")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(frameon=False, loc="lower right")
    tidy(axis)
    return figure


def budget_chart(
    budget: Mapping[int, Mapping[str, Any]], upper: Mapping[str, Any]
) -> Figure | None:
    """Unseen DSC and ASSD against annotated patients; dotted: all of them fully labelled.

    Bars: sd over seeds. Arms trained on one and eight patients alone are points without a line.
    budget: patients -> arm -> metric -> mean, sd, n over seeds; upper: metric -> the same.
    """
    metrics = {"dsc": "DSC, unseen patients", "assd_mm": "ASSD, unseen patients, mm"}
    figure, axes = sheet(1, 2, width=9.0, height=3.8)
    drawn = False
    for axis, (metric, label) in zip(axes[0], metrics.items(), strict=True):
        for place, arm in enumerate(ARMS):
            told = {n: t[arm][metric] for n, t in budget.items() if arm in t}
            there = {n: t for n, t in told.items() if "mean" in t}
            if there:
                axis.errorbar(
                    [n * 1.03 ** (place - 1.5) for n in there],
                    [t["mean"] for t in there.values()],
                    [t["sd"] or 0.0 for t in there.values()],
                    fmt="o-" if arm in BUDGET_ARMS else "s",
                    markersize=4,
                    capsize=2,
                    linewidth=1.3,
                    color=COLOURS[arm],
                    label=ARM_NAMES[arm],
                )
                drawn = True
        if "mean" in upper[metric]:
            axis.axhline(upper[metric]["mean"], color=INK, linestyle=":", label=ARM_NAMES[FULL])
        axis.set_xscale("log", base=2)
        axis.set_xticks(list(budget), [str(n) for n in budget])
        axis.minorticks_off()
        axis.set_xlabel("annotated training patients, of 8 scanned")
        axis.set_ylabel(label)
        tidy(axis)
    if not drawn:
        return None
    axes[0, 0].legend(frameon=False)
    return figure
