"""Numbers, figures and the page, from whatever of the experiment is there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.paper.ablation import ABLATIONS, ablation, naming, over_seeds
from benchmarks.paper.charts import Named, budget_chart, curves, study_charts
from benchmarks.paper.cohort import BUDGET, SPLITS
from benchmarks.paper.drawings import portraits, write_figure
from benchmarks.paper.numbers import whole_numbers
from benchmarks.paper.page import page
from benchmarks.paper.plan import ABLATION, BUDGETS, missing, rows_of
from benchmarks.paper.scale import scale
from benchmarks.paper.score import BRIEF, Row
from benchmarks.paper.trainings import FOLDS, FULL, NETWORKS, budget_runs, without
from benchmarks.paper.verdicts import verdicts

SPLITS_SCORED = ("validation", "unseen")
DIGITS = 5
All = dict[str, list[Row] | None]


def publish(runs: Path, out: Path, *, full: bool) -> None:
    """Write results.json, the figures and README.md; nothing that was not run gets a number."""
    out.mkdir(parents=True, exist_ok=True)
    networks = {n: {s: rows_of(runs, n, s) for s in SPLITS_SCORED} for n in NETWORKS}
    unseen = {n: rows_of(runs, n, "unseen") for n in (*ABLATION, *BUDGETS)}
    folds = {without(f): rows_of(runs, without(f), "train") for f in FOLDS}
    results = collect(networks, unseen, folds)
    results |= {"scale": scale(runs, full=full), "missing": missing(runs)}
    for old in out.glob("*.png"):
        old.unlink()
    figures = []
    for name, figure in drawn(runs, networks, results):
        write_figure(figure, out / f"{name}.png")
        figures.append(name)
        print(f"figure: {name}.png", flush=True)
    everything = {**{f"{n}, {s}": r for n, t in networks.items() for s, r in t.items()}}
    everything |= {f"{n}, unseen": r for n, r in unseen.items()} | folds
    write_json(results, {n: r for n, r in everything.items() if r}, out / "results.json")
    (out / "README.md").write_text(page(results, figures, full=full))
    print(f"page: {out / 'README.md'}, {len(results['missing'])} runs not complete", flush=True)


def collect(networks: dict[str, All], unseen: All, folds: All) -> dict[str, Any]:
    """Every number of the page; None where a run is not there."""
    told = {
        n: {s: whole_numbers(rows) if rows else None for s, rows in t.items()}
        for n, t in networks.items()
    }
    left_out = [row for rows in folds.values() for row in rows or []]
    ablations = {count: ablation(unseen, naming(count)) for count in ABLATIONS}
    return {
        "networks": told,
        "leave_one_out": {
            "folds": sum(bool(rows) for rows in folds.values()),
            "numbers": whole_numbers(left_out) if left_out else None,
        },
        "ablation": ablations,
        "budget": budget(unseen),
        "verdicts": verdicts(told, ablations),
    }


def budget(unseen: All) -> dict[int, dict[str, Any]]:
    """Annotated patients -> arm that is trained on so many -> planned: seeds; metric -> over_seeds.

    The ends of the curve are the two ablations.
    """
    out: dict[int, dict[str, Any]] = {}
    for count in (*BUDGET, SPLITS["train"]):
        planned = Counter(arm for arm, _ in budget_runs(count))
        out[count] = {
            arm: {
                "planned": seeds,
                **{m: over_seeds(unseen, naming(count), arm, m) for m in BRIEF},
            }
            for arm, seeds in planned.items()
        }
    return out


def drawn(runs: Path, networks: dict[str, All], results: dict[str, Any]) -> Iterator[Named]:
    """Every figure that there are numbers for."""
    yield from portraits(runs)
    yield from study_charts(networks)
    upper = {m: told[FULL] for m, told in results["ablation"][SPLITS["train"]][""].items()}
    charts = {"budget": budget_chart(results["budget"], upper)}
    charts |= {f"curves_{n}": curves(results["scale"]["runs"], naming(n)) for n in ABLATIONS}
    yield from ((name, figure) for name, figure in charts.items() if figure)


def write_json(results: dict[str, Any], rows: dict[str, list[Row]], file: Path) -> None:
    """All numbers, the rows of every femur one a line, in DIGITS significant digits."""
    head = json.dumps(_rounded(results), indent=1, allow_nan=False)
    parts = []
    for name, found in rows.items():
        lines = ",\n".join("   " + json.dumps(_rounded(row), allow_nan=False) for row in found)
        parts.append(f"  {json.dumps(name)}: [\n{lines}\n  ]")
    body = ",\n".join(parts)
    file.write_text(head.rstrip()[:-2] + f',\n "rows": {{\n{body}\n }}\n}}\n')


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list | tuple) else value
