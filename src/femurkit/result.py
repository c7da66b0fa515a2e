"""What `reconstruct` leaves behind, as an object: a small report, with everything at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from femurkit.anatomy import Side
from femurkit.images import read_mask
from femurkit.locate.hip import MissingFemur
from femurkit.mesh import Mesh, read_stl
from femurkit.meshfiles import RAS
from femurkit.volume import Mask

SHOWN = (
    ("volume_ml", "ml"), ("surface_area_mm2", "mm²"), ("head_radius_mm", "mm"),
    ("neck_shaft_angle_deg", "°"), ("femoral_offset_mm", "mm"), ("confidence", ""),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FemurResult:
    """One femur. folder: where its files are; measurements: as in measurements.json; space: LPS or
    RAS, of the surfaces in their files.
    """

    side: Side
    folder: Path
    measurements: Mapping[str, Any]
    space: str = "LPS"

    @property
    def verdict(self) -> str:
        """accept, look or reject; `measurements["verdict_reasons"]` says why."""
        return str(self.measurements["verdict"])

    @cached_property
    def mask(self) -> Mask:
        """Voxels of the femur on the CT's grid."""
        labels, grid = read_mask(self.folder / "mask.nii.gz")
        return Mask(labels > 0, grid)

    @cached_property
    def surface(self) -> Mesh:
        """The periosteal surface as written, LPS mm."""
        return self._read("femur")

    @cached_property
    def hollow(self) -> Mesh:
        """The hollow bone as written, LPS mm."""
        return self._read("femur_hollow")

    def _read(self, name: str) -> Mesh:
        mesh = read_stl(self.folder / f"{name}.stl")
        return mesh.transformed(RAS) if self.space == "RAS" else mesh

    def rows(self) -> list[tuple[str, str]]:
        """The main measurements as name and text."""
        out = [("verdict", self.verdict)]
        for name, unit in SHOWN:
            value = self.measurements.get(name)
            words = name.removesuffix("_" + name.rpartition("_")[2]) if unit else name
            out.append((words.replace("_", " "), "-" if value is None else f"{value:,g} {unit}"))
        return [(name, text.strip()) for name, text in out]


@dataclass(frozen=True)
class Result:
    """What reconstruct() did. measurements: one dict a femur, as in measurements.json."""

    out: Path
    measurements: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    """Of each step; those of left and right run side by side."""
    elapsed: float = 0.0
    """Seconds in all, by the clock on the wall."""
    space: str = "LPS"
    missing: tuple[MissingFemur, ...] = ()
    """Femurs that were asked for and are not there, each with the reason."""
    severe: frozenset[str] = frozenset()
    """Those of `warnings` that may spoil the result; the others explain it."""

    @cached_property
    def femurs(self) -> tuple[FemurResult, ...]:
        """Every femur that was made."""
        return tuple(
            FemurResult(Side(row["side"]), self.out / row["side"], row, self.space)
            for row in self.measurements
        )

    @property
    def left(self) -> FemurResult | None:
        """The left femur, if it was made."""
        return self._of(Side.LEFT)

    @property
    def right(self) -> FemurResult | None:
        """The right femur, if it was made."""
        return self._of(Side.RIGHT)

    @property
    def report(self) -> Path:
        """The page to open in a browser."""
        return self.out / "report.html"

    def _of(self, side: Side) -> FemurResult | None:
        return next((femur for femur in self.femurs if femur.side is side), None)

    def __repr__(self) -> str:
        lines = [f"{len(self.femurs)} femur(s) in {self.elapsed:.1f} s: {self.report}"]
        for femur in self.femurs:
            told = ", ".join(f"{name} {text}" for name, text in femur.rows())
            lines.append(f"  {femur.side.value}: {told}")
        return "\n".join([*lines, *(f"  note: {warning}" for warning in self.warnings)])

    def _repr_html_(self) -> str:
        """For notebooks: a table with a column a femur, and what to know."""
        head = "".join(f"<th>{femur.side.value}</th>" for femur in self.femurs)
        columns = [dict(femur.rows()) for femur in self.femurs]
        body = "".join(
            f"<tr><th>{escape(name)}</th>"
            + "".join(f"<td>{escape(column[name])}</td>" for column in columns)
            + "</tr>"
            for name in (columns[0] if columns else ())
        )
        notes = "".join(f"<li>{escape(warning)}</li>" for warning in self.warnings)
        return f"<table><tr><th></th>{head}</tr>{body}</table><ul>{notes}</ul>"
