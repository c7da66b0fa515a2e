"""Fractures of the femur: its space is split by a rough surface, and the pieces are moved apart.

Both pieces keep the whole femur's surface and are cut off where it broke, so the union of the two
is the femur, exactly. The piece with the head stays in the joint; the rest of the leg moves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from femurkit.anatomy import Side
from femurkit.phantom.anatomy import Anatomy
from femurkit.phantom.labelmaps import MappedBody
from femurkit.phantom.shapes import FemurFrame
from femurkit.phantom.soft import DrawnBody
from femurkit.phantom.solids import All, Kept, Opposite, RoughPlane, plane, rough_plane

KINDS = ("neck", "intertrochanteric", "shaft")


def fractured(anatomy: Anatomy, side: Side, kind: str, rng: np.random.Generator) -> Anatomy:
    """The anatomy with one femur broken: kind is one of KINDS; hairline, displaced or impacted."""
    femur = anatomy.femurs[side]
    frame = femur.frame
    assert frame is not None
    surface = _surface(frame, kind, rng)
    move = _move(frame, surface, kind, rng)
    rest: list[tuple[tuple[Kept, ...], np.ndarray]] = [((Opposite(surface),), move)]
    if kind == "intertrochanteric" and rng.random() < 0.5:  # the lesser trochanter comes off
        off = frame.trochanter - frame.lateral * rng.uniform(4, 9)
        split = plane(off, -frame.lateral + 0.4 * frame.down * rng.normal())
        loose = np.eye(4)
        loose[:3, 3] = -frame.lateral * rng.uniform(1, 12) - frame.down * rng.uniform(-3, 14)
        near = plane(frame.trochanter + frame.down * rng.uniform(15, 35), -frame.down)
        rest = [
            ((Opposite(surface), Opposite(All((split, near)))), move),
            ((Opposite(surface), split, near), move @ loose),
        ]
    bones = []
    for bone in anatomy.bones:
        if bone is femur:
            for cuts, affine in rest:
                bones.append(replace(femur, cuts=femur.cuts + cuts).moved(affine))
            bones.append(replace(femur, cuts=(*femur.cuts, surface)))
        elif bone.side is side:
            bones.append(bone.moved(move))
        else:
            bones.append(bone)
    return replace(anatomy, bones=tuple(bones), soft=_bled(anatomy, surface.point, rng))


def _surface(frame: FemurFrame, kind: str, rng: np.random.Generator) -> RoughPlane:
    """Where it breaks; inward points to the head."""
    jitter = rng.normal(0, 0.18, 3)
    if kind == "neck":
        point = frame.head + frame.neck * frame.head_radius * rng.uniform(0.85, 1.6)
        toward = -frame.neck + jitter
    elif kind == "intertrochanteric":
        point = (
            frame.trochanter - frame.down * rng.uniform(10, 30) - frame.lateral * rng.uniform(0, 10)
        )
        toward = -(0.85 * frame.lateral + 0.45 * frame.down) + jitter
    else:
        point = frame.trochanter + frame.down * rng.uniform(0, 75)
        toward = -frame.down + rng.normal(0, 0.6, 3)
    return rough_plane(point, toward, rng, lengths_mm=(8, 50), heights_mm=(0.2, 1.6))


def _move(
    frame: FemurFrame, surface: RoughPlane, kind: str, rng: np.random.Generator
) -> np.ndarray:
    """How the piece without the head moves, (4, 4) about the middle of the fracture."""
    how = rng.random()
    forward = np.cross(frame.down, frame.lateral)
    if how < 0.2:  # a hairline
        turn, shift = rng.normal(0, 1.5, 3), -surface.inward * rng.uniform(0.0, 0.8)
    elif how < 0.4:  # impacted
        turn, shift = rng.normal(0, 8, 3), surface.inward * rng.uniform(1.5, 8)
    else:
        wish = -frame.down * rng.uniform(0, 40) + forward * rng.normal(0, 8)
        wish = wish + frame.lateral * rng.normal(0, 12 if kind == "shaft" else 5)
        along = wish - (wish @ surface.inward) * surface.inward
        shift = along - surface.inward * rng.uniform(0, 7)
        turn = rng.normal(0, [14, 12, 25])
    out = np.eye(4)
    out[:3, :3] = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    out[:3, 3] = surface.point + shift - out[:3, :3] @ surface.point
    return out


def _bled(anatomy: Anatomy, where: np.ndarray, rng: np.random.Generator) -> DrawnBody | MappedBody:
    """Soft tissue with blood around the fracture."""
    spots = [
        (where + rng.normal(0, 8, 3), rng.uniform(10, 32, 3), float(rng.uniform(38, 72)))
        for _ in range(int(rng.integers(1, 4)))
    ]
    soft = anatomy.soft
    if isinstance(soft, MappedBody):
        return replace(soft, capsules=soft.capsules + spots)
    assert isinstance(soft, DrawnBody)
    return replace(soft, organs=soft.organs + spots)
