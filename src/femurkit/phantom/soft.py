"""Soft tissue around the bones: body outline, muscles with fat between, vessels, bladder, bowel.

Muscles are thick lines from origin to insertion, placed by the hip centre and scaled by the head
radius; where two come close a fat seam stays open. It is anatomy enough to teach and test on,
not an atlas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from femurkit.geometry import Grid, resample
from femurkit.phantom.brush import (
    FAR_MM,
    Ellipsoid,
    beyond,
    lay_organs,
    lay_vessels,
    path_distance,
    smooth_field,
)
from femurkit.phantom.shapes import Bone

AIR_HU = -1000.0

# Muscle: radius mm, then points (lateral, anterior, superior) mm from the hip centre at head
# radius 24.
MUSCLES = {
    "gluteus maximus": (27, [(-42, -80, 60), (10, -72, 0), (45, -32, -80)]),
    "gluteus medius": (24, [(8, -18, 95), (40, -12, 55), (58, -8, 0)]),
    "gluteus minimus": (13, [(12, 2, 70), (42, 8, 30), (55, 6, 5)]),
    "iliopsoas": (17, [(-45, -25, 140), (-12, 32, 40), (-6, 34, 10), (10, -14, -62)]),
    "rectus femoris": (13, [(6, 34, 26), (22, 48, -40), (34, 50, -240)]),
    "sartorius": (8, [(28, 42, 75), (10, 60, -30), (-25, 50, -240)]),
    "tensor fasciae latae": (11, [(38, 38, 72), (62, 28, -20), (68, 8, -120)]),
    "vastus lateralis": (26, [(58, 8, -42), (58, 12, -130), (50, 12, -300)]),
    "vastus medialis": (19, [(18, 22, -70), (14, 26, -160), (2, 20, -300)]),
    "pectineus": (12, [(-42, 34, -4), (-12, 20, -35), (14, -6, -72)]),
    "adductors": (30, [(-58, 8, -45), (-30, -8, -110), (10, -8, -230)]),
    "hamstrings": (25, [(-22, -48, -48), (-8, -55, -130), (5, -45, -300)]),
    "gracilis": (8, [(-68, 4, -40), (-58, -10, -160), (-40, -20, -300)]),
    "obturator internus": (10, [(-48, -2, 10), (-36, -38, -4), (42, -12, 2)]),
    "obturator externus": (10, [(-46, 8, -34), (-5, -20, -28), (42, -16, -6)]),
    "piriformis": (9, [(-70, -75, 50), (-10, -50, 22), (44, -8, 14)]),
    "quadratus femoris": (11, [(-16, -42, -46), (42, -24, -42)]),
    "erector spinae": (24, [(-52, -88, 80), (-48, -85, 250)]),
    "rectus abdominis": (16, [(-68, 40, -10), (-52, 85, 60), (-48, 105, 220)]),
    "oblique": (10, [(20, 30, 95), (48, 40, 150), (50, 30, 260)]),
}
MUSCLE_BULK = 1.4
"""Lines overlap by design; the seam between the two nearest keeps them apart."""
VESSELS = {
    "artery": (
        4.5,
        [(-55, -30, 130), (-32, 15, 60), (-10, 44, 10), (-12, 40, -60), (-18, 25, -200)],
    ),
    "vein": (6.0, [(-62, -36, 130), (-42, 8, 60), (-22, 42, 8), (-22, 38, -60), (-22, 18, -200)]),
}


class SoftTissue(Protocol):
    """Anything that gives the HU of soft tissue and air on a grid, as if there were no bone."""

    def hu(self, grid: Grid) -> np.ndarray:
        """float32 (z, y, x) of grid.shape."""
        ...


@dataclass(frozen=True)
class SoftHu:
    """HU of the soft tissues of one patient."""

    muscle: float
    fat: float
    artery: float
    vein: float
    urine: float
    bowel: float
    fat_in_muscle: float


def draw_soft_hu(rng: np.random.Generator) -> SoftHu:
    """Typical values; a quarter of the patients have contrast in the vessels, some in bladder
    or bowel.
    """
    artery = float(rng.uniform(130, 380)) if rng.random() < 0.25 else float(rng.uniform(35, 55))
    vein = artery * rng.uniform(0.5, 1.0) if artery > 100 else artery
    return SoftHu(
        float(rng.uniform(42, 68)),
        float(rng.uniform(-118, -88)),
        artery,
        float(vein),
        float(rng.uniform(150, 700)) if rng.random() < 0.12 else float(rng.uniform(-5, 18)),
        float(rng.uniform(100, 450)) if rng.random() < 0.2 else float(rng.uniform(15, 50)),
        float(rng.beta(1.2, 4.0)),
    )


@dataclass(frozen=True, eq=False)
class DrawnBody:
    """Soft tissue made of thick lines and ellipsoids around given bones."""

    lines: list[tuple[np.ndarray, float]]
    vessels: list[tuple[np.ndarray, float, float]]
    organs: list[Ellipsoid]
    torso: tuple[float, float, float]
    """Half width, anterior and posterior reach, mm."""
    thighs: list[Ellipsoid]
    values: SoftHu
    seed: int
    spacing_mm: float = 3.5

    def hu(self, grid: Grid) -> np.ndarray:
        """HU of soft tissue and air; computed on a coarse lattice, edges sharpened on the grid."""
        low, high = grid.bounds_mm()
        step = max(self.spacing_mm, min(grid.spacing_mm))
        low = np.floor(low / step) * step  # slabs of one scan share a lattice
        shape = np.ceil((high - low) / step).astype(int)[::-1] + 2
        lattice = Grid.aligned(tuple(shape), (step,) * 3, low)
        points = lattice.to_world(np.indices(lattice.shape).reshape(3, -1).T).astype(np.float32)
        lumps = smooth_field(lattice, self.seed, 30.0)
        first = np.full(lattice.shape, FAR_MM, np.float32)
        second = first.copy()
        for path, radius in self.lines:
            window, away = beyond(lattice, path, radius)
            second[window] = np.minimum(second[window], np.maximum(first[window], away))
            first[window] = np.minimum(first[window], away)
        muscle = np.minimum(-(first + 2.5 * lumps), second - first - 1.5)
        body = self._body(points).reshape(lattice.shape) + 3 * lumps
        muscle = np.minimum(muscle, body - 4.0)
        infiltration = (
            smooth_field(lattice, self.seed + 1, 9.0) - 1.6 + 2.2 * self.values.fat_in_muscle
        )
        lean = np.clip(-infiltration, -1, 1)
        values = self.values

        def on_grid(field: np.ndarray, outside: float) -> np.ndarray:
            return resample(field, lattice, grid, outside=outside)

        inside = on_grid(muscle, -FAR_MM)
        meat = (
            values.muscle
            + (values.fat - values.muscle) * np.clip(0.5 - on_grid(lean, 1.0), 0, 1) * 0.8
        )
        out = values.fat + (meat - values.fat) * np.clip(inside / 1.2 + 0.5, 0, 1)
        lay_vessels(out, grid, lattice, self.vessels)
        lay_organs(out, grid, self.organs, room=None)
        skin = on_grid(body, -9.0)
        out += (30.0 - out) * np.clip(1 - np.abs(skin - 1.2) / 1.2, 0, 1)
        return np.asarray(AIR_HU + (out - AIR_HU) * np.clip(skin / 1.2 + 0.5, 0, 1), np.float32)

    def _body(self, points: np.ndarray) -> np.ndarray:
        """Depth below the skin, roughly in mm."""
        width, front, back = self.torso
        y = points[:, 1]
        reach = np.where(y > 0, back, front)
        radial = (np.abs(points[:, 0] / width) ** 2.6 + np.abs(y / reach) ** 2.6) ** (1 / 2.6)
        torso = (1 - radial) * min(width, front, back)
        below = np.clip(-(points[:, 2] + 15) / 75, 0, None)
        depth = torso - 45 * below**2
        for top, bottom, radius in self.thighs:
            leg = radius - path_distance(points, np.stack([top, bottom]))
            depth = np.maximum(depth, np.minimum(leg, 20 - points[:, 2]))
        return np.asarray(depth, np.float32)


def draw_body(
    rng: np.random.Generator, bones: list[Bone], values: SoftHu, *, fat_mm: float | None = None
) -> DrawnBody:
    """Soft tissue to go around a pelvis and femurs whose hip midpoint is the origin.

    fat_mm: under the skin, drawn if not given.
    """
    pelvis = next(b.mesh.vertices for b in bones if b.kind == "pelvis")
    build = float(rng.uniform(0.8, 1.15))
    fat = float(rng.gamma(2.5, 9.0)) + 6 if fat_mm is None else fat_mm
    lines, vessels, thighs = [], [], []
    for femur in [b for b in bones if b.kind == "femur"]:
        frame = femur.frame
        assert frame is not None and femur.side is not None
        scale = frame.head_radius / 24
        axes = np.array([[femur.side.sign, 0, 0], [0, -1, 0], [0, 0, 1.0]]) * scale
        swing = frame.down - np.array([-0.13 * femur.side.sign, 0.0, -0.99])
        for radius, path in MUSCLES.values():
            points = np.array(path, float) @ axes + frame.head + rng.normal(0, 2.5, (len(path), 3))
            below = np.clip(frame.head[2] - points[:, 2] - 20, 0, None)
            points += below[:, None] * swing
            lines.append((points, MUSCLE_BULK * radius * scale * build * rng.uniform(0.85, 1.15)))
        for name, (calibre, path) in VESSELS.items():
            points = np.array(path, float) @ axes + frame.head + rng.normal(0, 3, (len(path), 3))
            points += np.clip(frame.head[2] - points[:, 2] - 20, 0, None)[:, None] * swing
            hu = values.artery if name == "artery" else values.vein
            vessels.append((points, calibre * rng.uniform(0.8, 1.3), hu))
        inward = np.array([-14.0 * femur.side.sign, 8, 0])
        top = frame.trochanter + inward + [0, 0, 40]
        thighs.append((top, top + frame.down * 420, 58 * scale * build + 0.9 * fat))
    torso = (
        float(np.abs(pelvis[:, 0]).max() + 12 + fat),
        float(rng.uniform(75, 95) + 1.2 * fat),
        float(pelvis[:, 1].max() + 14 + fat),
    )
    return DrawnBody(
        lines, vessels, draw_organs(rng, values), torso, thighs, values, int(rng.integers(2**31))
    )


def draw_organs(rng: np.random.Generator, values: SoftHu) -> list[Ellipsoid]:
    """Bladder, rectum and bowel loops as (centre, radii, HU)."""
    organs = [
        (
            np.array([rng.normal(0, 5), -18.0, 25.0]),
            rng.uniform([22, 18, 15], [45, 35, 38]),
            values.urine,
        ),
        (np.array([rng.normal(0, 4), 48.0, 20.0]), rng.uniform(12, 24, 3), values.bowel),
    ]
    for _ in range(int(rng.integers(4, 14))):
        centre = rng.uniform([-80, -75, 65], [80, 25, 260])
        radii = rng.uniform(9, 26, 3)
        organs.append((centre, radii, values.bowel))
        if rng.random() < 0.45:
            organs.append((centre + [0, -0.3 * radii[1], 0], radii * 0.6, -900.0))
    if rng.random() < 0.4:
        organs.append((np.array([0.0, 46, 30]), rng.uniform(6, 14, 3), -900.0))
    return organs
