"""`femurkit report`: many outputs on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from femurkit.cli.screen import last_line


def command(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder that holds outputs of reconstruct.",
            exists=True,
            file_okay=False,
            show_default=False,
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Put many outputs on one page: DIR/overview.html, those to look at first.

    A table to sort, distributions, and a link to each report. Run it again when there are more.
    """
    from femurkit.report.overview import overview_of
    from femurkit.report.render import render_overview

    overview = overview_of(folder)
    page = folder / "overview.html"
    page.write_text(render_overview(overview), encoding="utf-8")
    print(f"Overview: {page}")
    if as_json:
        last_line(
            {
                "ok": True,
                "page": str(page),
                "femurs": len(overview.lines),
                "verdicts": overview.counts,
                "unreadable": overview.failed,
            }
        )
