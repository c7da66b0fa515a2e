"""A scan of a trunk on a coarse grid, 4 mm or so: what a search for hips sees, and the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from femurkit.geometry import Grid, linear, resample
from femurkit.phantom.canvas import Canvas
from femurkit.phantom.devices import METAL_HU
from femurkit.phantom.hip_bones import STEP_MM
from femurkit.phantom.scanner import add_table
from femurkit.phantom.trunk import Trunk, paint
from femurkit.phantom.views import View

REACH_MM = (360.0, 260.0)
"""A person, arms and all, lies within so much of the midline and of the hip axis."""


@dataclass(frozen=True, eq=False)
class CoarseScan:
    """hu int16 and label uint8 (z, y, x) on the view's grid.

    label: 0 rest, 1 left and 2 right proximal femur, 3 the rest of a femur, 4 other bone.
    """

    hu: np.ndarray
    label: np.ndarray


def canvas_for(trunk: Trunk, view: View, *, step_mm: float = STEP_MM) -> Canvas:
    """An empty canvas that covers what a view sees of a trunk."""
    low, high = view.in_patient.bounds_mm()
    ends = trunk.plan.height(1000.0)
    low = np.maximum(low - 2 * step_mm, [-REACH_MM[0], -REACH_MM[1], -1100])
    high = np.minimum(high + 2 * step_mm, [REACH_MM[0], REACH_MM[1], ends])
    low = np.floor(low / step_mm) * step_mm
    shape = np.maximum(np.ceil((high - low) / step_mm).astype(int)[::-1] + 1, 4)
    return Canvas(Grid.aligned(tuple(shape), (step_mm,) * 3, low))


def scan_coarsely(
    trunk: Trunk, view: View, rng: np.random.Generator, *, below_trochanter_mm: float
) -> CoarseScan:
    """Paint a trunk and scan it. below_trochanter_mm: down to where a femur counts as proximal."""
    canvas = canvas_for(trunk, view)
    paint(canvas, trunk, rng)
    grid = view.in_patient
    hu = resample(canvas.hu, canvas.grid, grid, outside=-1000.0)
    label = _labels(trunk, canvas, grid, below_trochanter_mm)
    hu, seen = scanned(hu, view, rng)
    label[~seen] = 0
    return CoarseScan(np.rint(np.clip(hu, -1024, 3071)).astype(np.int16), label)


def _labels(trunk: Trunk, canvas: Canvas, grid: Grid, below_mm: float) -> np.ndarray:
    label = np.zeros(grid.shape, np.uint8)
    label[resample(canvas.bone, canvas.grid, grid, outside=0.0) > 0.5] = 4
    for bone in trunk.hips.lattice:
        if bone.frame is None or bone.side is None:
            continue
        window = grid.window_around(*bone.grid.bounds_mm())
        if any(w.stop <= w.start for w in window):
            continue
        part = grid.crop([w.start for w in window], [w.stop for w in window])
        inside = resample(bone.depth, bone.grid, part, outside=-9.0) > 0
        at = np.argwhere(inside)
        below = (part.to_world(at) - bone.frame.trochanter) @ bone.frame.down
        label[window][tuple(at.T)] = np.where(below < below_mm, bone.side.label, 3)
    return label


def scanned(hu: np.ndarray, view: View, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What a scanner makes of noise-free HU (z, y, x) on a view's grid; and which voxels it sees.

    Table, streaks of metal, unequal brightness, slice profile, kernel, noise, field of view,
    wrong calibration.
    """
    step = view.grid.spacing_mm[0]
    hu = _with_table(hu, view, rng)
    hu = _streaked(hu, step, rng)
    shade = rng.normal(0, rng.uniform(0, 25), (4, 4, 4)).astype(np.float32)
    apart = np.array(hu.shape) * step / 3
    corner = view.grid.origin_mm
    hu = hu + linear(shade, Grid.aligned(shade.shape, tuple(apart), corner), view.grid) * (
        hu > -600
    )
    thick = rng.choice([0.0, 1.5, 3.0], p=[0.55, 0.35, 0.10])
    if thick:
        hu = gaussian_filter1d(hu, thick / step, 0, mode="nearest")
    if rng.random() < 0.3:
        hu = hu + rng.uniform(0.2, 1.0) * (hu - gaussian_filter(hu, 1.0))
    elif rng.random() < 0.3:
        hu = gaussian_filter(hu, rng.uniform(0.2, 0.6))
    hu = hu + _noise(hu, rng)
    if rng.random() < 0.6:
        bright = hu > 150
        hu = np.where(bright, 150 + (hu - 150) * rng.uniform(0.65, 1.3), hu)
    hu = (hu + 1000) * rng.uniform(0.9, 1.1) - 1000
    hu = hu * rng.uniform(0.85, 1.15) + rng.normal(0, 25)
    seen = np.ones(hu.shape, bool)
    if view.circle_mm is not None:
        _, ny, nx = hu.shape
        y = (np.arange(ny) - (ny - 1) / 2) * step
        x = (np.arange(nx) - (nx - 1) / 2) * step
        seen &= np.hypot(y[:, None], x[None]) < view.circle_mm
        hu = np.where(seen, hu, -1000.0)
    return hu, seen


def _noise(hu: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise as it is left at 4 mm, more of it and in streaks where rows hold much bone."""
    level = float(np.exp(rng.uniform(np.log(2), np.log(90))))
    noise = rng.standard_normal(hu.shape, dtype=np.float32)
    noise = gaussian_filter1d(noise, rng.uniform(0.01, 0.6), 0) * level
    if rng.random() < 0.35:
        dense = np.clip(hu, 0, 1500).sum(2, keepdims=True) / 15000
        lines = gaussian_filter1d(rng.standard_normal(hu.shape, dtype=np.float32), 4, 2)
        noise = noise + lines * np.clip(dense, 0, 2) * rng.uniform(20, 160)
    return np.asarray(noise)


def _with_table(hu: np.ndarray, view: View, rng: np.random.Generator) -> np.ndarray:
    """A table under the skin, on the side on which the patient lies."""
    if view.table == "none":
        return hu
    turned = {
        "behind": hu,
        "before": hu[:, ::-1],
        "left": hu.swapaxes(1, 2),
        "right": hu[:, :, ::-1].swapaxes(1, 2),
    }[view.table].copy()
    body = np.flatnonzero((turned > -200).mean((0, 2)) > 0.02)
    if len(body):
        step = view.grid.spacing_mm
        shape = turned.shape
        grid = Grid.aligned(shape, step, -0.5 * step[0] * (np.array(shape[::-1]) - 1))
        last = float(grid.to_world([0, body[-1], 0])[1])
        add_table(turned, grid, top_mm=last + rng.uniform(0, 14), with_rods=rng.random() < 0.12)
    back = {
        "behind": turned,
        "before": turned[:, ::-1],
        "left": turned.swapaxes(1, 2),
        "right": turned.swapaxes(1, 2)[:, :, ::-1],
    }
    return back[view.table]


def _streaked(hu: np.ndarray, step: float, rng: np.random.Generator) -> np.ndarray:
    """Stars of bright and dark rays around metal, slice by slice."""
    metal = hu > 0.75 * METAL_HU
    levels = np.flatnonzero(metal.any((1, 2)))
    if not len(levels):
        return hu
    out = hu.copy()
    y, x = np.indices(hu.shape[1:], dtype=np.float32)
    rays, phase = rng.integers(2, 7), rng.uniform(0, 6.3)
    strength = rng.uniform(0, 500)
    for level in levels:
        at = np.argwhere(metal[level])
        cy, cx = at.mean(0)
        away = np.hypot(y - cy, x - cx) * step
        angle = np.arctan2(y - cy, x - cx)
        reach = 12 + 5 * np.sqrt(len(at)) * step
        star = np.cos(rays * angle + phase) + 0.6 * np.cos((2 * rays + 1) * angle - phase)
        grow = strength * min(1.0, len(at) / 6)
        out[level] += np.where(metal[level], 0, grow * star * np.exp(-away / reach))
    return out
