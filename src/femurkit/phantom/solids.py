"""Solids given by how deep a point lies in them: parts of implants, and what is cut from a bone.

Depths are mm, positive inside. They are exact next to a surface and no more than a bound elsewhere.
All coordinates are LPS mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from femurkit.geometry import Grid

Bounds = tuple[np.ndarray, np.ndarray]


class Solid(Protocol):
    """A body in space."""

    def depth_mm(self, points: np.ndarray) -> np.ndarray:
        """Depth (n,) of points (n, 3) below its surface."""
        ...

    def bounds_mm(self) -> Bounds:
        """Least and greatest coordinate."""
        ...


class Kept(Protocol):
    """The part of space in which a bone is left."""

    def kept_mm(self, points: np.ndarray) -> np.ndarray:
        """Depth (n,) of points (n, 3) below the surface of that part."""
        ...


@dataclass(frozen=True, eq=False)
class Rod:
    """A round rod along a path (n, 3), its radius given at every point (n,), with round ends.

    flat: what its thickness across `thin` is of that across the rest, as of a stem.
    """

    path: np.ndarray
    radii: np.ndarray
    flat: float = 1.0
    thin: np.ndarray | None = None

    def depth_mm(self, points: np.ndarray) -> np.ndarray:
        """See Solid."""
        out = np.full(len(points), -np.inf)
        for (a, b), (ra, rb) in zip(pairwise(self.path), pairwise(self.radii), strict=True):
            along = b - a
            share = np.clip((points - a) @ along / max(float(along @ along), 1e-9), 0, 1)
            off = points - a - share[:, None] * along
            if self.thin is not None:
                across = off @ self.thin
                off = off + (across * (1 / self.flat - 1))[:, None] * self.thin
            out = np.maximum(out, ra + share * (rb - ra) - np.linalg.norm(off, axis=1))
        return out

    def bounds_mm(self) -> Bounds:
        """See Solid."""
        reach = float(self.radii.max())
        return self.path.min(0) - reach, self.path.max(0) + reach


@dataclass(frozen=True, eq=False)
class Ball:
    """A ball; with `opening` (unit vector) only the half away from it; with `inner_mm` hollow."""

    centre: np.ndarray
    radius: float
    inner_mm: float = 0.0
    opening: np.ndarray | None = None

    def depth_mm(self, points: np.ndarray) -> np.ndarray:
        """See Solid."""
        ray = points - self.centre
        away = np.linalg.norm(ray, axis=1)
        out = self.radius - away
        if self.inner_mm:
            out = np.minimum(out, away - self.inner_mm)
        if self.opening is not None:
            out = np.minimum(out, -(ray @ self.opening))
        return np.asarray(out)

    def bounds_mm(self) -> Bounds:
        """See Solid."""
        return self.centre - self.radius, self.centre + self.radius


@dataclass(frozen=True, eq=False)
class Box:
    """A block around a centre. axes: (3, 3), one unit vector a row; half: (3,) half lengths."""

    centre: np.ndarray
    axes: np.ndarray
    half: np.ndarray

    def depth_mm(self, points: np.ndarray) -> np.ndarray:
        """See Solid."""
        return np.asarray((self.half - np.abs((points - self.centre) @ self.axes.T)).min(1))

    def bounds_mm(self) -> Bounds:
        """See Solid."""
        reach = np.abs(self.axes * self.half[:, None]).sum(0)
        return self.centre - reach, self.centre + reach


@dataclass(frozen=True, eq=False)
class RoughPlane:
    """One side of a rough surface: a plane with smooth waves on it.

    inward: unit normal toward the side that is kept. waves: (k, 3) directions per mm; phases: (k,)
    radians; rough_mm: height of each wave.
    """

    point: np.ndarray
    inward: np.ndarray
    waves: np.ndarray
    phases: np.ndarray
    rough_mm: np.ndarray

    def kept_mm(self, points: np.ndarray) -> np.ndarray:
        """See Kept."""
        flat = (points - self.point) @ self.inward
        for wave, phase, height in zip(self.waves, self.phases, self.rough_mm, strict=True):
            flat = flat - height * np.cos((points - self.point) @ wave + phase)
        return np.asarray(flat)


@dataclass(frozen=True, eq=False)
class Opposite:
    """The other side."""

    of: Kept

    def kept_mm(self, points: np.ndarray) -> np.ndarray:
        """See Kept."""
        return -self.of.kept_mm(points)


@dataclass(frozen=True, eq=False)
class Either:
    """What is kept by one or the other."""

    first: Kept
    second: Kept

    def kept_mm(self, points: np.ndarray) -> np.ndarray:
        """See Kept."""
        return np.maximum(self.first.kept_mm(points), self.second.kept_mm(points))


@dataclass(frozen=True, eq=False)
class All:
    """What is kept by all of some."""

    of: tuple[Kept, ...]

    def kept_mm(self, points: np.ndarray) -> np.ndarray:
        """See Kept."""
        return np.asarray(np.minimum.reduce([one.kept_mm(points) for one in self.of]))


@dataclass(frozen=True, eq=False)
class Layer:
    """The part of a solid that lies within half_mm of a surface."""

    solid: Solid
    surface: Kept
    half_mm: float

    def depth_mm(self, points: np.ndarray) -> np.ndarray:
        """See Solid."""
        near = self.half_mm - np.abs(self.surface.kept_mm(points))
        return np.minimum(self.solid.depth_mm(points), near)

    def bounds_mm(self) -> Bounds:
        """See Solid."""
        return self.solid.bounds_mm()


@dataclass(frozen=True, eq=False)
class Outside:
    """All but a solid."""

    solid: Solid

    def kept_mm(self, points: np.ndarray) -> np.ndarray:
        """See Kept."""
        return -self.solid.depth_mm(points)


@dataclass(frozen=True, eq=False)
class Moved:
    """A kept part moved rigidly by a (4, 4) map."""

    of: Kept
    affine: np.ndarray

    def kept_mm(self, points: np.ndarray) -> np.ndarray:
        """See Kept."""
        back = np.linalg.inv(self.affine)
        return self.of.kept_mm(points @ back[:3, :3].T + back[:3, 3])


def rough_plane(
    point: np.ndarray,
    inward: np.ndarray,
    rng: np.random.Generator,
    *,
    lengths_mm: tuple[float, float],
    heights_mm: tuple[float, float],
) -> RoughPlane:
    """A plane with six random waves of such lengths and heights."""
    waves = rng.normal(0, 1, (6, 3))
    waves *= (2 * np.pi / rng.uniform(*lengths_mm, 6) / np.linalg.norm(waves, axis=1))[:, None]
    rough = rng.uniform(*heights_mm, 6)
    return RoughPlane(point, inward / np.linalg.norm(inward), waves, rng.uniform(0, 6.3, 6), rough)


def plane(point: np.ndarray, inward: np.ndarray) -> RoughPlane:
    """A side without waves."""
    unit = inward / np.linalg.norm(inward)
    return RoughPlane(point, unit, np.zeros((0, 3)), np.zeros(0), np.zeros(0))


def depth_on(solid: Solid, grid: Grid, *, margin_mm: float) -> tuple[tuple[slice, ...], np.ndarray]:
    """Depth of a solid on the voxels of a grid that it meets: their window, and float32 (z, y, x).

    The window is empty where grid and solid do not meet.
    """
    low, high = solid.bounds_mm()
    window = grid.window_around(low - margin_mm, high + margin_mm)
    start = [w.start for w in window]
    part = grid.crop(start, [max(w.stop, w.start) for w in window])
    points = part.to_world(np.indices(part.shape).reshape(3, -1).T)
    return window, solid.depth_mm(points).reshape(part.shape).astype(np.float32)
