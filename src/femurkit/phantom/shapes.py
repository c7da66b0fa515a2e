"""A phantom's bones: where their landmarks are, and how their surfaces are made finer and uneven.

All coordinates are LPS mm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from femurkit.anatomy import Side
from femurkit.bones.model import shape_model
from femurkit.errors import DegenerateShape
from femurkit.mesh import Mesh, from_vtk, to_vtk, vertex_normals
from femurkit.phantom.solids import Kept, Moved

MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class FemurFrame:
    """Landmarks by which a femur is placed and what lies around it drawn; LPS mm, unit vectors.

    Rough: what is measured of a phantom is held against surface.head and surface.axes.
    """

    head: np.ndarray
    head_radius: float
    trochanter: np.ndarray
    """Centre of the shaft at the level of the lesser trochanter."""
    down: np.ndarray
    """Shaft axis, pointing to the knee."""
    lateral: np.ndarray
    """Away from the head, at right angles to `down`."""
    neck: np.ndarray
    """From the head centre along the neck."""

    def moved(self, affine: np.ndarray) -> FemurFrame:
        """Through a rigid or mirroring (4, 4) map."""
        turn, shift = affine[:3, :3], affine[:3, 3]
        return FemurFrame(
            turn @ self.head + shift,
            self.head_radius,
            turn @ self.trochanter + shift,
            turn @ self.down,
            turn @ self.lateral,
            turn @ self.neck,
        )


@dataclass(frozen=True, eq=False)
class Bone:
    """One bone: closed surface, cortical thickness per vertex (mm), and for a femur its
    landmarks.
    """

    kind: str
    side: Side | None
    mesh: Mesh
    thickness_mm: np.ndarray
    frame: FemurFrame | None = None
    cuts: tuple[Kept, ...] = ()
    """What is left of it, where it is broken or was operated on: all of these at once."""

    def moved(self, affine: np.ndarray) -> Bone:
        """Through a (4, 4) map; a mirroring one changes the side."""
        mirrors = np.linalg.det(affine[:3, :3]) < 0
        side = self.side
        if mirrors and side is not None:
            side = Side.RIGHT if side is Side.LEFT else Side.LEFT
        frame = self.frame.moved(affine) if self.frame else None
        cuts = tuple(Moved(cut, affine) for cut in self.cuts)
        return replace(self, mesh=self.mesh.transformed(affine), side=side, frame=frame, cuts=cuts)


def fit_sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Algebraic least squares sphere through (n, 3) points: centre (3,) and radius, mm.

    Source: Coope, 1993, doi 10.1007/BF00939613.
    """
    if len(points) < 4:
        raise DegenerateShape("a sphere needs four points")
    mean = points.mean(0)
    shifted = points - mean
    system = np.c_[2 * shifted, np.ones(len(points))]
    solution = np.linalg.lstsq(system, (shifted**2).sum(1), rcond=None)[0]
    return solution[:3] + mean, float(np.sqrt(solution[3] + solution[:3] @ solution[:3]))


def femur_frame(vertices: np.ndarray) -> FemurFrame:
    """Landmarks of a LEFT femur from its surface, whole or cut below the lesser trochanter.

    vertices: (n, 3) LPS mm. Raises DegenerateShape when no head can be fitted.
    """
    centre, radius, neck = _head(vertices)
    below = centre[2] - vertices[:, 2]
    level, length = 2.9 * radius, below.max()
    shaft = vertices[(below > level) & (below < min(length - 5, level + 120))]
    if len(shaft) < 20:
        raise DegenerateShape("too little shaft below the head")
    heights = np.linspace(shaft[:, 2].min(), shaft[:, 2].max(), 8)
    rings = [shaft[np.abs(shaft[:, 2] - h) < 8] for h in heights]
    centres = np.array([(r.min(0) + r.max(0)) / 2 for r in rings if len(r)])
    down = np.linalg.svd(centres - centres.mean(0))[2][0]
    down *= -np.sign(down[2])
    trochanter = centres.mean(0)
    trochanter = trochanter + down * ((centre[2] - level - trochanter[2]) / down[2])
    lateral = trochanter - centre
    lateral -= down * (lateral @ down)
    return FemurFrame(
        centre,
        radius,
        trochanter,
        down,
        lateral / np.linalg.norm(lateral),
        neck,
    )


def _head(vertices: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Centre, radius and neck direction of a left femoral head.

    First a rough sphere through what lies above and medial; then again and again the sphere
    through what lies on the last one, away from the neck.
    """
    top = vertices[vertices[:, 2] > vertices[:, 2].max() - 25]
    centre, radius = top[top[:, 0] <= np.median(top[:, 0])].mean(0), 24.0
    neck = np.array([0.55, 0.25, -0.8])
    for turn in range(30):
        ray = vertices - centre
        away = np.linalg.norm(ray, axis=1)
        if turn < 12:
            near = (away < 1.3 * radius) & (ray[:, 2] > -5) & (ray[:, 0] < 8)
        else:
            near = (np.abs(away - radius) < 0.12 * radius) & (ray @ neck < 0.45 * away)
        centre, radius = fit_sphere(vertices[near])
        radius = float(np.clip(radius, 18, 32))
        if turn >= 12:
            away = np.linalg.norm(vertices - centre, axis=1)
            ring = vertices[(away > 1.25 * radius) & (away < 1.5 * radius)]
            neck = (ring.min(0) + ring.max(0)) / 2 - centre
            neck /= np.linalg.norm(neck)
    return centre, radius, neck


@lru_cache(maxsize=2)
def acetabulum(side: Side) -> np.ndarray:
    """Indices of the model's pelvis vertices that face the femoral head on one side."""
    model = shape_model()
    vertices = model.mean("pelvis")
    midline = 0.5 * (vertices[:, 0].min() + vertices[:, 0].max())
    head = femur_frame(model.mean("femur")).head
    centre = head.copy() if side is Side.LEFT else np.array([2 * midline - head[0], *head[1:]])
    normals = vertex_normals(model.mesh("pelvis", np.zeros(len(model.scores))))
    best = np.array([], int)
    radius = 25.0
    for _ in range(30):
        ray = vertices - centre
        distance = np.linalg.norm(ray, axis=1)
        facing = (normals * ray).sum(1) < -0.6 * distance
        best = np.flatnonzero(facing & (distance < radius + 7) & (distance > radius - 8))
        if len(best) < 12:
            radius += 1
            continue
        centre, radius = fit_sphere(vertices[best])
    return best


def subdivided(mesh: Mesh) -> Mesh:
    """One pass of Loop subdivision: four times the faces on a smooth limit surface."""
    from vtkmodules.vtkFiltersModeling import vtkLoopSubdivisionFilter

    loop = vtkLoopSubdivisionFilter()
    loop.SetInputData(to_vtk(mesh))
    loop.SetNumberOfSubdivisions(1)
    loop.Update()
    return from_vtk(loop.GetOutput())


def smooth_noise(points: np.ndarray, rng: np.random.Generator, *, scale_mm: float) -> np.ndarray:
    """Smooth random values, about unit spread, at (n, 3) points: a sum of plane waves."""
    waves = rng.normal(0, 1.0 / scale_mm, (12, 3))
    phases = rng.uniform(0, 2 * np.pi, 12)
    return np.asarray(np.cos(points @ waves.T + phases).sum(1) * np.sqrt(2 / 12))
