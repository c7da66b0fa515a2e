"""Pictures of one unseen femur, and figures written small enough for a repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from benchmarks.paper.charts import Named
from benchmarks.paper.names import NETWORK_NAMES
from benchmarks.paper.portrait import SIDE, portrait, sitter
from benchmarks.paper.score import read_scan
from benchmarks.paper.trainings import NETWORKS
from femurkit.evaluation.figures import four_views, overlay_triplets, slice_area_bars
from femurkit.evaluation.levels import slice_areas_cm2, slice_levels_mm
from femurkit.mesh import read_stl

DPI = 110
MOST_BYTES = 300_000


def portraits(runs: Path) -> Iterator[Named]:
    """Slices, slice areas and surfaces of the sitter's left femur, for each network there is."""
    made = {name: p for name in NETWORKS if (p := portrait(runs, name))}
    if not made:
        return
    scan = read_scan(sitter(), runs / "cohort")
    truth = scan.truth(SIDE)
    who = f"{sitter().name}, {SIDE.value} femur"
    levels, true = slice_levels_mm(scan.grid), slice_areas_cm2(truth.array, scan.grid)
    for name, seen in made.items():
        short = name.removesuffix("-1")
        title = f"{NETWORK_NAMES[name]}: {who}"
        figure = overlay_triplets(scan.volume, truth, seen.mask)
        figure.suptitle(title, fontsize=10)
        yield f"slices_{short}", figure
        areas = slice_areas_cm2(seen.mask.array, scan.grid)
        yield f"slice_areas_{short}", slice_area_bars(levels, true, areas, title=title)
        exact = read_stl(scan.home / f"{SIDE.value}.stl")
        meshes = {"exact": exact, NETWORK_NAMES[name]: seen.solid}
        yield f"views_{short}", four_views(meshes, below={NETWORK_NAMES[name]: seen.hollow})


def write_figure(figure: Figure, file: Path) -> None:
    """PNG of at most MOST_BYTES: with fewer colours if it must be, then with fewer pixels."""
    dpi = DPI
    figure.savefig(file, dpi=dpi, pil_kwargs={"optimize": True})
    while file.stat().st_size > MOST_BYTES:
        with Image.open(file) as image:
            few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(file, optimize=True)
        if file.stat().st_size > MOST_BYTES:
            dpi = round(0.85 * dpi)
            figure.savefig(file, dpi=dpi, pil_kwargs={"optimize": True})
