"""Lungs, heart and the great vessels from the neck to the groins."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from femurkit.phantom.bodyplan import BodyPlan
from femurkit.phantom.canvas import Ball, Canvas, Rod, rods
from femurkit.phantom.contrast import Contrast
from femurkit.phantom.skeleton import SIDES


def lay_chest(
    canvas: Canvas,
    plan: BodyPlan,
    inside: np.ndarray,
    contrast: Contrast,
    rng: np.random.Generator,
) -> None:
    """Lungs above the domes of the diaphragm, and the heart between them.

    inside: float32 (z, y, x), depth below the inner wall of the trunk.
    """
    dome = plan.height(float(rng.uniform(365, 420)))
    apex = plan.height(565.0)
    first = int(np.searchsorted(canvas.z, dome - 100))
    x, y, z = canvas.x[None, None], canvas.y[None, :, None], canvas.z[first:, None, None]
    bulge = 1 - ((np.abs(x) - 62) / (72 * plan.wide)) ** 2 - ((y + 5) / (115 * plan.wide)) ** 2
    floor = (
        np.float32(dome)
        + 42 * np.maximum(bulge, -2.2)
        + np.where(x < 0, np.float32(10), np.float32(0))
    )
    narrow = 60 * np.clip((z - plan.height(500.0)) / max(apex - plan.height(500.0), 1), 0, 1) ** 2
    spine = np.interp(canvas.z[first:], plan.spine[:, 2], plan.spine[:, 1]).astype(np.float32)
    middle = np.sqrt((x / 34) ** 2 + ((y - spine[:, None, None] + 25) / 95) ** 2) - 1
    depth = np.minimum(inside[first:] - 3 - narrow, np.minimum(z - floor, np.float32(apex) - z))
    depth = np.minimum(depth, middle * 30)
    lung = float(rng.uniform(-900, -720))
    canvas.hu[first:] += (lung - canvas.hu[first:]) * canvas.share(depth)
    for _ in range(14):  # hilar vessels
        side = float(rng.choice(SIDES))
        root = np.array([side * 30, plan.spine_y(plan.height(460)) - 55, plan.height(455)])
        tip = root + np.array(
            [side * rng.uniform(20, 80), rng.uniform(-50, 60), rng.uniform(-90, 80)]
        )
        canvas.fill([Rod(root, tip, 6.5, 2.5)], contrast.heart)
    if rng.random() < 0.25:
        side = float(rng.choice(SIDES))
        spot = np.array(
            [side * 75, plan.spine_y(plan.height(430)) + 5, plan.height(rng.uniform(380, 450))]
        )
        canvas.fill(
            [Ball(spot, rng.uniform([25, 25, 15], [55, 55, 60]))],
            float(rng.uniform(0, 60)),
            strength=0.9,
        )
    heart = np.array([22.0, plan.spine_y(plan.height(430)) - 78, dome + 55])
    size = float(rng.uniform(0.85, 1.35)) * plan.wide
    canvas.fill(
        [Ball(heart, np.array([60, 46, 52]) * size)], 90.0 if contrast.artery > 100 else 45.0
    )
    for shift, radii in (
        ((-26, 2, 6), (28, 26, 34)),
        ((22, -4, -8), (30, 24, 30)),
        ((-4, 22, 20), (24, 18, 22)),
    ):
        value = contrast.heart * float(rng.uniform(0.6, 1.15))
        canvas.fill([Ball(heart + np.array(shift) * size, np.array(radii) * size)], value)
    trachea = [
        np.array([0, plan.spine_y(plan.height(h)) - 42, plan.height(h)]) for h in (640, 560, 480)
    ]
    canvas.fill(rods(trachea, 8.5), -990.0)
    for side in SIDES:
        canvas.fill(rods([trachea[-1], trachea[-1] + [side * 38, 4, -25]], 6.5), -960.0)


def lay_vessels(
    canvas: Canvas, plan: BodyPlan, contrast: Contrast, rng: np.random.Generator
) -> None:
    """Aorta with its arch, great veins, iliac roots, vessels of the neck; some calcified."""
    calibre = float(rng.uniform(9, 16)) * (2.2 if rng.random() < 0.06 else 1.0)

    def before(level: str, aside: float) -> np.ndarray:
        return plan.at(level) + [aside, -20 * plan.wide - 12, 0]

    aorta = [
        before("L4", 4),
        before("L2", 8),
        before("T12", 10),
        before("T8", 16),
        before("T5", 18),
    ]
    arch = [aorta[-1] + [-6, -18, 26], aorta[-1] + [-34, -52, 18], aorta[-1] + [-32, -62, -38]]
    paths = [(aorta, calibre), (arch, calibre * 1.15)]
    veins = [([before("L4", -18), before("T10", -22), before("T9", -24)], 11.0)]
    veins.append(([before("T2", -26) + [0, -30, 0], before("T6", -34) + [0, -20, 0]], 9.0))
    roots = (np.array([45.0, 20.0, 100.0]), np.array([32.0, 30.0, 130.0]))
    for side in SIDES:
        fork = [before("L4", 4 * side), roots[1] * [side, 1, 1], roots[0] * [side, 1, 1]]
        paths.append((fork, 6.0))
        veins.append(([f + [0, 10, -6] for f in fork], 7.5))
        neck = [before("T3", side * 22), before("C6", side * 26), before("C2", side * 24)]
        paths.append((neck, 4.0))
        veins.append(([p + [side * 9, 0, 0] for p in neck], 6.0))
    for path, radius in veins:
        canvas.fill(rods(path, radius), contrast.vein)
    chalk = rng.random() < 0.4
    for path, radius in paths:
        canvas.fill(rods(path, radius), contrast.artery)
        for a, b in pairwise(path):
            if chalk and rng.random() < 0.6:
                spot = a + (b - a) * rng.random() + rng.normal(0, 1, 3) * radius * 0.6
                canvas.fill([Ball(spot, rng.uniform(2, 5, 3))], float(rng.uniform(400, 1400)))
