"""`femurkit mesh`: any mask in, surfaces and measurements out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from femurkit.cli.options import (
    ALSO,
    EDGE,
    PASS_BAND,
    PASSES,
    SPACE,
    WITHIN,
    surface_options,
)
from femurkit.cli.screen import femur_table, last_line, progress, say_warnings


def command(
    mask: Annotated[
        Path,
        typer.Argument(
            metavar="MASK",
            help="Mask as NIfTI, NRRD, MetaImage or DICOM SEG: 1 left and 2 right, or one femur.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to make.", show_default=False)],
    ct: Annotated[
        Path | None, typer.Option(help="The CT of this mask: adds the hollow bone.")
    ] = None,
    formats: ALSO = None,
    space: SPACE = "LPS",
    edge_mm: EDGE = None,
    within_mm: WITHIN = None,
    passes: PASSES = None,
    pass_band: PASS_BAND = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier DIR.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Turn a mask into surfaces and measurements."""
    from femurkit.output import MESHED, refuse_if_taken

    refuse_if_taken(out, overwrite=overwrite, kind=MESHED, source=mask)
    surfaces = surface_options(formats, space, edge_mm, within_mm, passes, pass_band)
    with progress(4) as listener:
        from femurkit.meshing import mesh_mask

        result = mesh_mask(
            mask, out, ct=ct, overwrite=overwrite,
            surfaces=surfaces, progress=listener,
        )  # fmt: skip
    say_warnings(result.warnings, result.measurements)
    femur_table(result.measurements)
    print(f"Surfaces and measurements: {out}")
    if as_json:
        last_line(
            {
                "ok": True,
                "out": str(out),
                "femurs": result.measurements,
                "warnings": result.warnings,
            }
        )
