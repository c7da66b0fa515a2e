"""`femurkit phantom`: synthetic patients with exact truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from femurkit.cli.screen import last_line, progress
from femurkit.output import Kind

KIND = Kind("P001/truth/truth.json", ("P[0-9]*",))


def command(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to make.", show_default=False)],
    patients: Annotated[int, typer.Option(min=1, max=999, help="How many.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 0,
    spacing: Annotated[
        str | None,
        typer.Option(metavar="Z,Y,X", help="Voxel size in mm; drawn by chance if not given."),
    ] = None,
    form: Annotated[
        Literal["dicom", "nifti"], typer.Option("--format", help="How to write the CT.")
    ] = "dicom",
    tissue_maps: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Folder of label maps: real muscles and skin."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="An unusual patient: 'total hip', 'neck' (a fracture), 'child' ..."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier DIR.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Make synthetic hip CTs of known shape: CT, masks, surfaces and numbers, per patient."""
    spacing_mm = parse_spacing(spacing)
    from femurkit.output import whole_or_nothing
    from femurkit.phantom.hard import SHARES
    from femurkit.phantom.patient import make_patient
    from femurkit.phantom.write import write_patient

    if kind is not None and kind not in SHARES:
        raise typer.BadParameter(f"--kind is one of: {', '.join(SHARES)}")
    names = {number: f"P{number:03d}" for number in range(1, patients + 1)}
    with (
        whole_or_nothing(out, overwrite=overwrite, kind=KIND) as folder,
        progress(patients) as step,
    ):
        for number, name in names.items():
            if step:
                step(f"{name} of {patients}")
            patient = make_patient(
                seed, number=number, spacing_mm=spacing_mm, tissue_maps=tissue_maps, kind=kind
            )
            write_patient(patient, folder / name, format=form)
    print(f"CT and truth of each patient: {out}")
    if as_json:
        last_line({"ok": True, "out": str(out), "patients": list(names.values())})


def parse_spacing(text: str | None) -> tuple[float, float, float] | None:
    """`Z,Y,X` in mm as numbers; usage error if it is anything else."""
    if text is None:
        return None
    try:
        z, y, x = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter("three numbers in mm, as 1.5,0.9,0.9") from None
    if not (0.2 <= z <= 10 and all(0.68 <= value <= 10 for value in (y, x))):
        raise typer.BadParameter("z between 0.2 and 10 mm, y and x between 0.68 and 10 mm")
    return z, y, x
