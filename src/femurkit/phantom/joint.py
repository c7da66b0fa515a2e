"""One hip joint: how the femur is turned in it, how wide the gap is, how worn it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from femurkit.mesh import Mesh, smooth_over, vertex_normals
from femurkit.phantom.shapes import Bone, FemurFrame, smooth_noise


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
