"""`femurkit demo`: a synthetic patient, two femurs, and how far they are from the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from femurkit.cli.screen import last_line, progress, say, table

SEED = 2024
SPACING_MM = (1.5, 0.9, 0.9)
"""Fine enough to be fair, coarse enough for seconds."""


def command(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to make.")] = Path(
        "femurkit-demo"
    ),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier DIR.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Make a synthetic patient, reconstruct its femurs, compare them with the truth."""
    from femurkit.output import refuse_if_taken, whole_or_nothing

    refuse_if_taken(out, overwrite=overwrite, marker="P001")
    with (
        progress(18) as listener,
        whole_or_nothing(out, overwrite=overwrite, marker="P001") as folder,
    ):
        rows, warnings = _demo(folder, listener)
    for warning in warnings:
        say(f"note: {warning}")
    table(rows, title="Against the phantom's exact truth")
    print(f"Report: {out}/reconstruction/report.html")
    if as_json:
        last_line({"ok": True, "out": str(out), "femurs": rows})


def _demo(folder: Path, listener: Any) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Phantom, reconstruction and scores inside `folder`; one row a femur."""
    from femurkit.evaluation.compare import compare
    from femurkit.phantom import make_patient, write_patient
    from femurkit.pipeline import reconstruct

    if listener:
        listener("phantom")
    write_patient(make_patient(SEED, spacing_mm=SPACING_MM), folder / "P001", format="dicom")
    result = reconstruct(folder / "P001" / "ct", folder / "reconstruction", progress=listener)
    if listener:
        listener("compare")
    scores = compare(folder / "reconstruction", folder / "P001" / "truth" / "mask.nii.gz")
    truth = json.loads((folder / "P001" / "truth" / "truth.json").read_text(encoding="utf-8"))
    measured = {row["side"]: row for row in result.measurements}
    rows = []
    for score in scores:
        side = score["side"]
        volume, true_volume = measured[side]["volume_ml"], truth[side]["volume_ml"]
        rows.append(
            {
                "side": side,
                "DSC": score["dsc"],
                "ASSD mm": score["assd_mm"],
                "HD95 mm": score["hd95_mm"],
                "volume ml": volume,
                "true ml": true_volume,
                "error %": 100 * (volume / true_volume - 1),
            }
        )
    return rows, result.warnings
