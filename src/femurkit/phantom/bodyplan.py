"""Where the parts of a trunk lie: heights, the line of the spine, the outline of the body.

Space is LPS mm with the midpoint of the hip centres at the origin, as for the anatomy of the hips.
All numbers are rough adult means at size 1; what is drawn varies about them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEVELS = (
    "L5",
    "L4",
    "L3",
    "L2",
    "L1",
    *(f"T{n}" for n in range(12, 0, -1)),
    *(f"C{n}" for n in range(7, 0, -1)),
)
"""Vertebrae from below."""
PITCH_MM = {"L": 35.0, "T": 24.5, "C": 17.0}
OUTLINE = (
    (-70.0, 140.0, 75.0, 80.0),
    (0.0, 160.0, 85.0, 118.0),
    (90.0, 152.0, 90.0, 118.0),
    (180.0, 138.0, 92.0, 100.0),
    (300.0, 140.0, 105.0, 96.0),
    (400.0, 152.0, 112.0, 100.0),
    (470.0, 158.0, 105.0, 108.0),
    (530.0, 168.0, 80.0, 100.0),
    (570.0, 120.0, 50.0, 85.0),
    (592.0, 68.0, 45.0, 75.0),
    (620.0, 58.0, 50.0, 65.0),
    (690.0, 56.0, 58.0, 66.0),
    (720.0, 40.0, 40.0, 50.0),
    (735.0, 1.0, 1.0, 1.0),
)
"""Height, half width, and reach before and behind the hip axis of a lean body; the head has its
own."""


@dataclass(frozen=True, eq=False)
class BodyPlan:
    """One drawn trunk: how tall, how wide, how fat, how the spine runs.

    tall, wide: of the trunk, beside the mean. fat_mm: under the skin of the trunk. spine: (n, 3)
    centres of the vertebral bodies from L5 up; pitch: distance of each to the next, mm. mineral:
    1 for usual bones, 0.5 porotic, 1.3 dense.
    """

    tall: float
    wide: float
    fat_mm: float
    belly_mm: float
    wall_mm: float
    spine: np.ndarray
    pitch: np.ndarray
    mineral: float
    base: np.ndarray
    """Middle of the sacrum's upper end."""

    def height(self, mm: float) -> float:
        """Where a height of the mean body lies in this one."""
        return float(self.base[2] + (mm - 122.0) * self.tall) if mm > 122.0 else mm

    def at(self, level: str) -> np.ndarray:
        """Centre of a vertebral body."""
        return np.asarray(self.spine[LEVELS.index(level)])

    def spine_y(self, z: float) -> float:
        """How far behind the hip axis the spine runs at a height."""
        return float(np.interp(z, self.spine[:, 2], self.spine[:, 1]))

    def outline(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Half width, reach before and reach behind of the lean body at heights (n,), mm."""
        table = np.array(OUTLINE)
        heights = [self.height(h) for h in table[:, 0]]
        width, front, back = (np.interp(z, heights, table[:, c]) for c in (1, 2, 3))
        bent = np.interp(z, self.spine[:, 2], self.spine[:, 1]) - 45.0
        neck = np.clip((z - self.height(500.0)) / (90 * self.tall), 0, 1)
        return width * self.wide, front * self.wide - bent * neck, back * self.wide + bent * neck


def draw_plan(
    rng: np.random.Generator, base: np.ndarray, *, fat_mm: float, mineral: float, scale: float
) -> BodyPlan:
    """A trunk upon a sacrum whose upper end lies at `base`, LPS mm; scale: of the pelvis."""
    tall = scale * float(rng.uniform(0.9, 1.1))
    wide = scale * float(rng.uniform(0.92, 1.1))
    pitch = np.array([PITCH_MM[level[0]] for level in LEVELS]) * tall
    pitch *= np.interp(np.arange(len(LEVELS)), [0, 4, 16, 17, 23], [1, 0.97, 0.85, 1, 0.95])
    up = 17.0 * tall + np.concatenate([[0], np.cumsum((pitch[:-1] + pitch[1:]) / 2)])
    lordosis, kyphosis = rng.uniform(5, 28), rng.uniform(5, 40)
    share = up / up[-1]
    bend = -lordosis * np.sin(np.pi * np.clip(share / 0.42, 0, 1))
    bend += kyphosis * np.sin(np.pi * np.clip((share - 0.35) / 0.5, 0, 1)) ** 1.5
    bend -= rng.uniform(0, 30) * np.clip((share - 0.8) / 0.2, 0, 1)
    lean = rng.normal(0, 9) * share
    sway = rng.normal(0, 5) * np.sin(np.pi * share) + rng.normal(0, 9) * np.sin(3 * share)
    spine = base + np.stack([sway, -4 + 12 * share + bend + lean, up], 1)
    return BodyPlan(
        tall, wide, fat_mm, float(rng.gamma(1.5, 0.35) * fat_mm), float(rng.uniform(9, 20)),
        spine, pitch, mineral, base,
    )  # fmt: skip
