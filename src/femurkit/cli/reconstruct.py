"""`femurkit reconstruct`: a CT series in, two femurs out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from femurkit.cli.extras import require
from femurkit.cli.options import (
    ALSO,
    EDGE,
    GAPS,
    PASS_BAND,
    PASSES,
    SERIES,
    SPACE,
    WITHIN,
    surface_options,
)
from femurkit.cli.screen import femur_table, last_line, progress, say_warnings
from femurkit.memory import keep_freed
from femurkit.threads import one_for_algebra

STEPS = {"both": 18, "left": 11, "right": 11}
"""Steps of the pipeline, for the length of the bar."""


def command(
    series: SERIES,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to make.", show_default=False)],
    side: Annotated[
        Literal["both", "left", "right"], typer.Option(help="Which femur.", case_sensitive=False)
    ] = "both",
    recipe: Annotated[
        Literal["default", "paper"], typer.Option(help="Which network and hollow bone.")
    ] = "default",
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.onnx", help="Segment with this network, from femurkit train, instead."
        ),
    ] = None,
    outline: Annotated[
        Literal["edge", "network"] | None,
        typer.Option(
            help="Bring the outline to the edges the CT shows, or leave it as the network draws "
            "it. Not said: edge for the shipped default network, network for any other.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "openvino"],
        typer.Option(help="What runs the network; auto takes the fastest that is installed."),
    ] = "auto",
    series_uid: Annotated[
        str | None,
        typer.Option("--series", metavar="UID", help="Read this series, not the one chosen."),
    ] = None,
    gaps: GAPS = "refuse",
    anonymize: Annotated[
        bool,
        typer.Option(
            "--anonymize",
            help="De-identify all that is written, by DICOM's basic profile; new UIDs each run.",
        ),
    ] = False,
    slices: Annotated[
        Literal["touched", "all"],
        typer.Option(help="Segmented CT: the slices that the femur touches, or all."),
    ] = "touched",
    uncertainty: Annotated[
        bool,
        typer.Option("--uncertainty", help="Also write where the network doubts, per voxel."),
    ] = False,
    formats: ALSO = None,
    space: SPACE = "LPS",
    edge_mm: EDGE = None,
    within_mm: WITHIN = None,
    passes: PASSES = None,
    pass_band: PASS_BAND = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 4 and write nothing if a side that was asked for is missing.",
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier OUT.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Say only what is wrong: no steps, no table.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Turn a hip CT into femurs: masks, segmented DICOM, surfaces, measurements, report.

    The input is never changed. OUT appears whole or not at all.

    Examples:
        femurkit reconstruct hip_ct/ -o out

        femurkit reconstruct export.zip -o out --side left --anonymize

        femurkit reconstruct ct.nii.gz -o out --also ply --within-mm 0.05

    Then open out/report.html. Many outputs on one page: femurkit report DIR.

    """
    one_for_algebra()
    keep_freed()
    if device == "cuda":
        _require_cuda()
    if device == "openvino":
        require("openvino", needed_by="--device openvino")
    from femurkit.output import FEMURS, refuse_if_taken

    refuse_if_taken(out, overwrite=overwrite, kind=FEMURS, source=series)
    surfaces = surface_options(formats, space, edge_mm, within_mm, passes, pass_band)
    with progress(STEPS[side], quiet=quiet) as listener:
        from femurkit.pipeline import reconstruct

        result = reconstruct(
            series, out,
            side=side, recipe=recipe, weights=weights, outline=outline, device=device,
            overwrite=overwrite, series_uid=series_uid, gaps=gaps, anonymize=anonymize,
            slices=slices, uncertainty=uncertainty, strict=strict,
            surfaces=surfaces, progress=listener,
        )  # fmt: skip
    say_warnings(result.warnings, result.measurements, severe=result.severe)
    if not quiet:
        femur_table(result.measurements)
        print(f"Report: {out}/report.html")
    if as_json:
        last_line(
            {
                "ok": True,
                "out": str(out),
                "femurs": result.measurements,
                "missing": [
                    {"side": m.side.value, "expected": m.expected, "reason": m.reason}
                    for m in result.missing
                ],
                "warnings": result.warnings,
                "seconds": result.seconds,
            }
        )


def _require_cuda() -> None:
    """Usage error where there is no CUDA: running on the CPU would not be what was asked."""
    from femurkit.segment.engines import devices

    if "cuda" not in devices():
        raise typer.BadParameter(
            "no CUDA here; install onnxruntime-gpu or use 'auto'", param_hint="'--device'"
        )
