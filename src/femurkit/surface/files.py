"""Where the surfaces of a run go, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from femurkit.mesh import Mesh, read_stl, stl_bytes
from femurkit.meshfiles import RAS, Format, Space, write_mesh
from femurkit.solid import Plane, flat_faces
from femurkit.surface.cortex import Cortex
from femurkit.surface.quality import quality
from femurkit.surface.remesh import evened, fewest, hausdorff_mm
from femurkit.surface.smooth import RIDGES, Smoothing, Surface


@dataclass(frozen=True)
class SurfaceOptions:
    """How surfaces are written. formats: all of them, STL among them; space: the files' axes.

    passes, pass_band: of the smoothing, where it is not to be what the field needs.
    edge_mm: length of the triangles' edges, near equilateral, for finite elements. within_mm: as
    few triangles as stay this close to the full surface. With neither, the full surface.
    Raises ValueError if both are given, or a length that no femur can have.
    """

    formats: Sequence[Format] = ("stl",)
    space: Space = "LPS"
    edge_mm: float | None = None
    within_mm: float | None = None
    passes: int | None = None
    pass_band: float | None = None

    def smoothing(self, needed: Smoothing) -> Smoothing:
        """What was asked for, and where nothing was, what is needed."""
        return Smoothing(
            needed.passes if self.passes is None else self.passes,
            needed.pass_band if self.pass_band is None else self.pass_band,
        )

    def told(self) -> dict[str, str]:
        """The same in words, for the record of a run."""
        triangles = "as found"
        if self.edge_mm is not None:
            triangles = f"edges of {self.edge_mm:g} mm"
        elif self.within_mm is not None:
            triangles = f"fewest within {self.within_mm:g} mm"
        asked = [f"{self.passes} passes"] if self.passes is not None else []
        asked += [f"pass band {self.pass_band:g}"] if self.pass_band is not None else []
        return {
            "formats": " ".join(self.formats), "space": self.space, "triangles": triangles,
            "smoothing": ", ".join(asked) or "as needed",
        }  # fmt: skip

    def __post_init__(self) -> None:
        if "stl" not in self.formats:
            raise ValueError("STL is always one of the formats")
        if self.edge_mm is not None and self.within_mm is not None:
            raise ValueError("triangles are either of one size or as few as may be, not both")
        if self.edge_mm is not None and not 0.5 <= self.edge_mm <= 5:
            raise ValueError("edges are 0.5 to 5 mm long")
        if self.within_mm is not None and not 0.01 <= self.within_mm <= 1:
            raise ValueError("fewer triangles stay within 0.01 to 1 mm")
        self.smoothing(RIDGES)


AS_FOUND = SurfaceOptions()


@dataclass(frozen=True)
class SurfaceFiles:
    """A folder, how surfaces are written into it, and the planes at which the scan cut the bone."""

    folder: Path
    options: SurfaceOptions = AS_FOUND
    planes: Sequence[Plane] = ()

    def within(self, name: str) -> SurfaceFiles:
        """The same in a folder of this one, which is made."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return replace(self, folder=folder)

    def write(self, surface: Surface, name: str) -> dict[str, Any]:
        """One surface in every format; what to know of its triangles, ready for JSON.

        smoothing: what was done to the contour, and what of its volume and area that changed;
        away_mm: greatest distance between what was written and the full surface, if they differ.
        """
        mesh = surface.mesh
        made = self._made(mesh)
        cut = flat_faces(made, self.planes)
        for kind in self.options.formats:
            place = self.folder / f"{name}.{kind}"
            write_mesh(made, place, space=self.options.space, cells={"cut": cut})
        told: dict[str, Any] = {k: _rounded(value) for k, value in asdict(quality(made)).items()}
        told["smoothing"] = {
            **asdict(surface.smoothing),
            "volume_percent": _rounded(100 * surface.volume_change),
            "area_percent": _rounded(100 * surface.area_change),
        }
        return told if made is mesh else {**told, "away_mm": _rounded(hausdorff_mm(made, mesh))}

    def stl(self, name: str) -> bytes:
        """A surface as it was written, as binary STL in LPS mm whatever the axes of the files."""
        path = self.folder / f"{name}.stl"
        if self.options.space == "LPS":
            return path.read_bytes()
        return stl_bytes(read_stl(path).transformed(RAS))

    def write_cortex(self, outline: Mesh, found: Cortex | str) -> None:
        """cortex.vtp: the outline with its cortical thickness, if that could be told."""
        if isinstance(found, Cortex):
            write_mesh(
                outline, self.folder / "cortex.vtp", space=self.options.space,
                scalars={"cortical_thickness_mm": found.thickness_mm},
                cells={"cut": flat_faces(outline, self.planes)},
            )  # fmt: skip

    def _made(self, mesh: Mesh) -> Mesh:
        if self.options.edge_mm is not None:
            return evened(mesh, self.options.edge_mm, self.planes)
        return mesh if self.options.within_mm is None else fewest(mesh, self.options.within_mm)


def _rounded(value: float) -> float:
    return value if isinstance(value, bool | int) else round(float(np.float64(value)), 3)
