"""Bones unlike those of most adults: children's, dysplastic, worn out, thickened, with tumours.

Each takes an anatomy and gives another; the femur's surface stays its exact outline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.mesh import Mesh, vertex_normals
from femurkit.phantom.anatomy import Anatomy
from femurkit.phantom.joint import Joint, arthritic, seat
from femurkit.phantom.part import Part
from femurkit.phantom.shapes import Bone, FemurFrame
from femurkit.phantom.soft import SoftTissue
from femurkit.phantom.solids import Ball, Layer, rough_plane


@dataclass(frozen=True, eq=False)
class ScaledBody:
    """Soft tissue of another size."""

    of: SoftTissue
    scale: float

    def hu(self, grid: Grid) -> np.ndarray:
        """See SoftTissue."""
        affine = grid.affine.copy()
        affine[:3] /= self.scale
        return self.of.hu(Grid(grid.shape, affine))


def scaled(anatomy: Anatomy, scale: float) -> Anatomy:
    """The whole patient, so much larger or smaller, without parts or cuts."""
    place = np.diag([scale, scale, scale, 1.0])
    bones = []
    for bone in anatomy.bones:
        moved = bone.moved(place)
        frame = bone.frame
        if frame is not None:
            frame = FemurFrame(
                frame.head * scale, frame.head_radius * scale, frame.trochanter * scale,
                frame.down, frame.lateral, frame.neck,
            )  # fmt: skip
        bones.append(replace(moved, frame=frame, thickness_mm=bone.thickness_mm * scale))
    cysts = [(centre * scale, radius * scale) for centre, radius in anatomy.bone_hu.cysts]
    return replace(
        anatomy, bones=tuple(bones), soft=ScaledBody(anatomy.soft, scale),
        bone_hu=replace(anatomy.bone_hu, cysts=cysts), skin_back_mm=anatomy.skin_back_mm * scale,
    )  # fmt: skip


def child(anatomy: Anatomy, rng: np.random.Generator) -> Anatomy:
    """A smaller patient with open growth plates at the head and the greater trochanter."""
    anatomy = scaled(anatomy, float(rng.uniform(0.68, 0.98)))
    parts = []
    hu, half = float(rng.uniform(50, 160)), float(rng.uniform(0.6, 1.6))
    for bone in anatomy.femurs.values():
        frame = bone.frame
        assert frame is not None
        big = frame.head_radius
        at = frame.head + frame.neck * big * rng.uniform(0.25, 0.6)
        across = rough_plane(at, -frame.neck, rng, lengths_mm=(15, 40), heights_mm=(0.1, 0.8))
        parts.append(Part(Layer(Ball(frame.head, 1.08 * big), across, half), hu, soft_mm=0.5))
        tip = frame.trochanter - frame.down * 2.0 * big + frame.lateral * 0.55 * big
        toward = frame.lateral - 0.8 * frame.down
        under = rough_plane(
            tip - 0.25 * big * toward, toward, rng, lengths_mm=(15, 40), heights_mm=(0.1, 0.8)
        )
        parts.append(Part(Layer(Ball(tip, 0.8 * big), under, half), hu, soft_mm=0.5))
    return replace(anatomy, parts=anatomy.parts + tuple(parts))


def worn_out(anatomy: Anatomy, side: Side, rng: np.random.Generator) -> Anatomy:
    """Severe arthritis: osteophytes to 6 mm, a head out of round, bone on bone."""
    femur = anatomy.femurs[side]
    assert femur.frame is not None
    mesh = arthritic(femur.mesh, femur.frame, float(rng.uniform(1.0, 1.8)), rng)
    ray = mesh.vertices - femur.frame.head
    unit = ray / np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-9)
    top = np.clip((unit[:, 2] - 0.55) / 0.45, 0, 1) * (unit @ femur.frame.neck < 0.3)
    near = np.linalg.norm(ray, axis=1) < 1.3 * femur.frame.head_radius
    flat = rng.uniform(0, 5) * top * near
    worn = replace(femur, mesh=Mesh(mesh.vertices - flat[:, None] * unit, mesh.faces))
    joint = Joint(0, 0, 0, float(rng.uniform(0.1, 1.5)), float(rng.uniform(0.6, 1.0)))
    sclerosis = max(anatomy.bone_hu.sclerosis, float(rng.uniform(100, 500)))
    anatomy = replace(anatomy, bone_hu=replace(anatomy.bone_hu, sclerosis=sclerosis))
    return _with_femur(anatomy, femur, worn, joint, rng)


def dysplastic(anatomy: Anatomy, side: Side, rng: np.random.Generator) -> Anatomy:
    """A head that lies lateral and high, and a socket that covers little of it."""
    femur = anatomy.femurs[side]
    assert femur.frame is not None
    move = np.eye(4)
    move[:3, 3] = [side.sign * rng.uniform(2, 12), rng.normal(0, 2), rng.uniform(0, 10)]
    moved = femur.moved(move)
    head, big = femur.frame.head, femur.frame.head_radius
    bones = []
    for bone in anatomy.bones:
        if bone.kind == "pelvis":  # the roof beside the head goes back
            ray = bone.mesh.vertices - head
            beside = np.clip(side.sign * ray[:, 0] / big, 0, 1) * np.clip(
                ray[:, 2] / big + 0.3, 0, 1
            )
            near = np.clip((1.9 * big - np.linalg.norm(ray, axis=1)) / (0.5 * big), 0, 1)
            back = rng.uniform(3, 12) * beside * near
            toward = np.array([-side.sign * 0.8, 0, 0.6])
            mesh = Mesh(bone.mesh.vertices + back[:, None] * toward, bone.mesh.faces)
            bone = replace(bone, mesh=mesh)
        elif bone.side is side and bone is not femur:
            bone = bone.moved(move)
        bones.append(bone)
    joint = Joint(0, 0, 0, float(rng.uniform(1.0, 5.0)), 0.0)
    return _with_femur(replace(anatomy, bones=tuple(bones)), femur, moved, joint, rng)


def _with_femur(
    anatomy: Anatomy, old: Bone, new: Bone, joint: Joint, rng: np.random.Generator
) -> Anatomy:
    """Another femur in place of one, the socket's wall moved out of its way."""
    bones = []
    for bone in anatomy.bones:
        if bone.kind == "pelvis":
            bone = replace(bone, mesh=seat(bone.mesh, new, joint, rng))
        bones.append(new if bone is old else bone)
    return replace(anatomy, bones=tuple(bones))


def paget(anatomy: Anatomy, rng: np.random.Generator) -> Anatomy:
    """Thick, coarse, widened and bowed bone, of the pelvis and perhaps of the femurs."""
    bones = []
    with_femurs = rng.random() < 0.7
    for bone in anatomy.bones:
        if bone.kind == "pelvis" or (with_femurs and bone.kind == "femur"):
            thick = np.minimum(bone.thickness_mm * rng.uniform(1.3, 2.5) + rng.uniform(0, 1.5), 8.5)
            wide = rng.uniform(0, 1.5) if bone.kind == "femur" else 0.0
            normals = vertex_normals(bone.mesh)
            mesh = Mesh(bone.mesh.vertices + wide * normals, bone.mesh.faces)
            if bone.frame is not None:
                mesh = _bowed(mesh, bone.frame, float(rng.uniform(-4, 12)))
            bone = replace(bone, thickness_mm=thick, mesh=mesh)
        bones.append(bone)
    hu = anatomy.bone_hu
    hu = replace(
        hu, cortex=hu.cortex * rng.uniform(0.6, 0.95), texture=float(rng.uniform(0.4, 0.9)),
        patchy=float(rng.uniform(0.4, 1.0)), neck=hu.neck + rng.uniform(0, 250),
        metaphysis=hu.metaphysis + rng.uniform(0, 250), pelvis=hu.pelvis + rng.uniform(0, 300),
    )  # fmt: skip
    return replace(anatomy, bones=tuple(bones), bone_hu=hu)


def _bowed(mesh: Mesh, frame: FemurFrame, most_mm: float) -> Mesh:
    """A shaft bent to the side, most in 120 mm below the lesser trochanter."""
    below = (mesh.vertices - frame.trochanter) @ frame.down
    share = np.sin(np.clip(below / 240, 0, 1) * np.pi)
    return Mesh(mesh.vertices + (most_mm * share)[:, None] * frame.lateral, mesh.faces)


def porotic(anatomy: Anatomy, rng: np.random.Generator) -> Anatomy:
    """Hardly any mineral left."""
    thin = rng.uniform(0.3, 0.7)
    bones = tuple(replace(b, thickness_mm=b.thickness_mm * thin) for b in anatomy.bones)
    hu = anatomy.bone_hu
    hu = replace(
        hu, cortex=float(rng.uniform(750, 1200)), head=float(rng.uniform(20, 220)),
        neck=float(rng.uniform(-90, 0)), ward=float(rng.uniform(-110, -40)),
        metaphysis=float(rng.uniform(-80, 40)), pelvis=float(rng.uniform(-40, 80)),
        rim=float(rng.uniform(-60, 120)),
    )  # fmt: skip
    return replace(anatomy, bones=bones, bone_hu=hu)


def with_tumours(anatomy: Anatomy, side: Side, rng: np.random.Generator) -> Anatomy:
    """Lytic tumours, which take the cortex with them, blastic ones and cysts, in both bones."""
    femur = anatomy.femurs[side]
    frame = femur.frame
    assert frame is not None
    parts, inside = [], []
    for _ in range(int(rng.integers(1, 5))):
        low, high = (-0.8, 1.5) if rng.random() < 0.5 else (1.5, 3.5)
        share = rng.uniform(low, high)
        if share < 1.5:
            where = frame.head + frame.neck * frame.head_radius * share
        else:
            where = frame.trochanter + frame.down * rng.uniform(-25, 90)
        where = where + rng.normal(0, 5, 3)
        radius, kind = float(np.exp(rng.uniform(np.log(4), np.log(18)))), rng.random()
        if kind < 0.35:
            parts.append(Part(Ball(where, radius), float(rng.uniform(20, 80)), soft_mm=1.5))
        elif kind < 0.6:
            inside.append((where, radius, float(rng.uniform(0, 70))))
        else:
            inside.append((where, radius, float(rng.uniform(500, 1300))))
    for _ in range(int(rng.poisson(1.0))):
        where = frame.head + rng.normal(0, 1, 3) * [10, 25, 15] + [-side.sign * 35, 0, 20]
        inside.append((where, float(rng.uniform(5, 18)), float(rng.choice([30.0, 900.0]))))
    hu = replace(anatomy.bone_hu, lesions=tuple(inside))
    return replace(anatomy, parts=anatomy.parts + tuple(parts), bone_hu=hu)
