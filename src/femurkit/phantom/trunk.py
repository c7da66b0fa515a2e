"""A whole person on a canvas: skin, fat, muscles, organs and the bones from feet to head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.geometry import Grid, linear
from femurkit.phantom.arms import Arm, draw_arm, draw_posture
from femurkit.phantom.bodyplan import BodyPlan, draw_plan
from femurkit.phantom.canvas import Ball, BoneStuff, Canvas, Rod, rods
from femurkit.phantom.chest import lay_chest, lay_vessels
from femurkit.phantom.contrast import Contrast, draw_contrast
from femurkit.phantom.devices import lay_devices
from femurkit.phantom.hip_bones import Hips, lay_hips
from femurkit.phantom.skeleton import SIDES, lay_cage, lay_head, lay_spine
from femurkit.phantom.viscera import lay_abdomen, lay_bowel

POWER = 2.6
"""Exponent of the superellipse that a section through the trunk is."""


@dataclass(frozen=True, eq=False)
class Trunk:
    """What one person is made of beside the hips."""

    hips: Hips
    plan: BodyPlan
    arms: tuple[Arm, Arm]
    contrast: Contrast
    fat_hu: float
    muscle_hu: float


def draw_trunk(hips: Hips, rng: np.random.Generator) -> Trunk:
    """A trunk, arms and a head to go with given hips."""
    pelvis = next(b.mesh.vertices for b in hips.bones if b.kind == "pelvis")
    scale = float(np.ptp(pelvis[:, 0])) / 292.0
    fat = float(rng.gamma(2.2, 11.0)) + 3
    mineral = float(np.clip(rng.normal(1.0, 0.28), 0.35, 1.6))
    plan = draw_plan(rng, hips.base, fat_mm=fat, mineral=mineral, scale=scale)
    left, right = draw_posture(rng)
    arms = draw_arm(plan, 1.0, left, rng), draw_arm(plan, -1.0, right, rng)
    return Trunk(
        hips, plan, arms, draw_contrast(rng), float(rng.uniform(-120, -85)),
        float(rng.uniform(35, 70)),
    )  # fmt: skip


def paint(
    canvas: Canvas, trunk: Trunk, rng: np.random.Generator, *, with_hips: bool = True
) -> None:
    """Paint everything; with_hips=False leaves out the bones from the pelvis down.

    canvas: on the lattice of hip_bones.STEP_MM where the hips are wanted.
    """
    plan, hips = trunk.plan, trunk.hips
    lean = _flesh(canvas, trunk)
    _muscles(canvas, trunk, lean)
    cavity = lean - plan.wall_mm
    lay_abdomen(canvas, plan, trunk.contrast, rng)
    lay_bowel(canvas, plan, trunk.contrast, rng)
    bladder = rng.uniform([20, 18, 14], [48, 38, 42])
    canvas.fill([Ball(np.array([rng.normal(0, 6), -18.0, 22.0]), bladder)], trunk.contrast.bladder)
    if canvas.z[-1] > plan.height(330):
        lay_chest(canvas, plan, cavity, trunk.contrast, rng)
    lay_vessels(canvas, plan, trunk.contrast, rng)
    _leg_vessels(canvas, trunk, rng)
    _mottle(canvas, rng)
    lay_spine(canvas, plan, rng)
    lay_cage(canvas, plan, rng)
    lay_head(canvas, plan, rng)
    for arm in trunk.arms:
        for solid, stuff in arm.bones:
            canvas.lay_bone(solid, stuff)
    _feet(canvas, trunk)
    if with_hips:
        lay_hips(canvas, hips, rng, mineral=plan.mineral)
    lay_devices(canvas, trunk.plan, hips, trunk.arms, rng)


def _flesh(canvas: Canvas, trunk: Trunk) -> np.ndarray:
    """Skin and fat. Returns the depth below the muscles' outer surface of the trunk, mm."""
    plan, fat = trunk.plan, trunk.plan.fat_mm
    width, front, back = plan.outline(canvas.z)
    thin = np.interp(canvas.z, [plan.height(540), plan.height(610)], [1.0, 0.25])
    belly = plan.belly_mm * np.exp(-(((canvas.z - plan.height(190)) / (95 * plan.tall)) ** 2))
    lean = _loft(canvas, width, front + 0.6 * belly, back)
    skin = _loft(canvas, width + fat * thin, front + belly + fat * thin, back + 0.8 * fat * thin)
    low = np.clip(-(canvas.z + 15) / 75, 0, None)[:, None, None]
    skin -= 45 * low**2
    lean -= 45 * low**2
    skin = np.maximum(skin, -12.0)
    canvas.hu += (trunk.fat_hu - canvas.hu) * canvas.share(skin)
    for solid in _limbs(trunk):
        canvas.fill(solid, trunk.fat_hu)
    return lean


def _loft(canvas: Canvas, width: np.ndarray, front: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Depth below a stack of superellipses, about, mm, (z, y, x) float32."""
    x = np.abs(canvas.x)[None, None] ** np.float32(POWER)
    along = (width**-POWER).astype(np.float32)[:, None, None]
    reach = np.where(
        canvas.y[None] > 0, np.maximum(back, 1)[:, None], np.maximum(front, 1)[:, None]
    )
    y = (np.abs(canvas.y)[None] / reach).astype(np.float32) ** POWER
    rest = 1 - (x * along + y[:, :, None])
    size = np.minimum(width, np.minimum(front, back)).astype(np.float32)[:, None, None]
    rest *= (1 + 0.3 * np.maximum(rest, 0)) * (size / np.float32(POWER))
    return np.asarray(rest, np.float32)


def _limbs(trunk: Trunk) -> list[list[Rod | Ball]]:
    """Outlines of thighs, lower legs, feet and arms."""
    soft, fat = trunk.hips.soft, trunk.plan.fat_mm
    out: list[list[Rod | Ball]] = [list(arm.flesh) for arm in trunk.arms]
    for leg, (top, _, radius) in zip(trunk.hips.legs, soft.thighs, strict=True):
        knee = leg[0] + [0, 0, 20]
        slim = radius - 0.9 * max(0.0, soft.torso[0] - 160 - fat)
        end = 0.62 * slim + 8
        parts = [Rod(top, knee, slim, end), Rod(knee, knee + 0.4 * (leg[1] - knee), end, 60.0)]
        parts += [Rod(parts[-1].b, leg[1], 60.0, 42.0), Rod(leg[1] + [0, 25, -30], leg[2], 42, 32)]
        out.append([*parts])
    return out


def _muscles(canvas: Canvas, trunk: Trunk, lean: np.ndarray) -> None:
    """The wall of the trunk, muscles along the spine, of hips, thighs and arms."""
    plan, value = trunk.plan, trunk.muscle_hu
    high = canvas.z > plan.height(75)
    wall = canvas.share(lean[high]) * canvas.share(plan.wall_mm - lean[high])
    above = canvas.z[high] > plan.height(560)
    wall[above] = canvas.share(lean[high][above])
    canvas.hu[high] += (value - canvas.hu[high]) * wall
    belly = canvas.share(lean[high] - plan.wall_mm)
    canvas.hu[high] += (
        (trunk.fat_hu - canvas.hu[high])
        * belly
        * (canvas.z[high] < plan.height(560))[:, None, None]
    )
    for side in SIDES:
        back = [plan.at(v) + [side * 30, 40, 0] for v in ("L5", "L2", "T9", "T3", "C5")]
        canvas.fill(rods(back, [24, 26, 22, 16, 14]), value)
        psoas = [
            plan.at("L1") + [side * 28, 0, 0],
            plan.at("L4") + [side * 44, 0, 0],
            np.array([side * 80, -25, 30]),
        ]
        canvas.fill(rods(psoas, [9, 19, 15]), value)
    for arm in trunk.arms:
        canvas.fill(arm.muscle, value)
    for path, radius in trunk.hips.soft.lines:
        if path[:, 2].min() < 60:
            canvas.fill(rods(path, 0.93 * radius), value)
    for leg in trunk.hips.legs:
        calf = leg[0] + 0.3 * (leg[1] - leg[0]) + [0, 18, 0]
        canvas.fill(rods([leg[0], calf, leg[1]], [24, 38, 14]), value)


def _leg_vessels(canvas: Canvas, trunk: Trunk, rng: np.random.Generator) -> None:
    """Femoral vessels as the hips' soft tissue has them, with this patient's contrast."""
    chalk = rng.random() < 0.3
    for number, (path, radius, _) in enumerate(trunk.hips.soft.vessels):
        artery = number % 2 == 0
        value = trunk.contrast.artery if artery else trunk.contrast.vein
        canvas.fill(rods(path, radius), value)
        if chalk and artery:
            at = path[1] + (path[3] - path[1]) * rng.random((6, 1))
            for spot in at:
                canvas.fill([Ball(spot, rng.uniform(2, 4, 3))], float(rng.uniform(400, 1300)))


def _mottle(canvas: Canvas, rng: np.random.Generator) -> None:
    """Soft tissue is never even: smooth differences of some ten HU."""
    shape = np.ceil(np.array(canvas.grid.shape) / 5).astype(int) + 2
    rough = rng.normal(0, rng.uniform(5, 22), shape).astype(np.float32)
    apart = 5 * np.array(canvas.grid.spacing_mm)
    coarse = Grid.aligned(tuple(shape), tuple(apart), canvas.origin)
    canvas.hu += linear(rough, coarse, canvas.grid) * (canvas.hu > -300)


def _feet(canvas: Canvas, trunk: Trunk) -> None:
    """Heel and rays of the feet."""
    stuff = BoneStuff(200, 800, 1.2).scaled(trunk.plan.mineral)
    for leg in trunk.hips.legs:
        heel = leg[1] + [0, 25, -45]
        parts: list[Rod | Ball] = [
            Ball(heel, np.array([18.0, 36, 20])),
            Ball(leg[1] + [0, -8, -22], np.array([20.0, 26, 16])),
        ]
        parts += [
            Rod(leg[1] + [9 * (n - 2), -35, -35], leg[2] + [13 * (n - 2), 0, 0], 7, 5)
            for n in range(5)
        ]
        canvas.lay_bone(parts, stuff)
