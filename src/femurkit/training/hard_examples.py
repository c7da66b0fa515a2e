"""Training examples of hard patients: implants, fractures, odd bones, bad scans, and no hip at all.

Files are hard-*.npz, as fine-*.npz, with what was drawn as `kind`. Patient n depends on the seed
and n alone.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.phantom.anatomy import Anatomy, draw_anatomy
from femurkit.phantom.hard import draw_hard
from femurkit.phantom.labelmaps import MappedBody
from femurkit.phantom.scanner import Scanner, draw_scanner
from femurkit.phantom.shoulder_box import draw_shoulder
from femurkit.phantom.soft import DrawnBody
from femurkit.training.config import FINE_MM
from femurkit.training.examples import (
    FINE_SHAPE,
    HEAD_MM,
    SOFT_PSF_MM,
    rendered,
    save,
)

VERSION = 4
"""Raised whenever the same seed would draw other examples."""
NEGATIVE = 0.12
"""Share of boxes in which no hip is."""
NEGATIVES = {
    "shoulder": 0.45, "knee": 0.15, "iliac wing": 0.13, "spine": 0.09, "bowel": 0.08,
    "kidney": 0.10,
}  # fmt: skip


def hard_scanner(rng: np.random.Generator) -> Scanner:
    """A scanner as of fine examples, more often at its limits: low dose, 5 mm slices."""
    scanner = draw_scanner(rng)
    inplane = float(rng.uniform(0.85, 1.25))
    thick = 5.0 if rng.random() < 0.15 else max(scanner.spacing_mm[0], 1.0)
    scanner = replace(scanner, spacing_mm=(thick, inplane, inplane))
    if not scanner.sharpen:
        scanner = replace(scanner, psf_mm=float(rng.uniform(*SOFT_PSF_MM)))
    if rng.random() < 0.25:
        scanner = replace(scanner, noise_hu=float(np.exp(rng.uniform(np.log(45), np.log(220)))))
    if rng.random() < 0.2:
        scanner = replace(scanner, streaks_hu=float(rng.uniform(30, 90)))
    return scanner


def hard_example(
    anatomy: Anatomy, side: Side, centre: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """One box, as of fine_example, around where a head is or might be: ends and sides of the scan
    anywhere, HU scaled and shifted beyond what a scanner does.

    centre: (3,) LPS mm.
    """
    start = np.array(HEAD_MM) + rng.uniform([-22, -22, -34], [22, 22, 34])
    if rng.random() < 0.08:
        start += rng.uniform([-80, -20, -60], [30, 30, 110])
    corner = centre + start * [side.sign, 1, 1]
    box = Grid.aligned(FINE_SHAPE, (FINE_MM,) * 3, corner, mirrored=side is Side.RIGHT)
    scanner = hard_scanner(rng)
    low, high = box.bounds_mm()
    low, high = low - 4, high + 4
    if rng.random() < 0.5:
        low[2] = max(low[2], centre[2] - rng.uniform(20, 170))
    if rng.random() < 0.2:
        high[2] = min(high[2], centre[2] + rng.uniform(-22, 45))
    if rng.random() < 0.2:
        low[:2] += rng.uniform(0, 55, 2)
        high[:2] -= rng.uniform(0, 55, 2)
    shape = np.maximum(np.ceil((high - low)[::-1] / scanner.spacing_mm).astype(int), 8)
    grid = Grid.aligned(tuple(shape), scanner.spacing_mm, low)
    gain, offset = 1.0, 0.0
    if rng.random() < 0.7:
        gain, offset = float(rng.uniform(0.85, 1.15)), float(rng.uniform(-60, 60))
    return rendered(anatomy, scanner, grid, box, rng, gain=gain, offset=offset)


def negative(rng: np.random.Generator, side: Side, kind: str) -> tuple[Anatomy, np.ndarray]:
    """Somebody, and a place (3,) where no hip is: a key of NEGATIVES."""
    if kind == "shoulder":
        return draw_shoulder(rng, side), np.array([*rng.normal(0, 6, 2), rng.normal(0, 8)])
    anatomy = draw_anatomy(rng)
    if kind == "kidney":
        anatomy = _with_kidneys(anatomy, rng)
    return anatomy, _PLACES[kind](anatomy, side, rng)


def _knee(anatomy: Anatomy, side: Side, rng: np.random.Generator) -> np.ndarray:
    femur = anatomy.femurs[side].mesh.vertices
    return np.asarray(femur[femur[:, 2].argmin()] + [0, 0, rng.uniform(10, 70)])


def _wing(anatomy: Anatomy, side: Side, rng: np.random.Generator) -> np.ndarray:
    pelvis = next(b.mesh.vertices for b in anatomy.bones if b.kind == "pelvis")
    wing = pelvis[(pelvis[:, 0] * side.sign > 45) & (pelvis[:, 2] > 70)]
    return np.asarray(wing[int(rng.integers(len(wing)))] + [0, 0, rng.uniform(0, 40)])


def _spine(anatomy: Anatomy, side: Side, rng: np.random.Generator) -> np.ndarray:
    spine = next(b.mesh.vertices for b in anatomy.bones if b.kind == "spine").mean(0)
    return np.asarray(spine + rng.normal(0, 1, 3) * [12, 12, 50])


def _bowel(anatomy: Anatomy, side: Side, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform([-60, -70, 110], [60, -10, 240])


def _kidney(anatomy: Anatomy, side: Side, rng: np.random.Generator) -> np.ndarray:
    return np.array([side.sign * 65.0, 20.0, 230.0]) + rng.normal(0, 8, 3)


_PLACES: dict[str, Callable[[Anatomy, Side, np.random.Generator], np.ndarray]] = {
    "knee": _knee, "iliac wing": _wing, "spine": _spine, "bowel": _bowel, "kidney": _kidney,
}  # fmt: skip


def _with_kidneys(anatomy: Anatomy, rng: np.random.Generator) -> Anatomy:
    soft, hu = anatomy.soft, float(rng.uniform(60, 280))
    assert isinstance(soft, DrawnBody | MappedBody)
    organs = list(soft.organs)
    for sign in (-1.0, 1.0):
        centre = np.array([sign * 65.0, 20.0, 230.0]) + rng.normal(0, 8, 3)
        organs.append((centre, rng.uniform([22, 20, 45], [34, 32, 65]), hu))
        pelvis = centre - [sign * 8, 0, 0]
        organs.append((pelvis, rng.uniform(8, 14, 3), float(rng.uniform(-20, 900))))
    return replace(anatomy, soft=replace(soft, organs=organs))


def make_hard(number: int, seed: int, cache: Path, tissue_maps: Path | None) -> int:
    """Two boxes of patient `number`, unless they are there already."""
    names = {side: cache / f"hard-{number:04d}-{side.value}.npz" for side in Side}
    if all(path.exists() for path in names.values()):
        return number
    rng = np.random.default_rng([seed, number, zlib.crc32(b"hard")])
    streams = dict(zip(Side, rng.spawn(len(Side)), strict=True))
    patient = draw_hard(rng, tissue_maps=tissue_maps)
    for side, name in names.items():
        chance = streams[side]
        if chance.random() < NEGATIVE:
            kind = str(chance.choice(list(NEGATIVES), p=list(NEGATIVES.values())))
            anatomy, centre = negative(chance, side, kind)
        else:
            anatomy, kind = patient.anatomy, patient.kind
            if side not in patient.sides:
                kind = f"beside {kind}"
            frame = anatomy.femurs[side].frame
            assert frame is not None
            centre = frame.head
        arrays = hard_example(anatomy, side, centre, chance)
        save(name, {**arrays, "kind": np.array(kind)})
    return number


def draw_hard_examples(
    cache: Path, patients: int, seed: int, tissue_maps: str | None, *, workers: int = 2
) -> list[Path]:
    """The boxes of so many hard patients, those that are missing drawn on all cores."""
    maps = Path(tissue_maps) if tissue_maps else None
    digest = hashlib.sha256(f"hard {VERSION} {seed}".encode())
    for file in sorted(maps.glob("*.nii.gz")) if maps else []:
        digest.update(file.read_bytes())
    cache = cache / f"hard-{digest.hexdigest()[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(make_hard, n, seed, cache, maps) for n in range(patients)]
        for job in jobs:
            job.result()
    return sorted(p for n in range(patients) for p in cache.glob(f"hard-{n:04d}*.npz"))
