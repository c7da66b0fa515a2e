"""The contrast media that make blood and hollow organs as bright as bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
