"""Metal and plastic in and on a patient: implants, screws, seeds, wires, tubes."""

from __future__ import annotations

import numpy as np

from femurkit.phantom.arms import Arm
from femurkit.phantom.bodyplan import BodyPlan
from femurkit.phantom.canvas import Ball, Canvas, Rod, Solid, rods
from femurkit.phantom.hip_bones import Hips
from femurkit.phantom.skeleton import SIDES

METAL_HU = 3000.0


def lay_devices(
    canvas: Canvas, plan: BodyPlan, hips: Hips, arms: tuple[Arm, Arm], rng: np.random.Generator
) -> None:
    """Each with a small chance, so that most patients have none or one."""
    for bone in hips.lattice:
        if bone.frame is not None and rng.random() < 0.05:
            _hip_implant(canvas, bone.frame.head, bone.frame.trochanter, bone.frame.down, rng)
    if rng.random() < 0.04:
        _spine_screws(canvas, plan, rng)
    for arm in arms:
        if rng.random() < 0.02:
            along = (arm.elbow - arm.shoulder) / np.linalg.norm(arm.elbow - arm.shoulder)
            stem: Solid = [
                Ball(arm.shoulder, np.full(3, 22.0)),
                Rod(arm.shoulder, arm.shoulder + along * 120, 8, 6),
            ]
            canvas.fill(stem, METAL_HU)
        if rng.random() < 0.06:  # an infusion in the hand, a bracelet or a ring
            canvas.fill([Ball(arm.wrist + rng.normal(0, 14, 3), rng.uniform(2, 7, 3))], METAL_HU)
    if rng.random() < 0.03:
        for _ in range(int(rng.integers(20, 70))):
            spot = np.array([0, -5, -8]) + rng.normal(0, [14, 10, 12])
            canvas.fill([Rod(spot, spot + [0, 0, 4], 1.2, 1.2)], METAL_HU)
    if rng.random() < 0.05:  # pacemaker with its lead
        box = np.array(
            [70.0, -plan.outline(np.array([plan.height(505)]))[1][0] - 2, plan.height(505)]
        )
        canvas.fill([Ball(box, np.array([22.0, 7, 24]))], METAL_HU)
        canvas.fill(
            rods([box, box + [-50, 40, 20], np.array([10, -45, plan.height(430)])], 1.5), 2200
        )
    for _ in range(int(rng.poisson(0.5))):  # wires and clips
        start = rng.uniform([-150, -130, -100], [150, 110, plan.height(600)])
        canvas.fill(
            [Rod(start, start + rng.normal(0, 40, 3), 1.6, 1.6)], float(rng.uniform(800, 3000))
        )
    _tubes(canvas, plan, rng)


def _hip_implant(
    canvas: Canvas,
    head: np.ndarray,
    trochanter: np.ndarray,
    down: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """A total or half hip, a nail with its screw, or a plate; simply bright."""
    kind = rng.random()
    bend = trochanter + down * 8
    if kind < 0.5:
        stem: Solid = [
            Ball(head, np.full(3, rng.uniform(12, 25))),
            *rods([head, bend, bend + down * rng.uniform(60, 130)], [7, 9, 5]),
        ]
        canvas.fill(stem, METAL_HU)
        if kind < 0.35:
            found = canvas.depth([Ball(head + [0, 0, 3], np.full(3, 27.0))])
            if found is not None:
                window, depth = found
                cup = canvas.share(depth) * canvas.share(4 - depth)
                upper = canvas.z[window[0]][:, None, None] > head[2] - 4
                canvas.hu[window] += (METAL_HU - canvas.hu[window]) * cup * upper
    else:
        top = trochanter - down * 45
        canvas.fill([Rod(top, trochanter + down * rng.uniform(80, 330), 6.5, 5.5)], METAL_HU)
        canvas.fill([Rod(trochanter + 20 * down, head, 5.0, 5.0)], METAL_HU)


def _spine_screws(canvas: Canvas, plan: BodyPlan, rng: np.random.Generator) -> None:
    first = int(rng.integers(0, 14))
    for side in SIDES:
        heads = []
        for centre in plan.spine[first : first + int(rng.integers(2, 6))]:
            end = centre + np.array([side * 24, 44, 0])
            canvas.fill([Rod(centre + [side * 8, -8, 0], end, 3.2, 3.2)], METAL_HU)
            heads.append(end)
        if len(heads) > 1:
            canvas.fill(rods(heads, 3.5), METAL_HU)


def _tubes(canvas: Canvas, plan: BodyPlan, rng: np.random.Generator) -> None:
    """Stomach tube, bladder catheter, drain, vascular catheter."""
    if rng.random() < 0.10:
        spots = (690, 600, 480, 385)
        path = [np.array([0, plan.spine_y(plan.height(h)) - 32, plan.height(h)]) for h in spots]
        path.append(np.array([50, -30, plan.height(340)]))
        canvas.fill(rods(path, 2.6), float(rng.uniform(200, 1200)))
    if rng.random() < 0.10:
        canvas.fill(
            [Ball(np.array([0.0, -15, 8]), np.full(3, 11.0))], float(rng.choice([0.0, 300.0]))
        )
        canvas.fill(
            rods([[0, -15, 5], [0, -30, -45], [30, -70, -90]], 2.8), float(rng.uniform(200, 900))
        )
    if rng.random() < 0.08:
        skin = rng.uniform([-150, -140, 20], [150, 100, plan.height(480)])
        canvas.fill(
            rods([skin, skin * [0.4, 0.4, 1] + rng.normal(0, 15, 3)], 2.6),
            float(rng.uniform(300, 1500)),
        )
