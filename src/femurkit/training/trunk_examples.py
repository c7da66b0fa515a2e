"""Training examples for the fine network from whole trunks: any posture, any view, any place.

Bones are painted on a lattice of 4 mm, so that a hip looks as in a poor scan: what the network has
to learn here is where a femur is, not its exact outline. Files are trunk-*.npz, as fine-*.npz.
Person n depends on the seed and n alone.
"""

from __future__ import annotations

import hashlib
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid, resample
from femurkit.phantom.canvas import Canvas
from femurkit.phantom.coarse_scan import canvas_for, scanned
from femurkit.phantom.hip_bones import Hips, draw_hips
from femurkit.phantom.trunk import Trunk, draw_trunk, paint
from femurkit.phantom.views import View, draw_view
from femurkit.training.config import FINE_MM
from femurkit.training.examples import FINE_SHAPE, HEAD_MM, save

VERSION = 1
"""Raised whenever the same seed would draw other examples."""
SCANS_PER_PERSON = 3
STEPS_MM = (2.4, 4.0)
VIEWS_TRIED = 3
ELSEWHERE = 0.15
"""Share of boxes that are laid anywhere, and not about a hip."""


def trunk_examples(hips: Hips, rng: np.random.Generator) -> list[dict[str, np.ndarray]]:
    """Two boxes from one scan of a person on these hips: arrays as of fine_example."""
    trunk = draw_trunk(hips, rng)
    view = _view(trunk, rng)
    canvas = canvas_for(trunk, view)
    paint(canvas, trunk, rng)
    hu = resample(canvas.hu, canvas.grid, view.in_patient, outside=-1000.0)
    hu, seen = scanned(hu, view, rng)
    hu = np.clip(hu, -1024, 3071)
    out = []
    for side in Side:
        box = _box(trunk, view, side, rng)
        shown = resample(seen.astype(np.float32), view.grid, box, outside=0.0) > 0.5
        femur, other = _shares(trunk, view, canvas, box)
        out.append(
            {
                "hu": np.rint(resample(hu, view.grid, box, outside=-1000.0)).astype(np.int16),
                "femur": np.rint(femur * shown * 255).astype(np.uint8),
                "other": np.rint(np.minimum(other, 1 - femur) * shown * 255).astype(np.uint8),
            }
        )
    return out


def _view(trunk: Trunk, rng: np.random.Generator) -> View:
    """A scan that shows a hip, or the last of some that do not."""
    for _ in range(VIEWS_TRIED):
        view = draw_view(trunk, rng, step_mm=float(rng.uniform(*STEPS_MM)))
        if any(_near(_head(trunk, view, side), view, 0.0) for side in Side):
            break
    return view


def _head(trunk: Trunk, view: View, side: Side) -> np.ndarray:
    """Centre (3,) of a femoral head in the scanner's space."""
    frame = next(b.frame for b in trunk.hips.lattice if b.kind == "femur" and b.side is side)
    assert frame is not None
    to_scanner = np.linalg.inv(view.to_patient)
    return np.asarray(to_scanner[:3, :3] @ frame.head + to_scanner[:3, 3])


def _near(point: np.ndarray, view: View, margin_mm: float) -> bool:
    """Whether a point lies in the scan, or no farther outside than the margin."""
    low, high = view.grid.bounds_mm()
    return bool((point > low - margin_mm).all() and (point < high + margin_mm).all())


def _box(trunk: Trunk, view: View, side: Side, rng: np.random.Generator) -> Grid:
    """A box about one hip if the scan shows it, else somewhere in the scan."""
    centre = _head(trunk, view, side)
    if rng.random() < ELSEWHERE or not _near(centre, view, 30.0):
        centre = rng.uniform(*view.grid.bounds_mm())
    start = np.array(HEAD_MM) + rng.uniform([-22, -22, -34], [22, 22, 34])
    corner = centre + start * [side.sign, 1, 1]
    return Grid.aligned(FINE_SHAPE, (FINE_MM,) * 3, corner, mirrored=side is Side.RIGHT)


def _shares(trunk: Trunk, view: View, canvas: Canvas, box: Grid) -> tuple[np.ndarray, np.ndarray]:
    """How much of each voxel is femur and how much is other bone, float32 (z, y, x)."""
    scale = float(np.cbrt(1 / np.linalg.det(view.to_patient[:3, :3])))
    there = Grid(box.shape, view.to_patient @ box.affine)
    other = resample(canvas.bone, canvas.grid, there, outside=0.0)
    femur = np.zeros(box.shape, np.float32)
    for bone in trunk.hips.lattice:
        if bone.kind == "femur":
            deep = scale * resample(bone.depth, bone.grid, there, outside=-9.0)
            np.maximum(femur, np.clip(0.5 + deep / FINE_MM, 0, 1), out=femur)
    return femur, other


def make_trunk_examples(number: int, seed: int, cache: Path) -> None:
    """The boxes of person `number`, unless they are there already."""
    names = [cache / f"trunk-{number:04d}-{n}.npz" for n in range(2 * SCANS_PER_PERSON)]
    if all(path.exists() for path in names):
        return
    rng = np.random.default_rng([seed, number, zlib.crc32(b"trunk")])
    hips = draw_hips(rng)
    boxes = [box for stream in rng.spawn(SCANS_PER_PERSON) for box in trunk_examples(hips, stream)]
    for name, box in zip(names, boxes, strict=True):
        save(name, box)


def draw_trunk_examples(cache: Path, persons: int, seed: int, *, workers: int = 2) -> list[Path]:
    """The boxes of so many persons, those that are missing drawn on all cores."""
    digest = hashlib.sha256(f"trunk {VERSION} {seed}".encode())
    cache = cache / f"trunk-{digest.hexdigest()[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(make_trunk_examples, n, seed, cache) for n in range(persons)]
        for job in jobs:
            job.result()
    return sorted(p for n in range(persons) for p in cache.glob(f"trunk-{n:04d}-*.npz"))
