"""A shoulder from simple solids: humerus, scapula, clavicle and ribs, to be told from a hip.

It is drawn where a left hip would be (head at the origin, medial is -x), with the arm down or
raised, and mirrored for the right.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.phantom.anatomy import Anatomy
from femurkit.phantom.bone_hu import draw_bone_hu
from femurkit.phantom.brush import smooth_field
from femurkit.phantom.shapes import MIRROR, Bone, FemurFrame
from femurkit.phantom.soft import SoftHu, draw_soft_hu
from femurkit.phantom.solids import Ball, Rod, Solid, depth_on
from femurkit.surface.contour import contour
from femurkit.volume import Field

LATTICE_MM = 1.5
UP = np.array([0.0, 0.0, 1.0])


class Joined:
    """Several solids as one, their meeting rounded."""

    def __init__(self, solids: list[Solid], round_mm: float = 2.5) -> None:
        self.solids, self.round_mm = solids, round_mm

    def depth_mm(self, points: np.ndarray) -> np.ndarray:
        """See Solid."""
        depths = np.stack([s.depth_mm(points) for s in self.solids]) / self.round_mm
        most = depths.max(0)
        return np.asarray(self.round_mm * (most + np.log(np.exp(depths - most).sum(0))))

    def bounds_mm(self) -> tuple[np.ndarray, np.ndarray]:
        """See Solid."""
        ends = [s.bounds_mm() for s in self.solids]
        return np.min([e[0] for e in ends], 0), np.max([e[1] for e in ends], 0)


def surface_of(solid: Solid) -> Mesh:
    """A closed surface of a solid."""
    low, high = solid.bounds_mm()
    shape = np.ceil((high - low)[::-1] / LATTICE_MM).astype(int) + 7
    grid = Grid.aligned(tuple(shape), (LATTICE_MM,) * 3, low - 3 * LATTICE_MM)
    field = np.zeros(grid.shape, np.float32)
    window, depth = depth_on(solid, grid, margin_mm=2 * LATTICE_MM)
    field[window] = np.clip(depth + 9.0, 0, None)
    return contour(Field(field, grid), 9.0)


def _bone(kind: str, parts: list[Solid], thickness: float, frame: FemurFrame | None = None) -> Bone:
    mesh = surface_of(Joined(parts))
    return Bone(kind, None, mesh, np.full(len(mesh.vertices), thickness), frame)


def humerus(rng: np.random.Generator, turn: np.ndarray) -> Bone:
    """Head at the origin; turn: (3, 3) of an arm that hangs down."""
    big = rng.uniform(19, 26)
    length = rng.uniform(240, 320)
    neck = turn @ np.array([0.72, 0.15, -0.68])
    down = turn @ np.array([0.08, 0, -0.997])
    lateral = turn @ np.array([0.997, 0, 0.08])
    forward = np.cross(lateral, down)
    axis = neck * big * 0.75
    shaft = rng.uniform(10, 13)
    parts: list[Solid] = [
        Ball(np.zeros(3), big),
        Rod(np.array([axis - 4 * down, axis + 35 * down, axis + 70 * down, axis + length * down]),
            np.array([0.92 * big, 0.72 * big, shaft, shaft])),
        Ball(axis + lateral * 0.45 * big - down * 4, 0.6 * big),
        Ball(axis + forward * 0.75 * big + lateral * 2, 0.42 * big),
    ]  # fmt: skip
    frame = FemurFrame(np.zeros(3), big, axis + 45 * down, down, lateral, neck)
    bone = _bone("humerus", parts, 1.0, frame)
    below = (bone.mesh.vertices - frame.trochanter) @ down
    wall = 0.5 + rng.uniform(2, 4) / (1 + np.exp(-(below - 5) / 12))
    return replace(bone, thickness_mm=wall)


def _girdle(rng: np.random.Generator, big: float) -> list[Bone]:
    """Scapula, clavicle and ribs around a humeral head at the origin."""
    gap = big + rng.uniform(3, 6)
    glenoid = np.array([-gap - 6, 8, 0.0])
    thin = rng.uniform(3.0, 4.5)
    lower = glenoid + [-45, 45, -110]
    inner, upper = glenoid + [-85, 40, 5], glenoid + [-60, 25, 30]
    blade: list[Solid] = [
        Rod(np.array([glenoid + [0, 1, -14], glenoid + [0, 1, 14]]), np.array([8.0, 6.5])),
        Rod(np.array([glenoid, glenoid + [-15, 5, 0]]), np.array([9.0, 7.0])),
    ]
    for share in np.linspace(0, 1, 7):  # a fan of thin rods in place of a plate
        far = lower + share * (inner - lower) if share < 0.8 else upper
        blade.append(Rod(np.array([glenoid + [-14, 5, 0], far]), np.array([5.0, thin])))
    blade.append(
        Rod(np.array([inner, glenoid + [0, 32, 25], [2, 22, big + 14]]), np.array([4, 6, 7.0]))
    )
    blade.append(Rod(np.array([[2, 22, big + 14], [4, 0, big + 12.0]]), np.array([7.0, 6.5])))
    blade.append(Rod(np.array([glenoid + [-6, -4, 12], [-22, -22, big + 2.0]]), np.array([6, 5.0])))
    bones = [_bone("scapula", blade, 1.0)]
    path = np.array(
        [[0, -2, big + 18], [-40, -20, big + 26], [-80, -25, big + 18], [-130, -45, big]]
    )
    bones.append(_bone("clavicle", [Rod(path.astype(float), np.full(4, 6.0))], 2.0))
    for level in range(5):
        z = 10.0 - 26 * level
        turn = np.linspace(-0.9, 1.3, 9)
        ring = np.c_[-130 + 92 * np.cos(turn), 10 + 85 * np.sin(turn), z - 22 * turn]
        bones.append(_bone("rib", [Rod(ring, np.full(9, 4.5))], 1.0))
    return bones


class ShoulderBody:
    """Muscle and fat around the joint, lung medially, air outside; see SoftTissue."""

    def __init__(
        self, values: SoftHu, arm: np.ndarray, fat_mm: float, mirrored: bool, seed: int
    ) -> None:
        self.values, self.arm, self.fat_mm = values, arm, fat_mm
        self.mirrored, self.seed = mirrored, seed

    def hu(self, grid: Grid) -> np.ndarray:
        """See SoftTissue."""
        points = grid.to_world(np.indices(grid.shape).reshape(3, -1).T)
        if self.mirrored:
            points = points * [-1, 1, 1]
        fat = self.fat_mm
        arm = Rod(np.array([[0, 0, 0], 420 * self.arm]), np.array([48.0, 42]) + fat).depth_mm(
            points
        )
        chest = np.hypot((points[:, 0] + 130) / 135, (points[:, 1] - 10) / 105)
        body = np.maximum(arm, (1 - chest) * 110 + fat * 0.7)
        body = np.minimum(body, 75 + 0.15 * (-130 - points[:, 0]).clip(-80, 0) + 60 - points[:, 2])
        values = self.values
        out = np.full(len(points), values.muscle)
        noise = smooth_field(grid, self.seed, 9.0).ravel()
        out = np.where((body < fat) | (noise > 1.1 - values.fat_in_muscle), values.fat, out)
        lung = (1 - np.hypot((points[:, 0] + 130) / 86, (points[:, 1] - 10) / 79)) * 80
        lung = np.minimum(lung, 20 - points[:, 2])
        out += (-830 - out) * np.clip(lung / 3, 0, 1)
        vessel = Rod(
            np.array([[-110.0, -30, 20], [-30, -25, -15], 200 * self.arm + [-25, -5, 0]]),
            np.full(3, 5.0),
        )
        out += (values.artery - out) * np.clip(vessel.depth_mm(points) + 0.5, 0, 1)
        out = -1000 + (out + 1000) * np.clip(body / 1.5, 0, 1)
        return np.asarray(out.reshape(grid.shape), np.float32)


def draw_shoulder(rng: np.random.Generator, side: Side) -> Anatomy:
    """A shoulder of one side, its humeral head at the origin; it has no femur."""
    raised = rng.random() < 0.5
    lift = rng.uniform(100, 175) if raised else rng.uniform(-5, 35)
    angles = [rng.uniform(-25, 25), -lift, rng.uniform(-40, 40)]
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    arm = humerus(rng, turn)
    assert arm.frame is not None
    bones = [arm, *_girdle(rng, arm.frame.head_radius)]
    mirrored = side is Side.RIGHT
    if mirrored:
        bones = [b.moved(MIRROR) for b in bones]
    values = draw_soft_hu(rng)
    seed = int(rng.integers(2**31))
    body = ShoulderBody(values, arm.frame.down, float(rng.uniform(6, 30)), mirrored, seed)
    return Anatomy(tuple(bones), body, draw_bone_hu(rng, float(rng.beta(1.3, 1.1))), 130.0, seed)
