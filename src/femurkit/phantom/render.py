"""Scan an anatomy: HU on a grid, slab by slab, so that memory stays near the size of the result."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from femurkit.geometry import Grid, resample
from femurkit.phantom.anatomy import Anatomy
from femurkit.phantom.distance import Depth, cut_short, depth_below
from femurkit.phantom.part import lay_part
from femurkit.phantom.scanner import THIN_MM, Scanner, add_noise, add_table, blur
from femurkit.phantom.shapes import Bone
from femurkit.phantom.streaks import streaks
from femurkit.phantom.tissue import lay, mix

THREADS = 2
"""Slabs at work at once; each has its own stream of chance, so their order does not matter."""
SLAB_MM = 40.0
BRIGHT_HU = 2500
"""Metal attenuates ten times as much as the scale can show: what its error takes away does not
bring it back into the scale.
"""


def depths(anatomy: Anatomy, grid: Grid, *, lattice_mm: float) -> list[tuple[Bone, Depth]]:
    """Depth below each bone that the grid meets."""
    out = []
    for bone in anatomy.bones:
        depth = depth_below(bone.mesh, grid, margin_mm=2.5 * lattice_mm, spacing_mm=lattice_mm)
        if depth is not None:
            out.append((bone, cut_short(depth, bone.cuts)))
    return out


def scan(
    anatomy: Anatomy,
    scanner: Scanner,
    grid: Grid,
    rng: np.random.Generator,
    *,
    bones: list[tuple[Bone, Depth]],
) -> np.ndarray:
    """HU int16 (z, y, x) on a grid along the LPS axes whose spacing is the scanner's."""
    fold = max(1, int(np.ceil(grid.spacing_mm[0] / THIN_MM)))
    per_slab = max(4, int(SLAB_MM / grid.spacing_mm[0]))
    paints = [
        mix(bone, depth, anatomy.bone_hu, scanner=scanner, seed=anatomy.seed + number)
        for number, (bone, depth) in enumerate(bones)
    ]
    error = _metal_error(anatomy, grid, rng)
    starts = range(0, grid.shape[0], per_slab)
    out = np.empty(grid.shape, np.int16)

    def slab(start: int, chance: np.random.Generator) -> None:
        stop = min(start + per_slab, grid.shape[0])
        thin = _folded(grid.crop((start, 0, 0), (stop, *grid.shape[1:])), fold)
        hu = anatomy.soft.hu(thin)
        for paint in paints:
            lay(hu, thin, paint)
        for part in anatomy.parts:
            lay_part(hu, thin, part)
        if scanner.table:
            add_table(hu, thin, top_mm=anatomy.skin_back_mm, with_rods=scanner.rods)
        seen = blur(hu, scanner, fold)
        add_noise(seen, scanner, chance)
        if error is not None:
            here = grid.crop((start, 0, 0), (stop, *grid.shape[1:]))
            streak = resample(*error, here, outside=0.0)
            seen += np.where(seen > BRIGHT_HU, np.maximum(streak, 0), streak)
        out[start:stop] = np.clip(np.rint(seen), -1024, anatomy.top_hu)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(slab, starts, rng.spawn(len(starts))))
    return out


def _metal_error(
    anatomy: Anatomy, grid: Grid, rng: np.random.Generator
) -> tuple[np.ndarray, Grid] | None:
    """What metal adds to a scan, on a lattice over the grid; None without metal."""
    metal = [(part.solid, part.metal) for part in anatomy.parts if part.metal]
    if not metal or anatomy.beam is None:
        return None
    return streaks(metal, grid, anatomy.beam, rng.spawn(1)[0])


def _folded(grid: Grid, fold: int) -> Grid:
    """The same extent with slices `fold` times as thin."""
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world([(1 / fold - 1) / 2, 0, 0])
    affine[:3, 0] /= fold
    return Grid((grid.shape[0] * fold, *grid.shape[1:]), affine)
