"""`femurkit evaluate`: a mask against the truth."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from femurkit.cli.screen import last_line, region_table, score_table

FIGURE_DPI = 110


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
    ct: Annotated[
        Path | None,
        typer.Option(
            "--ct",
            help="The scan, or a folder of them: finds the joint gap, and is drawn.",
            show_default=False,
        ),
    ] = None,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Draw them.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier DIR.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Compare masks with the truth, femur by femur and by region: overlap, distances, volume, area.

    DIR gets metrics.csv, metrics.json, summary.json and figures/. Volumes are those of the masks'
    voxels; reconstruct and mesh tell those of their surfaces, which are smoothed.
    """
    from femurkit.evaluation.compare import comparisons, write_rows
    from femurkit.output import SCORES, whole_or_nothing

    rows: list[dict[str, Any]] = []
    with whole_or_nothing(out, overwrite=overwrite, kind=SCORES, source=pred) as folder:
        for one in comparisons(pred, truth, ct=ct):
            rows += one.rows
            if figures:
                from femurkit.evaluation.gallery import patient_figures

                _save(patient_figures(one), folder / "figures")
        write_rows(rows, folder)
        if figures:
            from femurkit.evaluation.gallery import study_figures

            _save(study_figures(rows), folder / "figures")
    score_table(rows)
    region_table(rows)
    print(f"Scores and figures: {out}")
    if as_json:
        last_line({"ok": True, "out": str(out), "femurs": rows})


def _save(figures: Iterable[tuple[str, Any]], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, figure in figures:
        figure.savefig(folder / f"{name}.png", dpi=FIGURE_DPI)
