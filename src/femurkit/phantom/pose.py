"""Put drawn bones together: pelvis levelled, femurs in their sockets, warp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from femurkit.anatomy import Side
from femurkit.bones.model import shape_model
from femurkit.errors import DegenerateShape
from femurkit.mesh import Mesh
from femurkit.phantom.cortex import with_cortex
from femurkit.phantom.joint import Joint, arthritic, seat
from femurkit.phantom.shapes import (
    MIRROR,
    Bone,
    FemurFrame,
    acetabulum,
    femur_frame,
    fit_sphere,
    subdivided,
)

TRIES = 20
"""Postures that are tried."""


def assembled(
    rng: np.random.Generator,
    draw: Callable[[], dict[Side, Joint]],
    *,
    size: float | None = None,
    knees_apart_mm: float = 0.0,
) -> list[Bone]:
    """assemble(), with other joints where a femur is bent so far that no head can be fitted, or
    the two femora come nearer to each other than knees_apart_mm.
    """
    for _ in range(TRIES):
        try:
            bones = assemble(rng, draw(), size=size)
        except DegenerateShape:
            continue
        if not knees_apart_mm or _knees_apart_mm(bones) >= knees_apart_mm:
            return bones
    raise DegenerateShape(f"no possible posture in {TRIES} tries")


def _knees_apart_mm(bones: list[Bone]) -> float:
    """Least distance between vertices of the two femora, mostly at the knees; inf for one."""
    femora = [bone.mesh.vertices for bone in bones if bone.kind == "femur"]
    if len(femora) < 2:
        return float("inf")
    return float(cKDTree(femora[0]).query(femora[1])[0].min())


def assemble(
    rng: np.random.Generator, joints: dict[Side, Joint], *, size: float | None = None
) -> list[Bone]:
    """Pelvis and one femur (with its knee) a side, in joint; hip centres level, midpoint at the
    origin. size: scale of the skeleton, drawn if not given.
    """
    model = shape_model()
    scores = model.draw_scores(rng)
    scale = float(rng.uniform(0.93, 1.1)) if size is None else size
    pelvis = model.mesh("pelvis", scores)
    centres = {s: fit_sphere(pelvis.vertices[acetabulum(s)])[0] for s in Side}
    level = _level(centres, scale, rng)
    pelvis = pelvis.transformed(level)
    bones = []
    for side, joint in joints.items():
        shape = scores if side is Side.LEFT else model.draw_scores(rng)
        socket, radius = fit_sphere(pelvis.vertices[acetabulum(side)])
        parts = _leg(
            rng,
            shape,
            joint,
            max(radius - 1.5, 20.0),
            MIRROR @ np.append(socket, 1.0) if side is Side.RIGHT else np.append(socket, 1.0),
        )
        bones += [b.moved(MIRROR) if side is Side.RIGHT else b for b in parts]
    warp = draw_warp(rng, amplitude_mm=float(rng.uniform(0, 2.5)))
    bones = [replace(b, mesh=Mesh(warp(b.mesh.vertices), b.mesh.faces)) for b in bones]
    bones = [_worn(b, joints, rng) if b.kind == "femur" else b for b in bones]
    pelvis = subdivided(Mesh(warp(pelvis.vertices), pelvis.faces))
    for femur in [b for b in bones if b.kind == "femur"]:
        pelvis = seat(pelvis, femur, joints[femur.side or Side.LEFT], rng)
    bones.append(Bone("pelvis", None, pelvis, np.zeros(len(pelvis.vertices))))
    return [with_cortex(b, rng) for b in bones]


def _level(centres: dict[Side, np.ndarray], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Map that puts the hip axis along LPS x and its midpoint at the origin, with a little
    natural tilt.
    """
    across = centres[Side.LEFT] - centres[Side.RIGHT]
    turn = Rotation.align_vectors([[1, 0, 0]], [across / np.linalg.norm(across)])[0]
    tilt = Rotation.from_euler("xyz", rng.normal(0, [6, 1.5, 2]), degrees=True)
    out = np.eye(4)
    out[:3, :3] = scale * (tilt * turn).as_matrix()
    out[:3, 3] = -out[:3, :3] @ (centres[Side.LEFT] + centres[Side.RIGHT]) / 2
    return out


def _leg(
    rng: np.random.Generator,
    scores: np.ndarray,
    joint: Joint,
    head_radius: float,
    socket: np.ndarray,
) -> list[Bone]:
    """A left femur, patella and tibia, scaled to the socket and turned about the hip centre."""
    model = shape_model()
    meshes = {part: model.mesh(part, scores) for part in ("femur", "patella", "tibia")}
    frame = femur_frame(meshes["femur"].vertices)
    scale = float(np.clip(head_radius / frame.head_radius, 0.85, 1.2))
    turn = Rotation.from_euler(
        "xyz", [-joint.flexion_deg, -joint.abduction_deg, joint.rotation_deg], degrees=True
    )
    place = np.eye(4)
    place[:3, :3] = scale * turn.as_matrix()
    place[:3, 3] = socket[:3] - place[:3, :3] @ frame.head
    out = []
    for part, mesh in meshes.items():
        placed = mesh.transformed(place)
        if part == "femur":
            placed = subdivided(placed)
        out.append(Bone(part, Side.LEFT, placed, np.zeros(len(placed.vertices))))
    return out


def _worn(bone: Bone, joints: dict[Side, Joint], rng: np.random.Generator) -> Bone:
    """A femur with the landmarks of its sound shape and the surface of its worn one."""
    frame = posed_frame(bone)
    assert bone.side is not None
    return replace(
        bone, mesh=arthritic(bone.mesh, frame, joints[bone.side].arthritis, rng), frame=frame
    )


def draw_warp(
    rng: np.random.Generator, *, amplitude_mm: float
) -> Callable[[np.ndarray], np.ndarray]:
    """A smooth displacement of space: random vectors every 60 mm, cubic between."""
    lattice = rng.normal(0, amplitude_mm, (3, 14, 14, 22))

    def warp(points: np.ndarray) -> np.ndarray:
        index = (points / 60 + np.array([6.5, 6.5, 12])).T
        moves = [map_coordinates(axis, index, order=3, mode="nearest") for axis in lattice]
        return points + np.stack(moves, 1)

    return warp


def posed_frame(bone: Bone) -> FemurFrame:
    """Landmarks of a femur of either side."""
    if bone.side is Side.LEFT:
        return femur_frame(bone.mesh.vertices)
    return femur_frame(bone.mesh.vertices * [-1, 1, 1]).moved(MIRROR)
