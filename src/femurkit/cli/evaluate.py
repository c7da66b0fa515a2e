"""`femurkit evaluate`: a mask against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from femurkit.cli.screen import last_line, score_table


def command(
    pred: Annotated[
        Path,
        typer.Argument(
            metavar="PRED", help="Mask, folder of masks, or OUT of reconstruct.", show_default=False
        ),
    ],
    truth: Annotated[
        Path,
        typer.Argument(
            metavar="TRUTH", help="The true mask, or a folder of them.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to make.", show_default=False)],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier DIR.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Compare masks with the truth, femur by femur: overlap, distances, volume."""
    from femurkit.evaluation.compare import evaluate, write_rows
    from femurkit.output import whole_or_nothing

    with whole_or_nothing(out, overwrite=overwrite, marker="metrics.json", source=pred) as folder:
        rows = evaluate(pred, truth)
        write_rows(rows, folder)
    score_table(rows)
    print(out)
    if as_json:
        last_line({"ok": True, "out": str(out), "femurs": rows})
