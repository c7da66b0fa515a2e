"""Bones of the trunk, neck and head from simple solids: spine, ribs, breastbone, skull.

They are there to be told apart from femora, not to be measured.
"""

from __future__ import annotations

import numpy as np

from femurkit.phantom.bodyplan import LEVELS, BodyPlan
from femurkit.phantom.canvas import Ball, BoneStuff, Canvas, Rod, rods

SIDES = (1.0, -1.0)
"""Left and right along LPS x."""


def lay_spine(canvas: Canvas, plan: BodyPlan, rng: np.random.Generator) -> None:
    """Vertebrae from L5 to C1, with discs."""
    dense = float(rng.uniform(80, 300)) * plan.mineral
    worn = rng.random() < 0.4
    for number, level in enumerate(LEVELS):
        centre, pitch = plan.spine[number], float(plan.pitch[number])
        size = np.interp(number, [0, 4, 10, 16, 17, 23], [1.0, 0.9, 0.72, 0.62, 0.5, 0.5])
        half = np.array([27.0, 19.5, 0.0]) * size * plan.wide * rng.uniform(0.94, 1.06)
        half[2] = 0.40 * pitch
        stuff = BoneStuff(dense * float(rng.uniform(0.85, 1.2)), 450 + 450 * plan.mineral, 1.4)
        canvas.fill([Ball(centre + [0, 0, 0.5 * pitch], half * [1, 1, 0.35])], 90.0)
        _body(canvas, centre, half, stuff)
        if worn and rng.random() < 0.5:
            side = float(rng.choice(SIDES))
            spur = Ball(centre + [side * half[0], -4, 0.42 * pitch], rng.uniform(4, 9, 3))
            canvas.lay_bone([spur], BoneStuff(600, 900, 2.0))
        _arch(canvas, centre, half, level, stuff, rng)


def _body(canvas: Canvas, centre: np.ndarray, half: np.ndarray, stuff: BoneStuff) -> None:
    """A vertebral body: a short cylinder with dense plates above and below."""
    window = canvas.window(centre - half * 1.1, centre + half * 1.1)
    if window is None:
        return
    x, y, z = canvas.places(window)
    ring = np.sqrt(((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2)
    waist = 1 - 0.1 * (1 - ((z - centre[2]) / half[2]) ** 2).clip(0)
    depth = np.minimum((waist - ring) * half[1], half[2] - np.abs(z - centre[2]))
    canvas.lay_depth(window, depth.astype(np.float32), stuff)


def _arch(
    canvas: Canvas,
    centre: np.ndarray,
    half: np.ndarray,
    level: str,
    stuff: BoneStuff,
    rng: np.random.Generator,
) -> None:
    """Pedicles, facets, transverse and spinous processes."""
    s = float(half[1]) / 18.0
    drop = {"L": -6.0, "T": -22.0, "C": -8.0}[level[0]] * s
    parts: list[Rod | Ball] = []
    for side in SIDES:
        root = centre + [side * 0.55 * half[0], 0.8 * half[1], 4 * s]
        facet = centre + [side * 0.75 * half[0], half[1] + 18 * s, 2 * s]
        parts.append(Rod(root, facet, 5.0 * s, 6.5 * s))
        parts.append(Rod(facet + [0, 0, -12 * s], facet + [0, 0, 12 * s], 6 * s, 5 * s))
        tip = facet + np.array([side * (34 if level[0] != "C" else 14) * s, 2 * s, 2 * s])
        parts.append(Rod(facet, tip, 5 * s, 4 * s))
        parts.append(Rod(facet, centre + [0, half[1] + 28 * s, -2 * s], 4.5 * s, 4.5 * s))
    start = centre + [0, half[1] + 26 * s, -2 * s]
    end = start + np.array([rng.normal(0, 2), 26 * s, drop])
    parts.append(Rod(start, end, 4.5 * s, 5.5 * s))
    canvas.lay_bone(parts, BoneStuff(stuff.inner * 1.1 + 60, stuff.cortex + 150, 1.6))


def lay_cage(canvas: Canvas, plan: BodyPlan, rng: np.random.Generator) -> None:
    """Ribs with cartilage, and the breastbone."""
    stuff = BoneStuff(float(rng.uniform(80, 300)), 950, 1.4).scaled(plan.mineral)
    cartilage = float(rng.uniform(70, 130)) if rng.random() < 0.6 else float(rng.uniform(150, 420))
    top, bottom = plan.height(512), plan.height(370)
    _, front, _ = plan.outline(np.array([top, bottom]))
    chest = [np.array([0.0, 12.0 - front[0], top]), np.array([0.0, 12.0 - front[1], bottom])]
    for number in range(1, 13):
        origin = plan.at(f"T{number}")
        slope = rng.uniform(0.85, 1.15) * np.interp(number, [1, 4, 9, 12], [30, 62, 80, 60])
        for side in SIDES:
            path = _rib(plan, origin, number, side, float(slope) * plan.tall)
            canvas.lay_bone(rods(path, 5.0 * plan.wide), stuff)
            if number <= 9:
                share = np.clip((number - 1) / 6.0, 0, 1)
                root = chest[0] + (chest[1] - chest[0]) * share + [side * 14, 0, 0]
                middle = (path[-1] + root) / 2 - [0, 0, 10 + 4 * max(0, number - 6)]
                canvas.fill(rods([path[-1], middle, root], 5.5), cartilage)
    bone = stuff.scaled(0.9)
    for across, half in ((10.0, 8.0), (-10.0, 8.0)):
        canvas.lay_bone(rods([p + [across, 0, 0] for p in chest], half), bone)
    canvas.lay_bone([Ball(chest[0] + [0, 2, 8], np.array([34.0, 9.0, 24.0]))], bone)


def _rib(
    plan: BodyPlan, origin: np.ndarray, number: int, side: float, slope: float
) -> list[np.ndarray]:
    """From the spine round the chest, falling forward."""
    end = np.interp(number, [1, 2, 7, 10, 11, 12], [165, 160, 150, 120, 80, 62])
    angles = np.radians(np.linspace(14, end, 10))
    heights = origin[2] + 4 - slope * (1 - np.cos(angles)) / 2
    width, front, back = plan.outline(heights)
    shrink = np.interp(number, [1, 2, 4, 12], [0.45, 0.66, 0.88, 0.90])
    front, back = front - 12, np.minimum(back - 30, origin[1] + 38)
    middle, depth = (back - front) / 2, (back + front) / 2
    out = [origin + [side * 18, 16, 2]]
    for a, z, w, m, d in zip(angles, heights, width - 12, middle, depth, strict=True):
        out.append(
            np.array([side * w * shrink * np.sin(a), m + d * np.cos(a) * min(1, shrink + 0.15), z])
        )
    return out


def lay_head(canvas: Canvas, plan: BodyPlan, rng: np.random.Generator) -> None:
    """Skull with brain, face, air spaces, jaw and teeth, and the skin around them."""
    atlas = plan.at("C1")
    size = float(rng.uniform(0.93, 1.08)) * (0.4 + 0.6 * plan.wide)
    bone = BoneStuff(float(rng.uniform(350, 700)), 1250, 1.8).scaled(0.5 + 0.5 * plan.mineral)
    vault = atlas + np.array([0, -12, 88]) * size
    radii = np.array([74.0, 93.0, 78.0]) * size
    face = atlas + np.array([0, -62, 20]) * size
    canvas.fill([Ball(vault, radii + 7), Ball(face, np.array([66, 58, 78]) * size)], 20.0)
    for part in (Ball(vault, radii),):
        canvas.lay_bone([part], bone)
    brain = Ball(vault, radii - rng.uniform(5.5, 8.5))
    canvas.fill([brain], 36.0)
    _unbone(canvas, brain)
    for side in SIDES:
        petrous = [
            vault + np.array([side * 62, 12, -55]) * size,
            vault + np.array([side * 14, -14, -52]) * size,
        ]
        canvas.lay_bone(rods(petrous, 11.0 * size), BoneStuff(900, 1500, 3))
        canvas.fill([Ball(petrous[0] + [0, 16, -6], np.array([9, 12, 14]) * size)], -500.0)
        orbit = face + np.array([side * 31, -26, 40]) * size
        canvas.lay_bone([Ball(orbit, np.array([22, 22, 20]) * size)], BoneStuff(400, 700, 1.5))
        canvas.fill([Ball(orbit + [0, -6, 0], np.array([18, 22, 17]) * size)], 5.0)
        cheek = face + np.array([side * 28, -26, 8]) * size
        canvas.lay_bone([Ball(cheek, np.array([20, 20, 22]) * size)], BoneStuff(500, 800, 1.5))
        canvas.fill(
            [Ball(cheek, np.array([15, 16, 18]) * size)], -900.0 if rng.random() < 0.8 else 30.0
        )
    canvas.lay_bone(
        [Ball(vault + np.array([0, -40, -58]) * size, np.array([40, 45, 7]) * size)], bone
    )
    canvas.fill([Ball(face + np.array([0, -28, 12]) * size, np.array([9, 34, 24]) * size)], -850.0)
    canvas.fill(
        rods([face + np.array([0, 18, 5]) * size, face + np.array([0, 40, -60]) * size], 9.0),
        -950.0,
    )
    chin = face + np.array([0, -46, -58]) * size
    for side in SIDES:
        jaw = [
            chin,
            face + np.array([side * 30, -30, -52]) * size,
            face + np.array([side * 46, 18, -42]) * size,
            face + np.array([side * 50, 28, 18]) * size,
        ]
        canvas.lay_bone(
            rods(jaw, [11 * size, 10 * size, 9 * size, 7 * size]), BoneStuff(500, 1300, 2.5)
        )
        if rng.random() < 0.85:
            teeth = [
                face + np.array([side * 2, -50, -32]) * size,
                face + np.array([side * 24, -34, -32]) * size,
                face + np.array([side * 30, -8, -32]) * size,
            ]
            canvas.lay_bone(rods(teeth, 7.5 * size), BoneStuff(1700, 1900, 2))
            if rng.random() < 0.3:
                canvas.fill([Ball(teeth[2], rng.uniform(4, 8, 3))], 3000.0)


def _unbone(canvas: Canvas, ball: Ball) -> None:
    """What lies within a hollow bone counts as none."""
    found = canvas.depth([ball])
    if found is not None:
        window, depth = found
        canvas.bone[window] *= 1 - canvas.share(depth)
