"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from femurkit.meshfiles import Format


class Also(StrEnum):
    """Formats of surfaces beside STL."""

    ply = "ply"
    obj = "obj"
    vtp = "vtp"
    threemf = "3mf"
    glb = "glb"


ALSO = Annotated[
    list[Also] | None,
    typer.Option("--also", help="Write the surfaces in this format too; may be given again."),
]
SPACE = Annotated[
    Literal["LPS", "RAS"],
    typer.Option(help="Axes of the surfaces: DICOM's, or those of NIfTI and 3D Slicer's STL."),
]


def with_stl(also: Sequence[Also] | None) -> tuple[Format, ...]:
    """STL is always written."""
    return ("stl", *dict.fromkeys(one.value for one in also or ()))
