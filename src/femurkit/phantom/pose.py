"""Put drawn bones together: pelvis levelled, femurs in their sockets, arthritis, joint gap,
warp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from femurkit.anatomy import Side
from femurkit.bones.model import shape_model
from femurkit.errors import DegenerateShape
from femurkit.mesh import Mesh, smooth_over, vertex_normals
from femurkit.phantom.shapes import (
    MIRROR,
    Bone,
    FemurFrame,
    acetabulum,
    femur_frame,
    fit_sphere,
    smooth_noise,
    subdivided,
)

TRIES = 20
"""Postures that are tried."""


@dataclass(frozen=True)
class Joint:
    """How one hip is: how far the femur is turned, how wide the gap is, how worn it is."""

    flexion_deg: float
    abduction_deg: float
    rotation_deg: float
    gap_mm: float
    arthritis: float
    """0 healthy to 1 severe: osteophytes, gap closing superiorly, head out of round."""


def draw_joint(rng: np.random.Generator, arthritis: float) -> Joint:
    """What a supine patient shows; rotation is positive outward."""
    return Joint(
        float(np.clip(rng.normal(0, 7), -15, 20)),
        float(np.clip(rng.normal(1, 6), -12, 16)),
        float(np.clip(rng.normal(5, 13), -30, 40)),
        float(rng.uniform(1.0, 5.0) if rng.random() < 0.7 else rng.uniform(1.0, 2.2)),
        arthritis,
    )


def in_any_posture(joint: Joint, rng: np.random.Generator) -> Joint:
    """A joint bent, spread or turned as on a cushion, on the side, or in a child."""
    return replace(
        joint,
        flexion_deg=float(rng.uniform(-15, 42)),
        abduction_deg=float(rng.uniform(-14, 32)),
        rotation_deg=float(rng.uniform(-35, 60)),
    )


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
        if _knees_apart_mm(bones) >= knees_apart_mm:
            return bones
    raise DegenerateShape(f"no possible posture in {TRIES} tries")


def _knees_apart_mm(bones: list[Bone]) -> float:
    """Least distance between vertices of the two femora, which is at the knees; inf for one."""
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


def arthritic(mesh: Mesh, frame: FemurFrame, severity: float, rng: np.random.Generator) -> Mesh:
    """Osteophytes at the head's rim and a head out of round, in proportion to severity."""
    if severity <= 0:
        return mesh
    ray = mesh.vertices - frame.head
    distance = np.linalg.norm(ray, axis=1)
    unit = ray / np.maximum(distance, 1e-9)[:, None]
    angle = np.degrees(np.arccos(np.clip(unit @ frame.neck, -1, 1)))
    near = np.clip((1.6 * frame.head_radius - distance) / (0.3 * frame.head_radius), 0, 1)
    rim = np.exp(-0.5 * ((angle - 78) / 14) ** 2) * near
    bumps = np.clip(smooth_noise(unit * 20, rng, scale_mm=7) + 0.5, 0, 2.2)
    pole = unit @ np.array([0.25 * np.sign(frame.lateral[0]), 0.1, 0.96])
    cap = np.exp(-0.5 * ((1 - pole) / 0.18) ** 2) * near * (angle > 60)
    grow = severity * (rng.uniform(0.5, 4.0) * rim * bumps - rng.uniform(0, 2.5) * cap)
    grow = smooth_over(mesh.vertices, grow, 2.0)
    return Mesh(mesh.vertices + unit * grow[:, None], mesh.faces)


def seat(pelvis: Mesh, femur: Bone, joint: Joint, rng: np.random.Generator) -> Mesh:
    """Move the socket's wall so that its gap to the femur is what the joint says, everywhere."""
    assert femur.frame is not None
    head = femur.frame.head
    vertices = pelvis.vertices.copy()
    surface, normals = femur.mesh.vertices, vertex_normals(femur.mesh)
    tree = cKDTree(surface)
    around = np.flatnonzero(np.linalg.norm(vertices - head, axis=1) < femur.frame.head_radius + 28)
    wanted = _wanted_gap(vertices[around] - head, joint, rng)
    for turn in range(5):
        points = vertices[around]
        ray = points - head
        unit = ray / np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-9)
        distance, nearest = tree.query(points)
        offset = points - surface[nearest]
        gap = np.where(
            distance < 3,
            (offset * normals[nearest]).sum(1),
            distance * np.sign((offset * normals[nearest]).sum(1)),
        )
        facing = (vertex_normals(Mesh(vertices, pelvis.faces))[around] * unit).sum(1) < -0.5
        short = np.clip(wanted - gap, 0, None)
        loose = (
            np.where(facing & (gap < 9), np.clip(gap - wanted, 0, None), 0) if turn == 0 else 0.0
        )
        push = short - 0.8 * loose
        if np.abs(push).max() < 0.05:
            break
        strength = np.where(facing | (short > 0), 1.0, 1e-4)
        spread = smooth_over(points, np.c_[push * strength, strength], 5.0)
        shared = spread[:, 0] / spread[:, 1]
        far = cKDTree(points[facing]).query(points)[0] if facing.any() else np.zeros(len(points))
        move = np.maximum(shared * np.exp(-0.5 * (far / 9) ** 2), short)
        vertices[around] = points + unit * move[:, None]
    return Mesh(vertices, pelvis.faces)


def _wanted_gap(rays: np.ndarray, joint: Joint, rng: np.random.Generator) -> np.ndarray:
    """Gap at directions from the head centre: even when healthy, closing superiorly when worn."""
    unit = rays / np.maximum(np.linalg.norm(rays, axis=1, keepdims=True), 1e-9)
    weight = unit @ np.array([0.0, rng.uniform(-0.4, 0.4), 1.0])
    closed = joint.arthritis * np.clip(weight + 0.2, 0, 1)
    uneven = 1 + 0.2 * smooth_noise(unit * 20, rng, scale_mm=12)
    return np.asarray(np.clip(joint.gap_mm * (1 - closed) * uneven, 0.15, None))


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


def with_cortex(bone: Bone, rng: np.random.Generator) -> Bone:
    """Cortical thickness per vertex, mm, from where on the bone it is."""
    vertices = bone.mesh.vertices
    uneven = np.exp(0.25 * smooth_noise(vertices, rng, scale_mm=18))
    if bone.kind != "femur" or bone.frame is None:
        thick = np.full(len(vertices), rng.uniform(0.8, 2.0))
        return replace(bone, thickness_mm=np.minimum(thick * uneven, 8.5))
    frame = bone.frame
    below = (vertices - frame.trochanter) @ frame.down
    shaft, neck, head = rng.uniform(4, 8), rng.uniform(0.4, 2.0), 0.06 + 1.0 * rng.random() ** 2.5
    from_head = np.linalg.norm(vertices - frame.head, axis=1) / frame.head_radius
    radial = vertices - frame.trochanter - below[:, None] * frame.down
    medial = np.clip(-(radial @ frame.lateral) / 15, 0, 1)
    calcar = np.exp(-0.5 * ((below + 15) / 14) ** 2) * medial * 0.5 * shaft
    to_shaft = 1 / (1 + np.exp(-(below - 20) / 9))
    end = below.max()
    to_knee = 1 / (1 + np.exp(-(below - (end - 85)) / 12)) if end > 250 else 0.0
    thick = np.where(from_head < 1.2, head, neck)
    thick = smooth_over(vertices, thick, 5.0) + calcar
    thick = thick * (1 - to_shaft) + shaft * to_shaft
    thick = thick * (1 - to_knee) + 1.5 * to_knee
    return replace(bone, thickness_mm=np.minimum(thick * uneven, 8.5))
