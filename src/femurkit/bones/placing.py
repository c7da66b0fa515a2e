"""The shape model's femur placed over a surface by iterative closest points.

First rigid from several heights until one fits (the scan may show any part of the bone), then bent
along its components. Points of the surface look for the model, and those of the model that lie in
the scan look for the surface.
Source: Besl and McKay, 1992, doi 10.1109/34.121791; point to plane: Chen and Medioni, 1992,
doi 10.1016/0262-8856(92)90066-C.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from femurkit.anatomy import Side
from femurkit.bones.model import shape_model
from femurkit.mesh import Mesh, vertex_areas_mm2, vertex_normals
from femurkit.solid import Plane, uncut

COMPONENTS = 10
"""Of the shape's variation; the 26 subjects do not bear many more."""
MOST_SD = 3.0
POINTS = 800
PROXIMAL_MM = 90.0
STARTS_MM = (0.0, 30.0, 60.0, 90.0)
"""How much of the upper femur may be missing above the surface."""
FITS_MM = 2.0
"""A start that ends so near to the surface, and the surface to it, needs no other beside it."""
STILL_MM = 0.002
"""A step that shifts, turns (by ARM_MM) and bends (in SD) by no more is the last."""
WITHIN_MM = 2.0
"""So far inside the scan a point of the model must lie to be looked for."""
LEAST_MODEL = 50
"""Vertices of the model in the range of the surface; fewer place nothing."""
ARM_MM = 50.0
"""Turns weigh as much as the shifts they make at this distance from the hip."""
FAR_MM = (3.0, 8.0)
"""From twice the usual distance on, within these bounds, points pull the less the farther they are:
a part that is missing must not draw the model away from what is there.
"""
STIFF, HELD = 0.3, 0.02
"""Weights of the components' deviations (in SD) and of a step, against the squared mm."""

MIRROR = np.array([-1.0, 1.0, 1.0])
Shown = Callable[[np.ndarray], np.ndarray]
"""Points (n, 3) LPS mm -> (n,) bool."""


@dataclass(frozen=True, eq=False)
class Model:
    """A left femur with its hip at the origin. modes: (k, n, 3) mm per SD; faces: (m, 3)."""

    vertices: np.ndarray
    modes: np.ndarray
    faces: np.ndarray

    @cached_property
    def tree(self) -> cKDTree:
        """Of its vertices, unbent."""
        return cKDTree(self.vertices)

    @cached_property
    def normals(self) -> np.ndarray:
        """Of its vertices, unbent, (n, 3) unit."""
        return self.normals_of(self.vertices)

    @cached_property
    def _around(self) -> sparse.csr_matrix:
        """Which faces adjoin a vertex, (n, m)."""
        row, column = self.faces.ravel(), np.repeat(np.arange(len(self.faces)), 3)
        shape = len(self.vertices), len(self.faces)
        return sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=shape)

    def normals_of(self, placed: np.ndarray) -> np.ndarray:
        """Unit outward normals (n, 3) of its vertices where they lie at `placed`, (n, 3)."""
        a, b, c = (placed[self.faces[:, i]] for i in range(3))
        out = self._around @ np.cross(b - a, c - a)
        length = np.linalg.norm(out, axis=1, keepdims=True)
        return np.asarray(out / np.where(length > 0, length, 1.0))


@dataclass(frozen=True, eq=False)
class Target:
    """Points of the surface (n, 3), of a left femur, their normals, and where the scan ends."""

    points: np.ndarray
    normals: np.ndarray
    tree: cKDTree
    planes: tuple[Plane, ...]
    shown: Shown | None

    @cached_property
    def _inward(self) -> tuple[np.ndarray, np.ndarray]:
        """Of all planes: inward normals (3, p), and how far along them the scan begins (p,) mm."""
        inward = np.array([plane.inward for plane in self.planes]).reshape(-1, 3)
        points = np.array([plane.point_mm for plane in self.planes]).reshape(-1, 3)
        return inward.T, (points * inward).sum(1)

    def in_scan(self, points: np.ndarray) -> np.ndarray:
        """Indices of points that lie well in the scan, where it shows anything."""
        inward, first = self._inward
        inside = (points @ inward - first > WITHIN_MM).all(1)
        if self.shown is not None:
            inside[inside] = self.shown(points[inside])
        return np.flatnonzero(inside)


@dataclass(frozen=True, eq=False)
class Pose:
    """turn @ (vertices + amounts @ modes) + shift."""

    turn: np.ndarray
    shift: np.ndarray
    amounts: np.ndarray

    def place(self, model: Model) -> np.ndarray:
        """The model's vertices where they come to lie, (n, 3) mm."""
        bent = model.vertices + np.tensordot(self.amounts, model.modes, 1)
        return np.asarray(bent @ self.turn.T + self.shift)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Vertices of the model and points of the surface that belong together.

    placed: the model's vertices, (n, 3).
    """

    placed: np.ndarray
    vertex: np.ndarray
    point: np.ndarray
    apart: np.ndarray
    weight: np.ndarray
    normal: np.ndarray
    outward: int
    """So many were sought from the surface, the rest from the model."""


@lru_cache(maxsize=1)
def left_femur() -> Model:
    """The mean femur and how femora vary, its hip at the origin."""
    shapes = shape_model()
    vertices, modes = shapes.variation("femur", COMPONENTS)
    top = vertices[:, 2].max()
    proximal = vertices[:, 2] > top - PROXIMAL_MM
    hip = np.array([*vertices[proximal].mean(0)[:2], top - PROXIMAL_MM / 2])
    modes = modes - modes[:, proximal].mean(1)[:, None]
    return Model(vertices - hip, modes, shapes.faces("femur"))


def target_of(surface: Mesh, side: Side, planes: Sequence[Plane], shown: Shown | None) -> Target:
    """Points spread evenly over the bone's own surface, the same ones each time."""
    flip = np.ones(3) if side is Side.LEFT else MIRROR
    own = uncut(surface, planes)
    areas, normals = vertex_areas_mm2(own), vertex_normals(own)
    chosen = np.random.default_rng(0).choice(len(areas), POINTS, p=areas / areas.sum())
    points = surface.vertices[chosen] * flip
    turned = tuple(Plane(p.point_mm * flip, p.inward * flip) for p in planes)
    here = None if shown is None else (lambda at: shown(at * flip))
    return Target(points, normals[chosen] * flip, cKDTree(points), turned, here)


def first_pose(model: Model, target: Target, above_mm: float) -> Pose | None:
    """Upright, with its top so far above the surface's, in the middle of it."""
    low, high = target.points.min(0), target.points.max(0)
    up = high[2] + above_mm - model.vertices[:, 2].max()
    height = model.vertices[:, 2] + up
    part = model.vertices[(height >= low[2]) & (height <= high[2])]
    if len(part) < LEAST_MODEL:
        return None
    across = (low + high)[:2] / 2 - (part.min(0) + part.max(0))[:2] / 2
    return Pose(np.eye(3), np.array([*across, up]), np.zeros(COMPONENTS))


def settled(model: Model, target: Target, pose: Pose) -> Pose:
    """Moved as a whole, then bent a little: enough to compare starts."""
    for _ in range(15):
        pairs = _pairs(model, target, pose)
        weight = pairs.weight / pairs.weight.sum()
        here, there = pairs.placed[pairs.vertex], target.points[pairs.point]
        at, to = weight @ here, weight @ there
        turn = Rotation.align_vectors(there - to, here - at, weights=weight)[0].as_matrix()
        pose = replace(pose, turn=turn @ pose.turn, shift=to + turn @ (pose.shift - at))
    return bent(model, target, pose, rounds=8, components=3)


def bent(model: Model, target: Target, pose: Pose, *, rounds: int, components: int) -> Pose:
    """Moved and bent by Gauss-Newton steps on the distances along the normals."""
    stiff = np.r_[np.full(6, HELD), np.full(components, STIFF)]
    for _ in range(rounds):
        pairs = _pairs(model, target, pose)
        normal, here = pairs.normal, pairs.placed[pairs.vertex]
        moves = np.einsum("kvj,vj->vk", model.modes[:components, pairs.vertex], normal @ pose.turn)
        slope = np.c_[np.cross(here - pose.shift, normal) / ARM_MM, normal, moves]
        left = (normal * (target.points[pairs.point] - here)).sum(1)
        pull = slope.T @ (pairs.weight * left)
        pull[6:] -= STIFF * pose.amounts[:components]
        step = np.linalg.solve(slope.T @ (slope * pairs.weight[:, None]) + np.diag(stiff), pull)
        amounts = pose.amounts.copy()
        amounts[:components] = np.clip(amounts[:components] + step[6:], -MOST_SD, MOST_SD)
        turn = Rotation.from_rotvec(step[:3] / ARM_MM).as_matrix() @ pose.turn
        pose = Pose(turn, pose.shift + step[3:6], amounts)
        if np.abs(step).max() < STILL_MM:
            break
    return pose


def cost(offs: tuple[np.ndarray, np.ndarray]) -> float:
    """How badly a pose fits, mm², by its squared distances: they count up to FAR_MM, so that a part
    that is missing says as little for one pose as for another.
    """
    return float(sum(np.minimum(part, FAR_MM[1] ** 2).mean() for part in offs))


def squared_offs(model: Model, target: Target, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Squared distances along the normals, mm²: of the surface's points, and of what the model has
    within the scan (one zero where it has nothing there).
    """
    pairs = _pairs(model, target, pose)
    off = target.points[pairs.point] - pairs.placed[pairs.vertex]
    off = (off * pairs.normal).sum(1) ** 2
    out, back = off[: pairs.outward], off[pairs.outward :]
    return out, back if len(back) else np.zeros(1)


def _pairs(model: Model, target: Target, pose: Pose) -> _Pairs:
    """Nearest neighbours both ways; far ones weigh less."""
    placed = pose.place(model)
    if pose.amounts.any():
        tree = cKDTree(placed, balanced_tree=False)  # asked once: built fast
        apart, vertex = tree.query(target.points)
        normals = model.normals_of(placed)
    else:
        apart, vertex = model.tree.query((target.points - pose.shift) @ pose.turn)
        normals = model.normals @ pose.turn.T
    seen = target.in_scan(placed)
    back, point = target.tree.query(placed[seen])
    count = len(apart)
    apart = np.concatenate([apart, back])
    weight = np.repeat([1 / count, 1 / max(len(seen), count / 4)], [count, len(seen)])
    far = float(np.clip(2 * np.median(apart[:count]), *FAR_MM))
    return _Pairs(
        placed,
        np.concatenate([vertex, seen]),
        np.concatenate([np.arange(count), point]),
        apart,
        weight * np.minimum(1, far / np.maximum(apart, 1e-9)) ** 2,
        np.concatenate([normals[vertex], target.normals[point]]),
        count,
    )
