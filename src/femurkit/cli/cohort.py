"""`femurkit cohort`: every scan of a table, on this machine or on a cluster."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from femurkit.cli.extras import require
from femurkit.cli.screen import counted, last_line, say, table
from femurkit.errors import FemurkitError, NoStudyDone, StudiesFailed

if TYPE_CHECKING:
    from femurkit.cohort.work import Ended


def command(
    manifest: Annotated[
        Path,
        typer.Argument(
            metavar="MANIFEST",
            help="CSV with the columns study (a plain name) and ct (a path, from the table's "
            "folder); others are left alone.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for all results.")
    ] = Path("cohort"),
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="A Dask scheduler, such as tcp://10.0.0.1:8786; else processes of this machine.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Studies at once on this machine; else as cores and free memory allow.",
            show_default=False,
        ),
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try those again that were refused earlier.")
    ] = False,
    side: Annotated[
        Literal["both", "left", "right"], typer.Option(help="Femurs wanted.", case_sensitive=False)
    ] = "both",
    gaps: Annotated[
        Literal["refuse", "resample"], typer.Option(help="Missing or uneven slices of a series.")
    ] = "refuse",
    anonymize: Annotated[
        bool, typer.Option("--anonymize", help="De-identify all that is written.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no tables.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Reconstruct every scan of a table: DIR/studies/STUDY, one table, one page.

    One study that fails never stops the rest. The same command goes on where it was stopped; a
    study that has ended is not done again.

    Examples:
        femurkit cohort scans.csv -o cohort

        femurkit cohort scans.csv -o cohort --workers 4

        femurkit cohort scans.csv -o /shared/cohort --scheduler tcp://10.0.0.1:8786

    DIR/cohort.csv and cohort.parquet have a row a femur, failures.csv a row a study without one
    (its ct left out with --anonymize), overview.html shows those to look at first.

    Exit code 0 if at least one study is done, 3 if all were refused, 1 if some failed by a fault
    of ours and none is done.

    """
    require("cohort", needed_by="femurkit cohort")
    from femurkit.cohort.run import run_cohort
    from femurkit.cohort.studies import read_studies

    studies = read_studies(manifest)
    options = {"side": side, "gaps": gaps, "anonymize": anonymize}
    start = time.monotonic()
    with counted(len(studies), quiet=quiet) as step:

        def told(ended: Ended, count: int, total: int) -> None:
            step(f"{ended.study}: {ended.state}{' ' * bool(ended.code)}{ended.code}", count)

        cohort = run_cohort(
            studies, out, scheduler=scheduler, workers=workers, retry=retry, options=options,
            told=told,
        )  # fmt: skip
    counts: Counter[str] = Counter(str(each.state) for each in cohort.ended)
    page = _overview(out) if counts["done"] else None
    if not quiet:
        table([{"study": e.study, "code": e.code, "why": e.message} for e in cohort.without])
        word = "study" if len(studies) == 1 else "studies"
        say(f"{counts['done']} of {len(studies)} {word} done; {len(cohort.tried)} tried this time.")
        print(f"Overview: {page}" if page else f"Why none: {out}/failures.csv")
    if page is None:
        raise _none_done(counts)
    if as_json:
        last_line(
            {
                "ok": True, "out": str(out), "studies": len(studies), **counts,
                "now": len(cohort.tried), "seconds": round(time.monotonic() - start, 1),
            }
        )  # fmt: skip


def _none_done(counts: Counter[str]) -> FemurkitError:
    """What a cohort without any result ends with."""
    if counts["failed"]:
        return StudiesFailed(
            f"no study is done: {counts['failed']} failed by a fault of femurkit, "
            f"{counts['refused']} refused. failures.csv says where."
        )
    return NoStudyDone(
        f"{counts['refused']} of {counts['refused']} studies refused",
        expected="at least one that can be used",
        remedy="failures.csv says why; mended, pass --retry.",
    )


def _overview(out: Path) -> Path:
    from femurkit.report.overview import overview_of
    from femurkit.report.render import render_overview

    page = out / "overview.html"
    page.write_text(render_overview(overview_of(out)), encoding="utf-8")
    return page
