"""Organs of chest and abdomen, and the contrast media that make them as bright as bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.phantom.bodyplan import BodyPlan
from femurkit.phantom.canvas import Ball, Canvas, Rod, rods
from femurkit.phantom.skeleton import SIDES


@dataclass(frozen=True)
class Contrast:
    """HU of blood and of what fills hollow organs, of one patient at one time.

    kidney: of its cortex; pelvis: of the renal pelves and ureters. oral: share of bowel loops with
    oral contrast; oral_hu: their mean HU.
    """

    artery: float
    vein: float
    heart: float
    liver: float
    spleen: float
    kidney: float
    pelvis: float
    bladder: float
    oral: float
    oral_hu: float


def draw_contrast(rng: np.random.Generator) -> Contrast:
    """No contrast, arterial, venous or excretory phase; with oral contrast or without."""
    phase = rng.random()
    artery = vein = heart = float(rng.uniform(30, 55))
    liver, spleen, kidney = rng.uniform(35, 70), rng.uniform(40, 60), rng.uniform(25, 45)
    pelvis = bladder = float(rng.uniform(-5, 20))
    if phase > 0.35:  # injected
        late = rng.random()
        artery = float(rng.uniform(140, 280) if late > 0.45 else rng.uniform(220, 650))
        vein = float(artery * rng.uniform(0.7, 1.05) if late > 0.45 else rng.uniform(40, 180))
        heart = artery * float(rng.uniform(0.8, 1.2))
        liver, spleen = rng.uniform(60, 140), rng.uniform(90, 180)
        kidney = rng.uniform(120, 330)
        if late > 0.7:
            pelvis = float(np.exp(rng.uniform(np.log(120), np.log(2500))))
            bladder = float(rng.uniform(0, 1) ** 1.5 * 1200)
    if rng.random() < 0.06:
        bladder = float(rng.uniform(200, 1800))
    oral = float(rng.uniform(0.15, 1.0)) if rng.random() < 0.45 else 0.0
    oral_hu = float(np.exp(rng.uniform(np.log(110), np.log(900))))
    return Contrast(
        artery, vein, heart, float(liver), float(spleen), float(kidney), pelvis, bladder, oral,
        oral_hu,
    )  # fmt: skip


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
    floor = np.float32(dome) + 42 * np.maximum(bulge, -2.2) + np.where(x < 0, np.float32(10), np.float32(0))
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
        tip = root + np.array([side * rng.uniform(20, 80), rng.uniform(-50, 60), rng.uniform(-90, 80)])  # fmt: skip
        canvas.fill([Rod(root, tip, 6.5, 2.5)], contrast.heart)
    if rng.random() < 0.25:
        side = float(rng.choice(SIDES))
        spot = np.array([side * 75, plan.spine_y(plan.height(430)) + 5, plan.height(rng.uniform(380, 450))])  # fmt: skip
        canvas.fill([Ball(spot, rng.uniform([25, 25, 15], [55, 55, 60]))], float(rng.uniform(0, 60)), strength=0.9)  # fmt: skip
    heart = np.array([22.0, plan.spine_y(plan.height(430)) - 78, dome + 55])
    size = float(rng.uniform(0.85, 1.35)) * plan.wide
    canvas.fill([Ball(heart, np.array([60, 46, 52]) * size)], 90.0 if contrast.artery > 100 else 45.0)  # fmt: skip
    for shift, radii in (((-26, 2, 6), (28, 26, 34)), ((22, -4, -8), (30, 24, 30)), ((-4, 22, 20), (24, 18, 22))):  # fmt: skip
        value = contrast.heart * float(rng.uniform(0.6, 1.15))
        canvas.fill([Ball(heart + np.array(shift) * size, np.array(radii) * size)], value)
    trachea = [np.array([0, plan.spine_y(plan.height(h)) - 42, plan.height(h)]) for h in (640, 560, 480)]  # fmt: skip
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

    aorta = [before("L4", 4), before("L2", 8), before("T12", 10), before("T8", 16), before("T5", 18)]  # fmt: skip
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
        for a, b in zip(path[:-1], path[1:], strict=True):
            if chalk and rng.random() < 0.6:
                spot = a + (b - a) * rng.random() + rng.normal(0, 1, 3) * radius * 0.6
                canvas.fill([Ball(spot, rng.uniform(2, 5, 3))], float(rng.uniform(400, 1400)))


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
    canvas.fill([Ball(np.array([92 * w, 42, h(352)]), np.array([28, 42, 52]) * size)], contrast.spleen)  # fmt: skip
    canvas.fill(rods([[-45, -8, h(290)], [0, -12, h(300)], [60, 25, h(330)]], [13, 11, 9]), contrast.spleen * 0.8)  # fmt: skip
    if rng.random() < 0.5:  # gall bladder, at times with stones or contrast
        value = float(rng.uniform(150, 600)) if rng.random() < 0.12 else 8.0
        canvas.fill([Ball(np.array([-62 * w, -55, h(285)]), rng.uniform([12, 14, 20], [20, 22, 36]))], value)  # fmt: skip
    stomach = rods([[55 * w, 15, h(372)], [62 * w, -35, h(345)], [30, -60, h(300)], [-20, -55, h(292)]], [34, 32, 24, 16])  # fmt: skip
    filled = contrast.oral_hu * float(rng.uniform(0.4, 1.2)) if rng.random() < contrast.oral else float(rng.uniform(0, 50))  # fmt: skip
    _hollow(canvas, stomach, filled, float(rng.uniform(-95, 20)), rng)
    for side in SIDES:
        if rng.random() < 0.04:
            continue
        centre = np.array([side * 58 * w, plan.spine_y(h(255)) + 4, h(258 + 6 * side)]) + rng.normal(0, 6, 3)  # fmt: skip
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
        calyces = [Rod(hilum, centre + lean * s * radii[2] * 0.5, 5.0, 6.5) for s in (-1, -0.3, 0.4, 1)]  # fmt: skip
        canvas.fill(calyces, contrast.pelvis)
        canvas.fill([Ball(hilum - outward * 8, np.array([11, 10, 15.0]))], contrast.pelvis)
        ureter = [hilum - outward * 14, np.array([side * 36, centre[1] - 10, h(180)]), np.array([side * 42, 25.0, 95]), np.array([side * 30, 35.0, 40])]  # fmt: skip
        canvas.fill(rods(ureter, 2.8), contrast.pelvis)
        if rng.random() < 0.08:
            canvas.fill([Ball(hilum + lean * 10, rng.uniform(3, 14, 3))], float(rng.uniform(400, 1400)))  # fmt: skip
    if rng.random() < 0.05:  # a kidney in the pelvis
        canvas.fill([Ball(np.array([rng.uniform(-60, 60), 10, 90.0]), np.array([26, 24, 48.0]))], contrast.kidney)  # fmt: skip


def lay_bowel(
    canvas: Canvas, plan: BodyPlan, contrast: Contrast, rng: np.random.Generator
) -> None:
    """Colon round the abdomen, and loops of small bowel within it down to the pelvic floor."""
    h, w = plan.height, plan.wide
    deep = plan.belly_mm * 0.5
    frame = np.array([
        [-92, 20, 120], [-98, 22, 190], [-92, 10, 285], [-30, -70 - deep, h(250)], [40, -70 - deep, h(270)],
        [98, 15, h(335)], [102, 32, 240], [98, 32, 150], [70, 10, 95], [10, -10, 100], [-20, 30, 75],
        [5, 58, 55], [0, 55, 15], [0, 48, -15],
    ]) * [w, 1, 1] + rng.normal(0, 9, (14, 3))  # fmt: skip
    for a, b in zip(frame[:-1], frame[1:], strict=True):
        radius = float(rng.uniform(13, 30))
        _hollow(canvas, [Rod(a, b, radius, radius * 0.9)], *_content(contrast, rng, stool=True), rng)  # fmt: skip
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
    wave = np.cos((canvas.x[window[2]] * 0.11)[None, None] + (canvas.z[window[0]] * 0.13)[:, None, None])  # fmt: skip
    canvas.hu[window] += (hu + patchy * wave - canvas.hu[window]) * inner
    gas = inner * canvas.share(np.broadcast_to(gas_above_y - y, depth.shape))
    canvas.hu[window] += (-960.0 - canvas.hu[window]) * gas
