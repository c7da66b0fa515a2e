"""The femoral head: a sphere through its surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, spatial

from femurkit.anatomy import Side
from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.solid import voxelise

ROUNDS, STILL_MM = 30, 0.01
"""The fit is repeated on what is near the last sphere, until it stays where it is."""

LATTICE_MM = 2.0
"""Spacing at which the thickest places of the bone are looked for."""

RADIUS_RANGE_MM = (17.0, 38.0)
"""Radii an adult head, worn or swollen, can have."""

NEAR = 0.15
"""Surface within this share of the radius of the sphere is offered to the fit."""

NECK_CONE_DEG = 70.0
"""Half angle of the cone around the neck in which the head has no surface of its own."""

COVERAGE = 0.65
"""Least share of the rest of the sphere that must have bone surface within COVERED_MM."""

COVERED_MM = 2.0

MOST_RMS_MM = 1.2
"""A worn head still fits within it; a trochanter does not."""


@dataclass(frozen=True)
class Head:
    """A fitted head, or why there is none.

    centre_mm: (3,) LPS; rms_mm: of the points used; neck: (3,) unit, from the centre to the neck.
    """

    centre_mm: np.ndarray | None
    radius_mm: float | None
    rms_mm: float | None
    missing: str | None
    neck: np.ndarray | None = None


def fit_head(mesh: Mesh, side: Side) -> Head:
    """Sphere through the femoral head part of a periosteal surface.

    mesh: closed, LPS mm. The first guess is the large ball inside the bone that lies most
    medial and upward; the fit is least squares in the distance, with Tukey's weights so that fovea,
    osteophytes and the clipped edge of a scan count little, on the surface outside the neck.
    `missing` says why, if there is no sphere to be found.
    Source: Coope, 1993, Circle fitting by linear and nonlinear least squares, J Optim Theory Appl
    76:381, doi 10.1007/BF00939613; Beaton and Tukey, 1974, Technometrics 16:147 (the weights).
    """
    centre, radius, inside = _largest_ball(mesh, side)
    points, weights = _surface_points(mesh)
    rms = np.inf
    for _ in range(ROUNDS):
        before, neck = centre, neck_direction(inside, centre, radius, side)
        offset = points - centre
        distance = np.linalg.norm(offset, axis=1)
        away = offset @ neck < np.cos(np.deg2rad(NECK_CONE_DEG)) * distance
        chosen = away & (np.abs(distance - radius) < max(NEAR * radius, COVERED_MM))
        if np.count_nonzero(chosen) < 50:
            return Head(None, None, None, "no round surface around the thickest place")
        centre, radius, rms = robust_sphere(points[chosen], weights[chosen])
        if not RADIUS_RANGE_MM[0] <= radius <= RADIUS_RANGE_MM[1]:
            return Head(None, None, None, f"the best sphere has a radius of {radius:.0f} mm")
        if np.linalg.norm(centre - before) < STILL_MM:
            break
    if rms > MOST_RMS_MM:
        return Head(None, None, None, f"the surface is {rms:.1f} mm off the best sphere")
    seen = _coverage(points, centre, radius, neck)
    if seen < COVERAGE:
        return Head(None, None, None, f"only {100 * seen:.0f} % of a sphere has bone surface")
    return Head(centre, radius, rms, None, neck)


def robust_sphere(points: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Sphere by least squares of the distance, outliers weighted down.

    points: (n, 3) mm, n >= 4; weights: (n,). Returns centre (3,) mm, radius mm and the weighted
    root mean square distance mm. Raises DegenerateShape if the points lie in a plane.
    """
    middle = points.mean(0)
    p = points - middle
    design = np.c_[2 * p, np.ones(len(p))]
    root = np.sqrt(weights)
    solution, _, rank, _ = np.linalg.lstsq(design * root[:, None], (p**2).sum(1) * root, rcond=1e-9)
    if rank < 4:
        raise DegenerateShape("the points lie in a plane: no sphere goes through them")
    centre = solution[:3]
    radius = float(np.sqrt(max(solution[3] + centre @ centre, 0)))
    share = weights
    for _ in range(30):
        offset = p - centre
        distance = np.maximum(np.linalg.norm(offset, axis=1), 1e-9)
        residual = distance - radius
        scale = max(1.4826 * float(np.median(np.abs(residual))), 1e-6)
        share = weights * np.clip(1 - (residual / (4.685 * scale)) ** 2, 0, None) ** 2
        jacobian = np.c_[-offset / distance[:, None], -np.ones(len(p))]
        weighted = jacobian * share[:, None]
        step = np.linalg.lstsq(weighted.T @ jacobian, -weighted.T @ residual, rcond=None)[0]
        centre, radius = centre + step[:3], radius + float(step[3])
        if np.abs(step).max() < 1e-6:
            break
    residual = np.linalg.norm(p - centre, axis=1) - radius
    rms = float(np.sqrt((share * residual**2).sum() / share.sum()))
    return centre + middle, radius, rms


def _largest_ball(mesh: Mesh, side: Side) -> tuple[np.ndarray, float, np.ndarray]:
    """Centre and radius of the ball, and the lattice points inside the bone, (n, 3) LPS mm."""
    lo, hi = mesh.vertices.min(0) - 2 * LATTICE_MM, mesh.vertices.max(0) + 2 * LATTICE_MM
    shape = [int(n) for n in np.ceil((hi - lo)[::-1] / LATTICE_MM)]
    grid = Grid.aligned(shape, (LATTICE_MM,) * 3, lo)
    inside = voxelise(mesh, grid)
    depth = ndimage.distance_transform_edt(inside) * LATTICE_MM
    labels, count = ndimage.label(depth >= 0.8 * depth.max())
    there = np.argwhere(labels)
    thick, which = depth[tuple(there.T)], labels[tuple(there.T)]
    peaks = [there[np.where(which == k, thick, 0).argmax()] for k in range(1, count + 1)]
    peaks_mm = grid.to_world(np.array(peaks))
    # medial and up, as the neck points: an adducted shaft may end more medial than the head
    best = int(np.argmax(peaks_mm[:, 2] - side.sign * peaks_mm[:, 0]))
    centre = peaks_mm[best]
    radius = float(depth[tuple(peaks[best])])
    return centre, radius, grid.to_world(np.argwhere(inside))


def neck_direction(inside: np.ndarray, centre: np.ndarray, radius: float, side: Side) -> np.ndarray:
    """Unit direction in which the neck leaves a ball: to the bone just outside it."""
    offset = inside - centre
    distance = np.linalg.norm(offset, axis=1)
    ring = offset[(distance > 1.25 * radius) & (distance < 1.75 * radius)]
    neck = ring.mean(0) if len(ring) else np.array([side.sign, 0.0, -1.0])
    return np.asarray(neck / max(float(np.linalg.norm(neck)), 1e-9))


def _surface_points(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Centres and areas of the faces, without a flat top: that is where a scan cut the head."""
    top = mesh.vertices[:, 2] >= mesh.vertices[:, 2].max() - 1e-3
    faces = mesh.faces[~top[mesh.faces].all(1)]
    a, b, c = (mesh.vertices[faces[:, i]] for i in range(3))
    return (a + b + c) / 3, np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2 + 1e-9


def even_directions(count: int) -> np.ndarray:
    """Unit vectors spread evenly over a sphere, (count, 3): the golden spiral."""
    k = np.arange(count) + 0.5
    z, turn = 1 - 2 * k / count, k * np.pi * (1 + 5**0.5)
    ring = np.sqrt(1 - z**2)
    return np.c_[ring * np.cos(turn), ring * np.sin(turn), z]


def _coverage(points: np.ndarray, centre: np.ndarray, radius: float, neck: np.ndarray) -> float:
    """Share of the sphere outside the neck's cone that has surface close by."""
    directions = even_directions(800)
    directions = directions[directions @ neck < np.cos(np.deg2rad(NECK_CONE_DEG))]
    off = np.abs(np.linalg.norm(points - centre, axis=1) - radius)
    near = points[off <= COVERED_MM + 1e-6]  # no other can lie so close to a place on the sphere
    distance, _ = spatial.cKDTree(near).query(centre + radius * directions)
    return float(np.mean(distance < COVERED_MM))
