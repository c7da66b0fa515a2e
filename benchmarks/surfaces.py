"""Masks to surfaces, against the surfaces that were voxelised, beside other ways and programs.

`python -m benchmarks.surfaces` (`make bench`) writes docs/results/surfaces.md and .json. Cases:
three femurs of libhip, somebody else's real shapes (../shared/data; left out where it is absent),
and phantoms; each cut at the end of its scan, at 1 mm and 1 x 1 x 3 mm, the mask alone given.
Seconds are of one core, the median of the cases; dicom2stl's include starting Python and reading.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from femurkit.anatomy import Side
from femurkit.evaluation.distance import mesh_distance
from femurkit.geometry import Grid
from femurkit.images import write_mask
from femurkit.mesh import Mesh, read_stl
from femurkit.phantom.anatomy import draw_anatomy
from femurkit.solid import cut, faces, voxelise
from femurkit.surface.contour import contour, genus, largest_part
from femurkit.surface.crossings import self_intersections
from femurkit.surface.paper import paper_surface
from femurkit.surface.periosteal import outline_of
from femurkit.surface.smooth import Smoothing, smooth
from femurkit.volume import Field, Mask, Volume

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared/data/libhip/femora.zip"
SEED, PHANTOMS = 77003, 4
SPACINGS = ((1.0, 1.0, 1.0), (3.0, 1.0, 1.0))
SHOWN_MM = 80.0
"""Of a libhip femur, from its top: their own lower ends are cut askew."""
BELOW_MM = 60.0
"""Of a phantom, below the lesser trochanter."""
BONE_HU, AIR_HU = 500, -1000
LIMITS = {"1 mm": (0.05, 0.2, 0.5), "3 mm": (0.10, 0.3, 1.0)}
"""What ours is to reach: ASSD mm, volume %, area %."""

Way = Callable[[Mask], Mesh]


def ours(mask: Mask) -> Mesh:
    """At the default settings of `femurkit mesh`."""
    return outline_of(mask)


def plain(mask: Mask) -> Mesh:
    """Contour of the binary mask, 40 windowed-sinc passes at 0.05."""
    field = Field(mask.array.astype(np.float32), mask.grid)
    smoothed = smooth(largest_part(contour(field)), Smoothing(40, 0.05)).mesh
    return largest_part(cut(smoothed, faces(mask.grid)))


def paper(mask: Mask) -> Mesh:
    """The paper's steps on a bone of one HU."""
    hu = np.where(mask.array, BONE_HU, AIR_HU).astype(np.int16)
    return largest_part(cut(paper_surface(Volume(hu, mask.grid), mask).mesh, faces(mask.grid)))


def dicom2stl(mask: Mask) -> Mesh:
    """The program's own default steps on the mask as an image."""
    with tempfile.TemporaryDirectory() as folder:
        image, stl = Path(folder) / "mask.nii.gz", Path(folder) / "out.stl"
        write_mask(mask.array.view(np.uint8), mask.grid, image)
        program = Path(sys.executable).with_name("dicom2stl")
        subprocess.run(
            [program, "-i", "0.5", "--disable", "rotation", "-o", stl, image],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        return largest_part(read_stl(stl))


WAYS: dict[str, Way] = {
    "femurkit mesh": ours, "plain contour, sinc 40 x 0.05": plain,
    "the paper's steps": paper, "dicom2stl": dicom2stl,
}  # fmt: skip


def bones() -> Iterator[tuple[str, Mesh, float]]:
    """Name, whole surface, LPS z at which the scan ends."""
    if DATA.exists():
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(DATA) as archive:
            archive.extractall(folder)
            for path in sorted(Path(folder).glob("*.stl")):
                mesh = read_stl(path)
                yield f"libhip {path.stem[:4]}", mesh, float(mesh.vertices[:, 2].max()) - SHOWN_MM
    for number in range(PHANTOMS):
        femurs = draw_anatomy(np.random.default_rng([SEED, number])).femurs
        bone = femurs[Side.LEFT if number % 2 else Side.RIGHT]
        assert bone.frame is not None
        yield f"phantom {number}", bone.mesh, float(bone.frame.trochanter[2]) - BELOW_MM


def scan_of(mesh: Mesh, end_mm: float, spacing: tuple[float, float, float]) -> Grid:
    """A grid around a bone whose lower face is where the scan ends."""
    part = mesh.vertices[mesh.vertices[:, 2] > end_mm]
    low, high = part.min(0) - [12.3, 11.6, 0], part.max(0) + 12
    shape = np.ceil((high - [*low[:2], end_mm])[::-1] / spacing).astype(int)
    return Grid.aligned(tuple(shape), spacing, [*low[:2], end_mm + spacing[0] / 2])


def measured(way: Way, mask: Mask, truth: Mesh) -> dict[str, Any]:
    """One surface against the truth."""
    start = time.perf_counter()
    mesh = way(mask)
    seconds = time.perf_counter() - start
    distance = mesh_distance(mesh, truth)
    return {
        "assd_mm": distance.assd_mm, "hd95_mm": distance.hd95_mm,
        "volume_error_percent": 100 * (mesh.volume_mm3 / truth.volume_mm3 - 1),
        "area_error_percent": 100 * (mesh.area_mm2 / truth.area_mm2 - 1),
        "closed": mesh.is_watertight, "genus": genus(mesh) if mesh.is_watertight else None,
        "crossings": self_intersections(mesh), "faces": len(mesh.faces), "seconds": seconds,
    }  # fmt: skip


def main() -> None:
    rows = []
    for name, mesh, end in bones():
        for spacing in SPACINGS:
            grid = scan_of(mesh, end, spacing)
            mask, truth = Mask(voxelise(mesh, grid), grid), cut(mesh, faces(grid))
            for way, make in WAYS.items():
                row = {"case": name, "slices": f"{spacing[0]:.0f} mm", "way": way}
                rows.append({**row, **measured(make, mask, truth)})
                print(rows[-1], flush=True)
    out = ROOT / "docs/results"
    (out / "surfaces.json").write_text(json.dumps(rows, indent=1) + "\n")
    (out / "surfaces.md").write_text("\n".join(page(rows)) + "\n")


def page(rows: list[dict[str, Any]]) -> list[str]:
    """Tables: each way over all cases, and ours case by case against what it is to reach."""
    out = [
        "# Masks to surfaces", "",
        "Generated by `python -m benchmarks.surfaces`; do not edit. A surface is voxelised, the "
        "mask alone is given to each way, and what comes back is held against the surface. Mean "
        f"(worst) of {len({r['case'] for r in rows})} femurs: libhip, somebody else's real shapes, "
        f"and phantoms (seed {SEED}).", "",
    ]  # fmt: skip
    for slices in LIMITS:
        here = [r for r in rows if r["slices"] == slices]
        out += [
            f"## {slices} slices", "",
            "| way | ASSD mm | HD95 mm | volume % | area % | closed, genus 0, no crossings | s |",
            "|---|---:|---:|---:|---:|---:|---:|",
        ]  # fmt: skip
        for way in WAYS:
            mine = [r for r in here if r["way"] == way]
            cells = [_mean(mine, key, digits) for key, digits in (
                ("assd_mm", 3), ("hd95_mm", 2), ("volume_error_percent", 2),
                ("area_error_percent", 2),
            )]  # fmt: skip
            sound = sum(r["closed"] and r["genus"] == 0 and not r["crossings"] for r in mine)
            seconds = np.median([r["seconds"] for r in mine])
            out.append(f"| {way} | {' | '.join(cells)} | {sound} of {len(mine)} | {seconds:.1f} |")
        limit = LIMITS[slices]
        out += [
            "", f"femurkit, case by case (to reach: ASSD {limit[0]} mm, volume {limit[1]} %, area "
            f"{limit[2]} %):", "", "| case | ASSD mm | volume % | area % | reached |",
            "|---|---:|---:|---:|---:|",
        ]  # fmt: skip
        for r in (r for r in here if r["way"] == "femurkit mesh"):
            found = (r["assd_mm"], r["volume_error_percent"], r["area_error_percent"])
            good = all(abs(f) <= most for f, most in zip(found, limit, strict=True))
            out.append(
                f"| {r['case']} | {found[0]:.4f} | {found[1]:+.3f} | {found[2]:+.3f} | "
                f"{'yes' if good else '**no**'} |"
            )
        out.append("")
    return out


def _mean(rows: list[dict[str, Any]], key: str, digits: int) -> str:
    values = np.array([r[key] for r in rows])
    worst = values[np.abs(values).argmax()]
    sign = "" if key.endswith("_mm") else "+"
    return f"{values.mean():{sign}.{digits}f} ({worst:{sign}.{digits}f})"


if __name__ == "__main__":
    main()
