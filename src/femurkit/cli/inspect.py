"""`femurkit inspect`: what there is to say of a CT, without segmenting it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from femurkit.cli.options import GAPS, SERIES
from femurkit.cli.screen import last_line, table


def command(
    series: SERIES,
    series_uid: Annotated[
        str | None,
        typer.Option("--series", metavar="UID", help="Look at this series, not the one chosen."),
    ] = None,
    gaps: GAPS = "refuse",
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Check a CT and look for its hips; writes nothing.

    Exit code 3 or 4 where reconstruct would refuse.
    """
    from femurkit.inspection import inspect

    told = inspect(series, series_uid=series_uid, gaps=gaps)
    if told.why:
        print(told.why)
    table([
        {"": row.verdict, "check": row.code, "claim": row.claim,
         "found": f"{row.found} {row.remedy}".strip()}
        for row in told.rows
    ])  # fmt: skip
    if told.refused is not None:
        raise told.refused
    if as_json:
        last_line({"ok": True, "why": told.why, "checks": [asdict(row) for row in told.rows]})
