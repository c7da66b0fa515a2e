"""`femurkit dataset`: annotated scans checked, listed, and prepared for training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from femurkit.cli.screen import last_line, progress, say, table

if TYPE_CHECKING:
    from femurkit.dataset.manifest import Manifest
    from femurkit.dataset.survey import Row


def command(
    manifest: Annotated[
        Path | None,
        typer.Argument(
            metavar="MANIFEST.csv",
            help="Columns patient, study, ct, labels, annotated, split.",
            show_default=False,
        ),
    ] = None,
    prepare: Annotated[
        Path | None,
        typer.Option(metavar="CACHE", help="Cut the hips for training into this folder."),
    ] = None,
    spacing: Annotated[
        float, typer.Option(min=0.3, max=8, metavar="MM", help="Voxel edge of prepared hips.")
    ] = 1.5,
    box: Annotated[
        Literal["hip", "half"],
        typer.Option(help="What is cut out: each hip, or its half of the body (paper recipe)."),
    ] = "hip",
    folder: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Make a manifest from a folder of patients."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The manifest to make, with --from.")
    ] = None,
    validation: Annotated[int, typer.Option(min=0, help="Patients to draw, with --from.")] = 0,
    unseen: Annotated[int, typer.Option(min=0, help="Patients to draw, with --from.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same draw.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace -o.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Check annotated scans before training, or make the table that lists them."""
    if (manifest is None) == (folder is None):
        raise typer.BadParameter("give either MANIFEST.csv or --from FOLDER -o MANIFEST.csv")
    if (folder is None) != (out is None):
        raise typer.BadParameter("--from and -o go together")
    if folder is not None and out is not None:
        if prepare:
            raise typer.BadParameter("make the manifest first, look at it, then --prepare")
        content = _collect(folder, out, validation, unseen, seed, overwrite)
    else:
        assert manifest is not None
        content = _check(manifest, prepare, spacing, box)
    if as_json:
        last_line({"ok": True, **content})


def _collect(
    folder: Path, out: Path, validation: int, unseen: int, seed: int, overwrite: bool
) -> dict[str, Any]:
    from femurkit.dataset.collect import collect
    from femurkit.dataset.manifest import write_manifest
    from femurkit.errors import OutputExists

    if out.is_dir() or (out.exists() and not overwrite):
        raise OutputExists(
            f"{out.name} exists already",
            expected="a new file",
            remedy="Choose another -o, or pass --overwrite.",
        )
    made = collect(folder, validation=validation, unseen=unseen, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_manifest(made, out)
    rows = [
        {"study": s.study, "split": s.split, "ct": s.ct.name, "annotated": s.annotated or "no"}
        for s in made.studies
    ]
    table(rows)
    print(f"Manifest: {out}")
    return {"out": str(out), "studies": rows}


def _check(
    path: Path, prepare: Path | None, spacing: float, box: Literal["hip", "half"]
) -> dict[str, Any]:
    """Survey a manifest and prepare it if asked; the first refusal is raised after all is told."""
    from femurkit.dataset.manifest import read_manifest
    from femurkit.dataset.survey import survey

    manifest = read_manifest(path)
    with progress(len(manifest.studies)) as listener:
        rows = list(survey(manifest, listener=listener))
    _show(rows)
    refusals = [row.refusal for row in rows if row.refusal]
    for refusal in refusals[1:]:
        say(f"{refusal.code}: {refusal}")
    if refusals:
        raise refusals[0]
    content: dict[str, Any] = {"studies": [row.record() for row in rows]}
    if prepare:
        content["prepared"] = _prepare(manifest, prepare, spacing, box)
    return content


def _prepare(
    manifest: Manifest, cache: Path, spacing: float, box: Literal["hip", "half"]
) -> list[dict[str, Any]]:
    from femurkit.dataset.prepare import prepared

    with progress(len(manifest.studies)) as listener:
        hips = prepared(manifest, cache, spacing_mm=spacing, box=box, listener=listener)
    labelled = sum(hip.labelled for hip in hips)
    print(f"{cache}: {len(hips)} hips, {labelled} of them annotated")
    return [
        {"file": h.path.name, "study": h.study, "side": h.side.value, "labelled": h.labelled}
        for h in hips
    ]


def _show(rows: Sequence[Row]) -> None:
    table(
        [
            {
                "study": row.study.study,
                "split": row.study.split,
                "slices": row.slices or None,
                "annotated": row.annotated if row.slices else None,
                "labels ml": ", ".join(
                    f"{side.value} {ml:.0f}" for side, ml in (row.labels_ml or {}).items()
                ),
                "hips": " ".join(side.value for side in row.hips),
                "notes": row.refusal.code if row.refusal else "; ".join(row.notes),
            }
            for row in rows
        ]
    )
