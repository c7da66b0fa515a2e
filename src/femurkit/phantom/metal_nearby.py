"""Metal beside the hip that is no implant of it: seeds, screws of the sacrum, a symphysis plate."""

from __future__ import annotations

import numpy as np

from femurkit.phantom.anatomy import Anatomy
from femurkit.phantom.implant import metal, with_parts
from femurkit.phantom.part import Part
from femurkit.phantom.solids import Box, Rod


def seeded(anatomy: Anatomy, rng: np.random.Generator) -> Anatomy:
    """Brachytherapy seeds around the prostate."""
    centre = np.array([rng.normal(0, 4), rng.uniform(-10, 10), rng.uniform(-15, 10)])
    parts = []
    for _ in range(int(rng.integers(25, 80))):
        middle = centre + rng.uniform(-1, 1, 3) * [22, 16, 20]
        way = rng.normal(0, 0.3, 3) + [0, 0, 1.0]
        path = middle + np.outer([-2.2, 2.2], way / np.linalg.norm(way))
        parts.append(Part(Rod(path, np.full(2, 0.5)), 6000.0, "seed"))
    return with_parts(anatomy, tuple(parts), rng)


def sacral_screws(anatomy: Anatomy, rng: np.random.Generator) -> Anatomy:
    """Screws across the sacroiliac joints, and perhaps pairs of them in the lowest vertebrae."""
    pelvis = next(b.mesh.vertices for b in anatomy.bones if b.kind == "pelvis")
    back, wide = float(pelvis[:, 1].max()), float(np.abs(pelvis[:, 0]).max())
    name, hu = metal(rng, "titanium", "steel")
    parts = []
    for _ in range(int(rng.integers(1, 4))):
        height, depth = rng.uniform(45, 100), back - rng.uniform(20, 45)
        side = float(rng.choice([-1, 1]))
        path = np.array(
            [[side * wide * 0.75, depth, height], [side * rng.uniform(-20, 25), depth, height]]
        )
        parts.append(Part(Rod(path, np.full(2, rng.uniform(3, 4))), hu, name))
    for level in range(int(rng.integers(0, 3))):
        for side in (-1.0, 1.0):
            height = 100.0 + 36 * level
            path = np.array([[side * 24, back - 5, height], [side * 13, back - 48, height - 4]])
            parts.append(Part(Rod(path, np.full(2, 3.0)), hu, name))
    return with_parts(anatomy, tuple(parts), rng)


def symphysis_plate(anatomy: Anatomy, rng: np.random.Generator) -> Anatomy:
    """A plate with screws over the symphysis."""
    pelvis = next(b.mesh.vertices for b in anatomy.bones if b.kind == "pelvis")
    front = pelvis[(np.abs(pelvis[:, 0]) < 18) & (pelvis[:, 1] < np.median(pelvis[:, 1]))]
    top = front[front[:, 2].argmax()] if len(front) else np.array([0.0, -40, -10])
    name, hu = metal(rng, "titanium", "steel")
    centre = np.array([0.0, top[1], top[2] + 2])
    parts = [Part(Box(centre, np.eye(3), np.array([rng.uniform(28, 45), 5.0, 2.0])), hu, name)]
    for x in (-30.0, -15.0, 15.0, 30.0):
        path = centre + np.array([[x, 0, 0], [x, 3, -rng.uniform(25, 45)]])
        parts.append(Part(Rod(path, np.full(2, 1.8)), hu, name))
    return with_parts(anatomy, tuple(parts), rng)


NEARBY = {"seeds": seeded, "sacral screws": sacral_screws, "symphysis plate": symphysis_plate}
