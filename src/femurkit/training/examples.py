"""Training examples from phantoms: what the networks see, and what they should say.

Files are fine-*.npz (one hip on the canonical 1.5 mm grid), joint-*.npz (one hip joint as a polar
map, joint_examples.py) and coarse-*.npz (a scan of any part of a trunk at 4 mm, several for each
patient). Patient n depends on the seed and n alone, so a stopped run goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid, resample
from femurkit.phantom.anatomy import Anatomy, draw_anatomy
from femurkit.phantom.coarse_scan import scan_coarsely
from femurkit.phantom.distance import Depth
from femurkit.phantom.hip_bones import draw_hips
from femurkit.phantom.render import depths, scan
from femurkit.phantom.scanner import Scanner, draw_scanner
from femurkit.phantom.shapes import Bone
from femurkit.phantom.trunk import draw_trunk
from femurkit.phantom.views import draw_view
from femurkit.training.config import COARSE_MM, FINE_MM
from femurkit.training.joint_examples import MAPS, SCANS, joint_examples

FINE_SHAPE = (136, 88, 100)
HEAD_MM = (-60.0, -66.0, -158.0)
"""Where a box begins, relative to the head centre: x medial, y anterior, z below (canonical
left)."""
EXAMPLES_VERSION = {"fine": 8, "coarse": 10, "joint": 1}
"""Raised whenever the same seed would draw other examples: phantoms and this module."""
SCANS_PER_PATIENT = 8
"""Coarse scans of one pair of hips, each in another body, another posture and another view."""
SOFT_PSF_MM = (0.5, 1.3)
"""Blur of soft kernels. Edges of real femoral shafts on two scanners measured 0.8-1.2 mm."""
BELOW_TROCHANTER_MM = 25.0
"""Femur above this level counts as proximal for the coarse network."""
BODY_HU, LEAST_BODY, AIR_VOXELS = -200, 0.03, 10
"""Rows of which less than such a share is denser are air, and at most so many of them are kept."""

Bones = list[tuple[Bone, Depth]]


def fine_example(anatomy: Anatomy, side: Side, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """One hip: hu int16, femur and other uint8 (share of the voxel, 0..255), all (z, y, x) at
    1.5 mm.
    """
    frame = anatomy.femurs[side].frame
    assert frame is not None
    start = np.array(HEAD_MM) + rng.uniform([-16, -16, -30], [16, 16, 30])
    if rng.random() < 0.06:
        start += rng.uniform([-80, -20, -60], [30, 30, 110])
    corner = frame.head + start * [side.sign, 1, 1]
    box = Grid.aligned(FINE_SHAPE, (FINE_MM,) * 3, corner, mirrored=side is Side.RIGHT)
    scanner = draw_scanner(rng)
    inplane = float(rng.uniform(0.85, 1.25))
    scanner = replace(scanner, spacing_mm=(max(scanner.spacing_mm[0], 1.0), inplane, inplane))
    if not scanner.sharpen:
        scanner = replace(scanner, psf_mm=float(rng.uniform(*SOFT_PSF_MM)))
    low, high = box.bounds_mm()
    low, high = low - 4, high + 4
    if rng.random() < 0.6:  # the scan ends somewhere below the lesser trochanter
        low[2] = max(low[2], frame.trochanter[2] - rng.uniform(20, 110))
    if rng.random() < 0.12:
        high[2] = min(high[2], frame.head[2] + rng.uniform(-10, 45))
    if rng.random() < 0.12:
        low[:2] += rng.uniform(0, 40, 2)
        high[:2] -= rng.uniform(0, 40, 2)
    return rendered(anatomy, scanner, _grid(low, high, scanner.spacing_mm), box, rng)


def rendered(
    anatomy: Anatomy,
    scanner: Scanner,
    grid: Grid,
    box: Grid,
    rng: np.random.Generator,
    *,
    gain: float = 1.0,
    offset: float = 0.0,
) -> dict[str, np.ndarray]:
    """A scan on a grid, sampled in a box of FINE_MM, with the truth: arrays as of fine_example.

    gain, offset: what the scan's HU are multiplied by, and what is added.
    """
    bones = depths(anatomy, grid, lattice_mm=1.5)
    hu = resample(scan(anatomy, scanner, grid, rng, bones=bones), grid, box, outside=-1000.0)
    seen = resample(np.ones(grid.shape, np.float32), grid, box, outside=0.0) > 0.5
    if gain != 1.0 or offset != 0.0:
        hu = np.where(seen, np.clip(hu * gain + offset, -1024, 32000), hu)
    femur, other = np.zeros(box.shape, np.float32), np.zeros(box.shape, np.float32)
    for bone, depth in bones:
        share = np.clip(
            0.5 + resample(depth.left_mm, depth.grid, box, outside=-9.0) / FINE_MM, 0, 1
        )
        target = femur if bone.kind == "femur" else other
        np.maximum(target, share * seen, out=target)
    other = np.minimum(other, 1 - femur)
    return {
        "hu": np.rint(hu).astype(np.int16),
        "femur": np.rint(femur * 255).astype(np.uint8),
        "other": np.rint(other * 255).astype(np.uint8),
    }


def _grid(low: np.ndarray, high: np.ndarray, spacing_mm: tuple[float, float, float]) -> Grid:
    shape = np.maximum(np.ceil((high - low)[::-1] / spacing_mm).astype(int), 8)
    return Grid.aligned(tuple(shape), spacing_mm, low)


def make_fine(number: int, seed: int, cache: Path, tissue_maps: Path | None) -> None:
    """Both hips of patient `number`, unless they are there already."""
    names = {side: cache / f"fine-{number:04d}-{side.value}.npz" for side in Side}
    if all(path.exists() for path in names.values()):
        return
    rng = np.random.default_rng([seed, number, zlib.crc32(b"example")])
    anatomy = draw_anatomy(rng, tissue_maps=tissue_maps, map_bones=0.3 if tissue_maps else 0.0)
    for (side, name), stream in zip(names.items(), rng.spawn(2), strict=True):
        if not name.exists():
            save(name, fine_example(anatomy, side, stream))


def make_coarse(number: int, seed: int, cache: Path) -> None:
    """Scans of trunks on the hips of patient `number`, unless they are there already.

    Each file holds hu int16 and label uint8 (z, y, x) as in CoarseScan.
    """
    names = [cache / f"coarse-{number:04d}-{n}.npz" for n in range(SCANS_PER_PATIENT)]
    if all(path.exists() for path in names):
        return
    rng = np.random.default_rng([seed, number, zlib.crc32(b"coarse")])
    hips = draw_hips(rng)
    for name, stream in zip(names, rng.spawn(len(names)), strict=True):
        if not name.exists():
            trunk = draw_trunk(hips, stream)
            view = draw_view(trunk, stream, step_mm=COARSE_MM)
            seen = scan_coarsely(trunk, view, stream, below_trochanter_mm=BELOW_TROCHANTER_MM)
            window = around_body(seen.hu, stream)
            save(name, {"hu": seen.hu[window], "label": seen.label[window]})


def make_joint(number: int, seed: int, cache: Path, tissue_maps: Path | None) -> None:
    """Both joints of patient `number`, unless they are there already."""
    names = {
        side: [cache / f"joint-{number:04d}-{side.value}-{n}.npz" for n in range(SCANS * MAPS)]
        for side in Side
    }
    if all(path.exists() for paths in names.values() for path in paths):
        return
    rng = np.random.default_rng([seed, number, zlib.crc32(b"joint")])
    anatomy = draw_anatomy(rng, tissue_maps=tissue_maps, map_bones=0.3 if tissue_maps else 0.0)
    for (side, paths), stream in zip(names.items(), rng.spawn(2), strict=True):
        for path, example in zip(paths, joint_examples(anatomy, side, stream), strict=True):
            save(path, example)


def around_body(hu: np.ndarray, rng: np.random.Generator) -> tuple[slice, slice, slice]:
    """Window of a scan (z, y, x) that leaves out most of the air around the body."""
    out = []
    for axis in range(3):
        other = tuple(a for a in range(3) if a != axis)
        body = np.flatnonzero((hu > BODY_HU).mean(other) > LEAST_BODY)
        first, last = (int(body[0]), int(body[-1])) if len(body) else (0, hu.shape[axis] - 1)
        more = rng.integers(0, AIR_VOXELS, 2)
        start, stop = max(first - more[0], 0), min(last + 1 + more[1], hu.shape[axis])
        out.append(slice(int(start), int(stop)) if axis else slice(None))
    return out[0], out[1], out[2]


def save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write beside, then rename: a stopped run leaves no half file."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    part.replace(path)


def _hash(kind: str, seed: int, tissue_maps: Path | None) -> str:
    """Of what examples depend on beside their number."""
    digest = hashlib.sha256(f"{EXAMPLES_VERSION[kind]} {seed}".encode())
    for file in sorted(tissue_maps.glob("*.nii.gz")) if tissue_maps else []:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def draw_examples(
    cache: Path, patients: int, seed: int, tissue_maps: str | None, kind: str, *, workers: int = 2
) -> list[Path]:
    """The examples of so many patients, those that are missing drawn on all cores.

    kind: "fine", "joint" or "coarse"; tissue_maps: not for coarse ones. They lie in a folder of
    `cache` that is named by all that they depend on.
    """
    maps = Path(tissue_maps) if tissue_maps and kind != "coarse" else None
    cache = cache / f"phantoms-{_hash(kind, seed, maps)}"
    cache.mkdir(parents=True, exist_ok=True)
    hip = make_joint if kind == "joint" else make_fine
    make = make_coarse if kind == "coarse" else partial(hip, tissue_maps=maps)
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(make, n, seed, cache) for n in range(patients)]
        for job in jobs:
            job.result()
    return sorted(p for n in range(patients) for p in cache.glob(f"{kind}-{n:04d}-*.npz"))
