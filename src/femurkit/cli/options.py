"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from femurkit.cli.extras import require

if TYPE_CHECKING:
    from femurkit.meshfiles import Format, Space
    from femurkit.surface.files import SurfaceOptions


SERIES = Annotated[
    Path,
    typer.Argument(
        metavar="SERIES",
        help="Folder (searched), zip, or NIfTI/NRRD/MetaImage file in HU.",
        show_default=False,
    ),
]


GAPS = Annotated[
    Literal["refuse", "resample"],
    typer.Option(
        help="Missing or uneven slices: refuse, or interpolate at even steps (6 mm apart at most)."
    ),
]


class Also(StrEnum):
    """Formats of surfaces beside STL."""

    ply = "ply"
    obj = "obj"
    vtp = "vtp"
    threemf = "3mf"
    glb = "glb"


ALSO = Annotated[
    list[Also] | None,
    typer.Option(
        "--also",
        metavar="FORMAT",
        help="Write the surfaces as ply, obj, vtp, 3mf or glb too; may be given again.",
    ),
]
SPACE = Annotated[
    Literal["LPS", "RAS"],
    typer.Option(help="Axes of the surfaces: DICOM's, which 3D Slicer takes too, or NIfTI's."),
]


EDGE = Annotated[
    float | None,
    typer.Option(
        metavar="MM",
        help="Triangles of one size, with edges of 0.5 to 5 mm: for finite elements. Needs the "
        "extra fe.",
    ),
]
WITHIN = Annotated[
    float | None,
    typer.Option(
        metavar="MM", help="As few triangles as stay within 0.01 to 1 mm of the full surface."
    ),
]


PASSES = Annotated[
    int | None,
    typer.Option(
        "--smooth-passes",
        metavar="N",
        help="Windowed-sinc passes over the surfaces; not said, what the outline needs.",
    ),
]
PASS_BAND = Annotated[
    float | None, typer.Option(metavar="X", help="Their pass band, 0 to 2: lower is smoother.")
]


def surface_options(
    also: Sequence[Also] | None,
    space: Space,
    edge_mm: float | None,
    within_mm: float | None,
    passes: int | None,
    pass_band: float | None,
) -> SurfaceOptions:
    """What these options ask for; STL is always written. A usage error if they cannot be."""
    from femurkit.surface.files import SurfaceOptions

    if edge_mm is not None:
        require("fe", needed_by="--edge-mm")
    formats: tuple[Format, ...] = ("stl", *dict.fromkeys(one.value for one in also or ()))
    try:
        return SurfaceOptions(formats, space, edge_mm, within_mm, passes, pass_band)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
