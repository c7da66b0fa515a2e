"""What a person sees: progress on a terminal, tables, and the one JSON line for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any


def say(text: str) -> None:
    """One message for the person at the keyboard, on stderr."""
    print(text, file=sys.stderr, flush=True)


def last_line(content: Mapping[str, Any]) -> None:
    """One JSON object on the last line of stdout."""
    print(json.dumps(content, ensure_ascii=False, default=str), flush=True)


@contextmanager
def progress(total: int, *, quiet: bool = False) -> Iterator[Callable[[str], None] | None]:
    """A bar over `total` steps with the time left on a terminal, a line a step when piped.

    Yields what to call with each step's name as it begins; None if quiet.
    """
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield say
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("start", total=total + 1)

        def next_step(name: str) -> None:
            bar.update(task, advance=1, description=f"{name:<24}")

        yield next_step


@contextmanager
def counted(total: int, *, quiet: bool = False) -> Iterator[Callable[[str, int], None]]:
    """A bar over `total` things with the time left on a terminal, a line a thing when piped.

    Yields what to call with what has ended, and how many have.
    """
    if quiet or not sys.stderr.isatty():
        start = time.monotonic()
        first: list[int] = []

        def line(text: str, count: int) -> None:
            first[:1] = first[:1] or [count - 1]
            each = (time.monotonic() - start) / (count - first[0])
            left = str(timedelta(seconds=round(each * (total - count))))
            if not quiet:
                say(f"{text} ({count} of {total}, {left} left)")

        yield line
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(bar_width=28), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("start", total=total)
        yield lambda text, count: bar.update(task, completed=count, description=text)


def say_warnings(
    warnings: Sequence[str],
    femurs: Sequence[Mapping[str, Any]],
    *,
    severe: Collection[str] = (),
) -> None:
    """What to know of an output, on stderr: a check that fails, or what is severe, is a warning;
    all else is a note.

    femurs: measurements, of which remarks() makes the warnings.
    """
    from femurkit.report.build import remarks

    failed = {text for femur in femurs for text in remarks(femur)}
    failed |= set(severe)
    for warning in warnings:
        say(f"{'warning' if warning in failed else 'note'}: {warning}")


SHOWN = {
    "side": "side", "verdict": "verdict", "volume_ml": "volume ml",
    "surface_area_mm2": "surface mm²", "hollow_volume_ml": "hollow ml",
    "visible_length_mm": "length mm", "head_radius_mm": "head radius mm",
}  # fmt: skip


def femur_table(measurements: Sequence[Mapping[str, Any]]) -> None:
    """The main measurements of each femur, how many checks hold, and why one is not accepted."""
    rows = []
    for femur in measurements:
        passed = [check["passed"] for check in femur["checks"]]
        row = {shown: femur[name] for name, shown in SHOWN.items() if name in femur}
        rows.append({**row, "checks hold": f"{sum(passed)} of {len(passed)}"})
    table(rows)
    for femur in measurements:
        if reasons := femur.get("verdict_reasons"):
            print(f"{femur['side']}, {femur['verdict']}: {' '.join(reasons)}")


SCORES = {
    "case": "case", "side": "side", "dsc": "DSC", "assd_mm": "ASSD mm", "hd95_mm": "HD95 mm",
    "volume_ml": "mask volume ml", "truth_volume_ml": "true mask ml",
    "volume_error_percent": "volume error %", "area_error_percent": "area error %",
}  # fmt: skip


def score_table(rows: Sequence[Mapping[str, Any]], *, title: str | None = None) -> None:
    """The main scores of each femur against its truth."""
    table(
        [{shown: row[name] for name, shown in SCORES.items() if name in row} for row in rows],
        title=title,
    )


REGION_SCORES = {
    "dsc": "DSC", "assd_mm": "ASSD mm", "hd95_mm": "HD95 mm", "volume_ml": "mask volume ml",
    "truth_volume_ml": "true mask ml",
}  # fmt: skip


def region_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """The scores of each region of each femur; why there are none, where the truth has no head."""
    lines = []
    for row in rows:
        who = {name: row[name] for name in ("case", "side") if name in row}
        if row.get("no_regions"):
            lines.append({**who, "region": f"none: {row['no_regions']}"})
            continue
        for region in (key.removesuffix("_dsc") for key in row if key.endswith("_dsc")):
            cells = {shown: row[f"{region}_{name}"] for name, shown in REGION_SCORES.items()}
            lines.append({**who, "region": region.replace("_", " "), **cells})
    table(lines)


def table(rows: Sequence[Mapping[str, Any]], *, title: str | None = None) -> None:
    """Rows as an aligned table on stdout; small numbers to three decimals, others to one."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for name in columns:
        numeric = any(isinstance(row.get(name), int | float) for row in rows)
        # Headings break at their spaces, numbers never.
        width = max(len(_text(row.get(name))) for row in rows) if numeric else None
        out.add_column(name, justify="right" if numeric else "left", min_width=width)
    for row in rows:
        out.add_row(*(_text(row.get(name)) for name in columns))
    # When piped there is no window: as wide as the table needs, so that no line is cut.
    Console(width=None if sys.stdout.isatty() else 200, markup=False).print(out)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value)
