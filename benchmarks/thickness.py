"""Cortical thickness against that of phantoms, beside a threshold.

`python -m benchmarks.thickness` writes docs/results/thickness.md, .json and .png. Femurs of
phantoms are scanned with a point spread of 0.8 mm (full width, and sigma: softer than most
kernels); the exact outline is given. The threshold measures along the same normals, from where the
profile rises through half of this scan's compact bone to where it falls below it again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib
import numpy as np
from scipy.spatial import cKDTree

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.mesh import Mesh, vertex_normals
from femurkit.phantom.anatomy import draw_anatomy
from femurkit.phantom.render import depths, scan
from femurkit.phantom.scanner import Scanner
from femurkit.phantom.shapes import Bone
from femurkit.solid import cut, faces
from femurkit.surface.cortex import Cortex, cortex
from femurkit.surface.profile import hu_below
from femurkit.volume import Volume

matplotlib.use("Agg")
from matplotlib import pyplot

ROOT = Path(__file__).parent.parent
SEED, PHANTOMS = 77004, 4
SPACINGS = ((1.0, 0.8, 0.8), (3.0, 0.9, 0.9))
POINT_SPREADS = {"0.8 mm wide": 0.8 / 2.355, "0.8 mm sigma": 0.8}
CLASSES = ((0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 9.0))
AWAY_MM = 6.0
"""So near the cut end nothing is scored."""
OUT_MM, IN_MM, STEP_MM = 4.0, 14.0, 0.1


def scanned(
    number: int, spacing: tuple[float, float, float], psf_mm: float
) -> tuple[Bone, Mesh, Volume]:
    """A femur, its exact outline as far as the scan goes, and the scan."""
    anatomy = draw_anatomy(np.random.default_rng([SEED, number]))
    bone = anatomy.femurs[Side.LEFT]
    frame = bone.frame
    assert frame is not None
    low = np.array([*(frame.head[:2] - [45, 70]), frame.trochanter[2] - 60])
    high = frame.head + [105, 80, 40]
    grid = Grid.aligned(tuple(np.ceil((high - low)[::-1] / spacing).astype(int)), spacing, low)
    scanner = Scanner(spacing, psf_mm=psf_mm, noise_hu=15.0, table=False)
    rng = np.random.default_rng([SEED, number, 1])
    hu = scan(anatomy, scanner, grid, rng, bones=depths(anatomy, grid, lattice_mm=1.0))
    return bone, cut(bone.mesh, faces(grid)), Volume(hu, grid)


def by_threshold(outline: Mesh, volume: Volume, cortical_hu: float) -> np.ndarray:
    """Length of the bright stretch below each vertex, mm; NaN where nothing is bright."""
    depth = np.arange(-OUT_MM, IN_MM, STEP_MM)
    seen = hu_below(outline.vertices, vertex_normals(outline), depth, volume)
    bright = np.nan_to_num(seen, nan=-1000) > cortical_hu / 2
    near = (depth > -2) & (depth < 3)
    begin = np.where(near, bright, False).argmax(1)
    after = ~bright & (np.arange(len(depth)) > begin[:, None])
    end = np.where(after.any(1), after.argmax(1), len(depth))
    found = (end - begin) * STEP_MM
    return np.where((bright & near).any(1), found, np.nan)


def main() -> None:
    out, rows = ROOT / "docs/results", []
    for blur, psf_mm in POINT_SPREADS.items():
        for spacing in SPACINGS:
            for number in range(PHANTOMS):
                bone, outline, volume = scanned(number, spacing, psf_mm)
                found = cortex(outline, volume)
                case = {"point_spread": blur, "slices_mm": spacing[0], "phantom": number}
                print(case, flush=True)
                if not isinstance(found, Cortex):
                    rows.append({**case, "true_mm": None, "missing": found})
                    continue
                true = bone.thickness_mm[cKDTree(bone.mesh.vertices).query(outline.vertices)[1]]
                inner = outline.vertices[:, 2] > outline.vertices[:, 2].min() + AWAY_MM
                plain = by_threshold(outline, volume, found.cortical_hu)
                rows += [{**case, **row} for row in scored(true, found.thickness_mm, plain, inner)]
                if number == 0 and spacing == SPACINGS[0]:
                    picture(outline, true, found.thickness_mm, plain, out / "thickness.png")
    (out / "thickness.json").write_text(json.dumps(rows, indent=1) + "\n")
    (out / "thickness.md").write_text("\n".join(page(rows)) + "\n")


def scored(
    true: np.ndarray, fitted: np.ndarray, plain: np.ndarray, inner: np.ndarray
) -> list[dict[str, Any]]:
    """Of both ways, in each class of true thickness: places, bias and mean absolute error."""
    rows = []
    for low, high in CLASSES:
        here = inner & (true >= low) & (true < high)
        row: dict[str, Any] = {"true_mm": [low, high], "places": int(here.sum())}
        for way, values in (("fitted", fitted), ("threshold", plain)):
            error = (values - true)[here & np.isfinite(values)]
            row[way] = {
                "share_measured": float(np.isfinite(values[here]).mean()),
                "bias_mm": float(error.mean()) if error.size else None,
                "mean_absolute_mm": float(np.abs(error).mean()) if error.size else None,
            }
        rows.append(row)
    return rows


def page(rows: list[dict[str, Any]]) -> list[str]:
    """A table for each point spread and slice thickness, means over the phantoms."""
    lines = [
        "# Cortical thickness", "",
        "Generated by `python -m benchmarks.thickness`; do not edit. Scans of "
        f"{PHANTOMS} phantoms' femurs (seed {SEED}, 15 HU of noise at 1 mm), the exact outline "
        "given. Fitted: a blurred layer, as in cortex.vtp. Threshold: the stretch above half of "
        "compact bone. Bias and mean absolute error in mm, and the share of places where a way "
        "finds anything.", "",
    ]  # fmt: skip
    for blur in POINT_SPREADS:
        for spacing in SPACINGS:
            lines += [
                f"## Point spread {blur}, slices {spacing[0]:.0f} mm", "",
                "| true mm | places | fitted: bias | abs | share | threshold: bias | abs | share |",
                "|---|---:|---:|---:|---:|---:|---:|---:|",
            ]  # fmt: skip
            for low, high in CLASSES:
                mine = [
                    r for r in rows
                    if r["point_spread"] == blur and r["slices_mm"] == spacing[0]
                    and r["true_mm"] == [low, high]
                ]  # fmt: skip
                cells = [f"{low:.0f} to {high:.0f}", str(sum(r["places"] for r in mine))]
                for way in ("fitted", "threshold"):
                    cells += [
                        _mean(mine, way, "bias_mm", "+.2f"),
                        _mean(mine, way, "mean_absolute_mm", ".2f"),
                        _mean(mine, way, "share_measured", ".2f"),
                    ]
                lines.append("| " + " | ".join(cells) + " |")
            lines.append("")
            lines += [
                f"Phantom {r['phantom']}: not measurable, {r['missing']}.\n"
                for r in rows
                if r["point_spread"] == blur and r["slices_mm"] == spacing[0] and "missing" in r
            ]
    return [*lines, "![true, fitted and by threshold](thickness.png)"]


def _mean(rows: list[dict[str, Any]], way: str, key: str, form: str) -> str:
    """Over the phantoms, weighted by their places."""
    known = [(r[way][key], r["places"]) for r in rows if r[way][key] is not None and r["places"]]
    if not known:
        return ""
    values, weights = np.array(known).T
    return f"{np.average(values, weights=weights):{form}}"


def picture(
    outline: Mesh, true: np.ndarray, fitted: np.ndarray, plain: np.ndarray, place: Path
) -> None:
    """The three maps on the outline, from the front and from the back."""
    figure, axes = pyplot.subplots(2, 3, figsize=(10, 9))
    normals = vertex_normals(outline)
    maps = (("true", true), ("fitted", fitted), ("threshold", plain))
    for row, sign in zip(axes, (-1, 1), strict=True):
        facing = normals[:, 1] * sign > 0
        for ax, (name, values) in zip(row, maps, strict=True):
            x, _, z = outline.vertices[facing].T
            shown = ax.scatter(x * -sign, z, c=values[facing], s=3, cmap="viridis", vmin=0, vmax=7)
            ax.set_title(f"{name}, {'front' if sign < 0 else 'back'}", fontsize=9)
            ax.set_aspect("equal")
            ax.set_axis_off()
    figure.colorbar(shown, ax=axes, label="cortical thickness mm", shrink=0.6)
    figure.savefig(place, dpi=70, bbox_inches="tight")
    pyplot.close(figure)


if __name__ == "__main__":
    main()
