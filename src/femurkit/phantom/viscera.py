"""Organs of the abdomen: solid ones, kidneys with their ureters, bowel."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from femurkit.phantom.bodyplan import BodyPlan
from femurkit.phantom.canvas import Ball, Canvas, Rod, rods
from femurkit.phantom.contrast import Contrast
from femurkit.phantom.skeleton import SIDES


def lay_abdomen(
    canvas: Canvas, plan: BodyPlan, contrast: Contrast, rng: np.random.Generator
) -> None:
    """Liver, spleen, stomach, pancreas, kidneys with their pelves and ureters."""
    h, w = plan.height, plan.wide
    size = float(rng.uniform(0.85, 1.2)) * w
    canvas.fill(
        [
            Ball(np.array([-68 * w, -12, h(345)]), np.array([68, 82, 75]) * size),
            Ball(np.array([-15, -50, h(362)]), np.array([75, 40, 40]) * size),
        ],
        contrast.liver,
    )
    canvas.fill(
        [Ball(np.array([92 * w, 42, h(352)]), np.array([28, 42, 52]) * size)], contrast.spleen
    )
    canvas.fill(
        rods([[-45, -8, h(290)], [0, -12, h(300)], [60, 25, h(330)]], [13, 11, 9]),
        contrast.spleen * 0.8,
    )
    if rng.random() < 0.5:  # gall bladder, at times with stones or contrast
        value = float(rng.uniform(150, 600)) if rng.random() < 0.12 else 8.0
        canvas.fill(
            [Ball(np.array([-62 * w, -55, h(285)]), rng.uniform([12, 14, 20], [20, 22, 36]))], value
        )
    stomach = rods(
        [[55 * w, 15, h(372)], [62 * w, -35, h(345)], [30, -60, h(300)], [-20, -55, h(292)]],
        [34, 32, 24, 16],
    )
    filled = (
        contrast.oral_hu * float(rng.uniform(0.4, 1.2))
        if rng.random() < contrast.oral
        else float(rng.uniform(0, 50))
    )
    _hollow(canvas, stomach, filled, float(rng.uniform(-95, 20)), rng)
    for side in SIDES:
        if rng.random() < 0.04:
            continue
        centre = np.array(
            [side * 58 * w, plan.spine_y(h(255)) + 4, h(258 + 6 * side)]
        ) + rng.normal(0, 6, 3)
        lean = np.array([side * 0.28, 0.12, -1.0])
        lean /= np.linalg.norm(lean)
        outward = np.array([side, 0.5, 0.3])
        outward -= lean * (outward @ lean)
        outward /= np.linalg.norm(outward)
        turn = np.stack([outward, np.cross(lean, outward), lean])
        radii = np.array([24, 26, 54]) * float(rng.uniform(0.85, 1.2)) * w
        canvas.fill([Ball(centre, radii, turn)], contrast.kidney)
        hilum = centre - outward * 12
        canvas.fill([Ball(hilum, radii * [0.55, 0.5, 0.6], turn)], contrast.kidney * 0.75)
        calyces = [
            Rod(hilum, centre + lean * s * radii[2] * 0.5, 5.0, 6.5) for s in (-1, -0.3, 0.4, 1)
        ]
        canvas.fill(calyces, contrast.pelvis)
        canvas.fill([Ball(hilum - outward * 8, np.array([11, 10, 15.0]))], contrast.pelvis)
        ureter = [
            hilum - outward * 14,
            np.array([side * 36, centre[1] - 10, h(180)]),
            np.array([side * 42, 25.0, 95]),
            np.array([side * 30, 35.0, 40]),
        ]
        canvas.fill(rods(ureter, 2.8), contrast.pelvis)
        if rng.random() < 0.08:
            canvas.fill(
                [Ball(hilum + lean * 10, rng.uniform(3, 14, 3))], float(rng.uniform(400, 1400))
            )
    if rng.random() < 0.05:  # a kidney in the pelvis
        canvas.fill(
            [Ball(np.array([rng.uniform(-60, 60), 10, 90.0]), np.array([26, 24, 48.0]))],
            contrast.kidney,
        )


def lay_bowel(canvas: Canvas, plan: BodyPlan, contrast: Contrast, rng: np.random.Generator) -> None:
    """Colon round the abdomen, and loops of small bowel within it down to the pelvic floor."""
    h, w = plan.height, plan.wide
    deep = plan.belly_mm * 0.5
    frame = np.array([
        [-92, 20, 120], [-98, 22, 190], [-92, 10, 285],
        [-30, -70 - deep, h(250)], [40, -70 - deep, h(270)],
        [98, 15, h(335)], [102, 32, 240], [98, 32, 150], [70, 10, 95],
        [10, -10, 100], [-20, 30, 75], [5, 58, 55], [0, 55, 15], [0, 48, -15],
    ]) * [w, 1, 1] + rng.normal(0, 9, (14, 3))  # fmt: skip
    for a, b in pairwise(frame):
        radius = float(rng.uniform(13, 30))
        _hollow(
            canvas, [Rod(a, b, radius, radius * 0.9)], *_content(contrast, rng, stool=True), rng
        )
    for _ in range(int(rng.integers(5, 16))):
        at = rng.uniform([-70 * w, -65 - deep, 20], [70 * w, 5, h(300)])
        if at[2] < 70:
            at[:2] *= [0.6, 0.5]
        path = [at]
        for _ in range(int(rng.integers(2, 6))):
            step = rng.normal(0, [32, 22, 24])
            path.append(np.clip(path[-1] + step, [-85 * w, -75 - deep, 0], [85 * w, 15, h(315)]))
        radius = float(rng.uniform(9, 24))
        _hollow(canvas, rods(path, radius), *_content(contrast, rng, stool=False), rng)


def _content(contrast: Contrast, rng: np.random.Generator, *, stool: bool) -> tuple[float, float]:
    """HU of what fills a loop, and the height y above which it holds gas (less than all: none)."""
    if rng.random() < contrast.oral:
        hu = contrast.oral_hu * float(np.exp(rng.normal(0, 0.35)))
    else:
        hu = float(rng.uniform(-150, 90)) if stool else float(rng.uniform(5, 60))
    return min(hu, 1600.0), float(rng.uniform(-80, 40)) if rng.random() < 0.4 else -999.0


def _hollow(
    canvas: Canvas, solid: list[Rod], hu: float, gas_above_y: float, rng: np.random.Generator
) -> None:
    """A loop with its wall; gas gathers in front."""
    found = canvas.depth(solid)
    if found is None:
        return
    window, depth = found
    _, y, _ = canvas.places(window)
    canvas.hu[window] += (45.0 - canvas.hu[window]) * canvas.share(depth)
    inner = canvas.share(depth - 2.5)
    patchy = float(rng.uniform(0, 0.25)) * abs(hu)
    wave = np.cos(
        (canvas.x[window[2]] * 0.11)[None, None] + (canvas.z[window[0]] * 0.13)[:, None, None]
    )
    canvas.hu[window] += (hu + patchy * wave - canvas.hu[window]) * inner
    gas = inner * canvas.share(np.broadcast_to(gas_above_y - y, depth.shape))
    canvas.hu[window] += (-960.0 - canvas.hu[window]) * gas
