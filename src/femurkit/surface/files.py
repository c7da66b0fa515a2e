"""Where the surfaces of a run go, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from femurkit.mesh import Mesh
from femurkit.meshfiles import Format, Space, write_mesh
from femurkit.surface.cortex import Cortex


@dataclass(frozen=True)
class SurfaceFiles:
    """A folder, the formats that every surface is written in, and whose axes they have."""

    folder: Path
    formats: Sequence[Format] = ("stl",)
    space: Space = "LPS"

    def within(self, name: str) -> SurfaceFiles:
        """The same in a folder of this one, which is made."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return replace(self, folder=folder)

    def write(self, mesh: Mesh, name: str) -> None:
        """One surface in every format."""
        for kind in self.formats:
            write_mesh(mesh, self.folder / f"{name}.{kind}", space=self.space)

    def write_cortex(self, outline: Mesh, found: Cortex | str) -> None:
        """cortex.vtp: the outline with its cortical thickness, if that could be told."""
        if isinstance(found, Cortex):
            scalars = {"cortical_thickness_mm": found.thickness_mm}
            write_mesh(outline, self.folder / "cortex.vtp", space=self.space, scalars=scalars)
