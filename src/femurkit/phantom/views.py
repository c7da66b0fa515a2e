"""What a scan shows of a person: where it begins and ends, how the person lies, how large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial.transform import Rotation

from femurkit.geometry import Grid
from femurkit.phantom.trunk import Trunk

TableSide = Literal["behind", "before", "left", "right", "none"]
VIEWS = {
    "pelvis": 0.17, "abdomen and pelvis": 0.14, "trunk": 0.06, "whole": 0.03, "legs": 0.04,
    "one hip": 0.14, "half": 0.04,
    "chest": 0.10, "abdomen": 0.06, "head": 0.04, "knees": 0.04, "part": 0.14,
}  # fmt: skip
"""Shares of the kinds of scan; those from chest on hold no proximal femur."""


@dataclass(frozen=True, eq=False)
class View:
    """A scan to be made. grid: the scanner's, LPS mm; to_patient: (4, 4) from the scanner's LPS to
    the patient's own space; circle_mm: radius of the field of view within it, or None.
    """

    kind: str
    grid: Grid
    to_patient: np.ndarray
    table: TableSide
    circle_mm: float | None

    @property
    def in_patient(self) -> Grid:
        """The scan's grid in the patient's space."""
        return Grid(self.grid.shape, self.to_patient @ self.grid.affine)


def draw_view(trunk: Trunk, rng: np.random.Generator, *, step_mm: float) -> View:
    """Any scan of a person, a third of them without a proximal femur."""
    kind = str(rng.choice(list(VIEWS), p=list(VIEWS.values())))
    bottom, top = _ends(trunk, kind, rng)
    field = rng.uniform(340, 510) if kind not in ("one hip", "part") else rng.uniform(110, 260)
    centre = np.array([0.0, -5.0, 0.0]) + rng.normal(0, [14, 14, 0])
    centre[2] = (bottom + top) / 2
    size = np.array([field, field * rng.uniform(0.75, 1.0), top - bottom])
    if kind == "half":
        side = rng.choice([1.0, -1.0])
        size[0] *= 0.5
        centre[0] += side * size[0] * rng.uniform(0.4, 0.55)
    elif kind == "one hip":
        frames = [b.frame for b in trunk.hips.lattice if b.frame is not None]
        frame = frames[rng.integers(len(frames))]
        centre[:2] = frame.head[:2] + rng.normal(0, [30, 25]) + frame.lateral[:2] * 12
    elif kind == "part":
        centre = _somewhere(trunk, rng) + rng.normal(0, 18, 3)
        size = np.array([field, field * rng.uniform(0.7, 1.2), rng.uniform(90, 300)])
    turned = rng.random() < 0.5
    angles = rng.uniform(-20, 20, 3) if turned else rng.normal(0, [3, 2.5, 3.5])
    scale = rng.uniform(0.72, 1.28) if rng.random() < 0.35 else rng.uniform(0.88, 1.1)
    if kind in ("one hip", "part"):
        size[:2] /= max(scale, 1.0)
    whole = size * scale
    whole[:2] = np.minimum(np.maximum(size[:2], 0.8 * whole[:2]), 520)
    shape = np.maximum(np.ceil(whole[::-1] / step_mm).astype(int), 10)
    grid = Grid.aligned(tuple(shape), (step_mm,) * 3, -0.5 * step_mm * (shape[::-1] - 1))
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    to_patient = np.eye(4)
    to_patient[:3, :3] = turn.T / scale
    to_patient[:3, 3] = centre
    if kind in ("head", "chest", "abdomen", "knees", "part"):
        to_patient[2, 3] += _clearance(trunk, grid, to_patient, kind)
    sides: list[TableSide] = ["behind", "before", "left", "right", "none"]
    table = sides[rng.choice(5, p=[0.72, 0.08, 0.04, 0.04, 0.12])]
    circle = float(rng.uniform(0.46, 0.54) * max(whole[:2])) if rng.random() < 0.3 else None
    return View(kind, grid, to_patient, table, circle)


def _ends(trunk: Trunk, kind: str, rng: np.random.Generator) -> tuple[float, float]:
    """Lowest and highest height, mm, in the patient's space."""
    h = trunk.plan.height
    if kind == "pelvis":
        top = rng.uniform(-12, 45) if rng.random() < 0.3 else rng.uniform(30, 190)
        return rng.uniform(-170, -35) if rng.random() < 0.5 else rng.uniform(-300, -100), top
    if kind == "abdomen and pelvis":
        return rng.uniform(-150, -25), h(rng.uniform(230, 430))
    if kind == "trunk":
        return rng.uniform(-140, -25), h(rng.uniform(500, 680))
    if kind == "whole":
        return rng.uniform(-480, -100), h(rng.uniform(640, 900))
    if kind == "legs":
        return rng.uniform(-950, -330), rng.uniform(20, 190)
    if kind in ("one hip", "half"):
        low = rng.uniform(-180, -40)
        return low, low + rng.uniform(90, 260)
    if kind == "chest":
        low = h(rng.uniform(180, 420))
        return low, h(rng.uniform(520, 690))
    if kind == "abdomen":
        return rng.uniform(32, 190), h(rng.uniform(260, 460))
    if kind == "head":
        return h(rng.uniform(560, 740)), h(rng.uniform(760, 900))
    return rng.uniform(-900, -330), rng.uniform(-300, -110)  # knees


def _somewhere(trunk: Trunk, rng: np.random.Generator) -> np.ndarray:
    """A place that a small scan may be about: shoulder, wrist, iliac wing, knee, thigh, spine."""
    arm = trunk.arms[rng.integers(2)]
    side = float(rng.choice([1.0, -1.0]))
    leg = trunk.hips.legs[rng.integers(len(trunk.hips.legs))]
    frames = [b.frame for b in trunk.hips.lattice if b.frame is not None]
    frame = frames[rng.integers(len(frames))]
    wing = np.array([side * 100, 30, 120])
    thigh = frame.trochanter + frame.down * rng.uniform(120, 260)
    places = [
        arm.shoulder, arm.shoulder, arm.shoulder, arm.wrist, arm.elbow, wing, wing, wing,
        leg[0], leg[0], leg[0], leg[1], thigh, thigh,
        trunk.plan.at("L3"), trunk.plan.at("T8"), trunk.plan.at("C3"),
        np.array([side * 60, 40, trunk.plan.height(255)]),
        np.array([0, -30, trunk.plan.height(250)]),
    ]  # fmt: skip
    return np.asarray(places[rng.integers(len(places))], float)


def _clearance(trunk: Trunk, grid: Grid, to_patient: np.ndarray, kind: str) -> float:
    """How far to move a scan that is to hold no proximal femur, should a turn bring one in."""
    corners = grid.corners_mm() @ to_patient[:3, :3].T + to_patient[:3, 3]
    low, high = corners[:, 2].min(), corners[:, 2].max()
    femora = [b for b in trunk.hips.lattice if b.kind == "femur" and b.frame is not None]
    top = max(b.grid.bounds_mm()[1][2] for b in femora) - 4
    bottom = min(b.frame.trochanter[2] for b in femora if b.frame is not None) - 25
    if high < bottom or low > top:
        return 0.0
    above = kind != "knees" and (low + high) / 2 > (top + bottom) / 2
    return float(top - low if above else bottom - high)
