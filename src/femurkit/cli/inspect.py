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
    """Check a CT, list its series and look for its hips; writes nothing.

    Exit code 3 or 4 where reconstruct would refuse.
    """
    from femurkit.inspection import inspect

    told = inspect(series, series_uid=series_uid, gaps=gaps)
    if told.why:
        print(told.why)
    if told.series:
        print("Usable series, for --series:")
    for one in told.series:
        print(f"  {one.uid}: {one.description}, {one.slices} slices, {one.length_mm:g} mm")
    table([{"": row.verdict, "check": row.code, "claim": row.claim} for row in told.rows])
    for row in told.rows:
        if row.verdict in ("note", "warning"):
            print(f"{row.code}: {row.found} {row.remedy}".strip())
    if told.refused is not None:
        raise told.refused
    if as_json:
        last_line(
            {
                "ok": True, "why": told.why, "series": [asdict(one) for one in told.series],
                "checks": [asdict(row) for row in told.rows],
            }
        )  # fmt: skip
