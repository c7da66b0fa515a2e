"""`femurkit demo`: a synthetic patient, two femurs, and how far they are from the truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from femurkit.cli.screen import last_line, progress, say_warnings, score_table
from femurkit.output import Kind

if TYPE_CHECKING:
    from femurkit.result import Result

KIND = Kind("reconstruction/run.json", ("P001", "reconstruction"))
SEED = 2020
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

    refuse_if_taken(out, overwrite=overwrite, kind=KIND)
    with (
        progress(18) as listener,
        whole_or_nothing(out, overwrite=overwrite, kind=KIND) as folder,
    ):
        rows, done = _demo(folder, listener)
    say_warnings(done.warnings, done.measurements, severe=done.severe)
    score_table(rows, title="Against the phantom's exact truth")
    print(f"Report: {out}/reconstruction/report.html")
    if as_json:
        last_line({"ok": True, "out": str(out), "femurs": rows})


def _demo(
    folder: Path, listener: Callable[[str], None] | None
) -> tuple[list[dict[str, Any]], Result]:
    """Phantom, reconstruction and scores inside `folder`: one row a femur, and the result."""
    from femurkit.evaluation.compare import compare
    from femurkit.phantom.patient import make_patient
    from femurkit.phantom.write import write_patient
    from femurkit.pipeline import reconstruct

    say_step = listener or (lambda _: None)
    say_step("phantom")
    patient, result = folder / "P001", folder / "reconstruction"
    write_patient(make_patient(SEED, spacing_mm=SPACING_MM), patient, format="dicom")
    done = reconstruct(patient / "ct", result, progress=listener)
    say_step("compare")
    return compare(result, patient), done
