"""Ways to damage the network's answer for one femur: what a verdict must not accept.

Each takes a femur as the network leaves it and a random generator, and returns one with another
answer. The scan stays as it is, so the CT's edges may mend part of what is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import ndimage

from benchmarks.hips import Case
from femurkit.geometry import Grid, resample

SHARP_MM = 0.6
"""Distance over which a damaged outline's probability falls, as sharp as the network's own."""
BONE_HU = 150.0


def places(case: Case) -> np.ndarray:
    """Every voxel of the answer as seen from the head's centre, (z, y, x, 3) LPS mm."""
    index = np.stack(np.indices(case.answer.grid.shape), -1)
    return case.answer.grid.to_world(index) - case.head_mm


def inward(case: Case, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """A direction within some degrees of up and toward the body's middle, (3,) unit, LPS."""
    pole = np.array([-0.7 * case.side.sign, 0.0, 0.7])
    while True:
        way = rng.normal(size=3)
        way /= np.linalg.norm(way)
        if way @ pole > np.cos(np.deg2rad(degrees)):
            return way


def grown(case: Case, amount_mm: np.ndarray) -> Case:
    """With the outline moved outward by so much at every voxel, (z, y, x) mm; 0 leaves it alone."""
    femur, step = case.answer.array >= 0.5, case.answer.grid.spacing_mm
    depth = ndimage.distance_transform_edt(femur, step) - min(step) / 2
    depth = np.where(femur, depth, min(step) / 2 - ndimage.distance_transform_edt(~femur, step))
    depth = ndimage.gaussian_filter(depth, 0.5) + ndimage.gaussian_filter(amount_mm, 0.5)
    moved = 1 / (1 + np.exp(-np.clip(depth / SHARP_MM, -30, 30)))
    return case.with_answer(np.where(amount_mm != 0, moved, case.answer.array))


def cone(case: Case, way: np.ndarray, half_deg: float) -> np.ndarray:
    """1 along a direction from the head's centre, falling to 0 within a cone, (z, y, x)."""
    at = places(case)
    distance = np.maximum(np.linalg.norm(at, axis=-1), 1e-6)
    angle = np.rad2deg(np.arccos(np.clip(at @ way / distance, -1, 1)))
    near = (distance > 0.4 * case.radius_mm) & (distance < case.radius_mm + 15)
    return np.asarray(np.clip(2 * (1 - angle / half_deg), 0, 1) * near)


def head(case: Case) -> np.ndarray:
    """1 around the head, 0 from where the neck begins, (z, y, x)."""
    at, neck = places(case), np.array([0.7 * case.side.sign, 0.0, -0.7])
    distance = np.maximum(np.linalg.norm(at, axis=-1), 1e-6)
    away = np.clip(2.5 * (0.35 - at @ neck / distance), 0, 1)
    return np.asarray(away * (distance < case.radius_mm + 15))


def leak(case: Case, rng: np.random.Generator) -> Case:
    """The outline runs 2 to 6 mm into the acetabulum, over a patch of 15 to 25 mm."""
    way, wide = inward(case, 45, rng), rng.uniform(20, 35)
    return grown(case, rng.uniform(2, 6) * cone(case, way, wide))


def filled_joint(case: Case, rng: np.random.Generator) -> Case:
    """All bone within 12 mm above and beside the head is femur."""
    at = places(case)
    near = (np.linalg.norm(at, axis=-1) < case.radius_mm + 12) & (at[..., 2] > 0)
    hu = resample(case.volume.array, case.volume.grid, case.answer.grid, outside=-1000.0)
    bone = ndimage.binary_closing(near & (hu > BONE_HU), iterations=2) & near
    soft = ndimage.gaussian_filter(bone.astype(np.float32), 0.7)
    return case.with_answer(np.maximum(case.answer.array, soft))


def beak(case: Case, rng: np.random.Generator) -> Case:
    """A pointed bump of 3 to 5 mm in the joint space."""
    way = inward(case, 60, rng)
    return grown(case, rng.uniform(3, 5) * cone(case, way, rng.uniform(11, 16)))


def notch(case: Case, rng: np.random.Generator) -> Case:
    """A notch of 3 to 5 mm in the head."""
    way = inward(case, 50, rng)
    return grown(case, -rng.uniform(3, 5) * cone(case, way, rng.uniform(12, 20)))


def cut_flat(case: Case, rng: np.random.Generator) -> Case:
    """The head ends in a plane 4 to 7 mm below its surface."""
    lost = places(case) @ inward(case, 45, rng) > case.radius_mm - rng.uniform(4, 7)
    return case.with_answer(np.where(lost, 0, case.answer.array))


def too_large(case: Case, rng: np.random.Generator) -> Case:
    """The head is 3 to 5 mm too large all around."""
    return grown(case, rng.uniform(3, 5) * head(case))


def too_small(case: Case, rng: np.random.Generator) -> Case:
    """The head is 3 to 5 mm too small all around."""
    return grown(case, -rng.uniform(3, 5) * head(case))


def half_a_head(case: Case, rng: np.random.Generator) -> Case:
    """The medial half of the head is not femur."""
    at = places(case)
    medial = -case.side.sign * at[..., 0]
    lost = (medial > 0) & (np.linalg.norm(at, axis=-1) < case.radius_mm + 5)
    return case.with_answer(np.where(lost, 0, case.answer.array))


def no_trochanter(case: Case, rng: np.random.Generator) -> Case:
    """All lateral of the shaft's middle and above the neck's lower edge is not femur."""
    at = places(case)
    lateral = case.side.sign * at[..., 0]
    femur = case.answer.array >= 0.5
    below = femur & (at[..., 2] < -60) & (at[..., 2] > -75)
    middle = np.median(lateral[below]) if below.any() else 50.0
    lost = (lateral > middle - rng.uniform(2, 8)) & (at[..., 2] > -45)
    return case.with_answer(np.where(lost, 0, case.answer.array))


def lost_shaft(case: Case, rng: np.random.Generator) -> Case:
    """Nothing below 60 to 75 mm under the head's centre, though the scan goes on."""
    lost = places(case)[..., 2] < -rng.uniform(60, 75)
    return case.with_answer(np.where(lost, 0, case.answer.array))


def wrong_side(case: Case, rng: np.random.Generator) -> Case:
    """Called the other side's."""
    return replace(case, side=case.side.other)


def head_and_shaft(case: Case, rng: np.random.Generator) -> Case:
    """A humerus: a round head on a straight shaft, without neck and trochanter."""
    at = places(case)
    along = np.array([0.25 * case.side.sign, 0.0, -1.0])
    along /= np.linalg.norm(along)
    down = at @ along
    beside = np.linalg.norm(at - down[..., None] * along, axis=-1)
    shaft = np.minimum(11 + 6 * np.exp(-np.maximum(down, 0) / 25) - beside, down + 5)
    depth = np.maximum(case.radius_mm - np.linalg.norm(at, axis=-1), shaft)
    return case.with_answer(1 / (1 + np.exp(-np.clip(depth / SHARP_MM, -30, 30))))


def pelvis_piece(case: Case, rng: np.random.Generator) -> Case:
    """The acetabulum and the bone around it in the femur's place."""
    at = places(case)
    hu = resample(case.volume.array, case.volume.grid, case.answer.grid, outside=-1000.0)
    near = np.linalg.norm(at, axis=-1) < case.radius_mm + 45
    bone = near & (hu > BONE_HU) & ~ndimage.binary_dilation(case.answer.array > 0.5, iterations=1)
    bone = ndimage.binary_closing(bone, iterations=3)
    return case.with_answer(ndimage.gaussian_filter(bone.astype(np.float32), 0.7))


def step(case: Case, rng: np.random.Generator) -> Case:
    """All below the neck is moved by 6 to 10 mm to the side, as at a displaced fracture."""
    grid, by = case.answer.grid, rng.uniform(6, 10)
    affine = grid.affine.copy()
    affine[:3, 3] += [case.side.sign * by, 0, 0]
    moved = resample(case.answer.array, Grid(grid.shape, affine), grid, outside=0.0)
    level = -45 - rng.uniform(0, 30)
    array = np.where(places(case)[..., 2] < level, moved, case.answer.array)
    return case.with_answer(array)


def nothing(case: Case, rng: np.random.Generator) -> Case:
    """No femur at all."""
    return case.with_answer(np.zeros(case.answer.grid.shape))


ANSWERS: dict[str, Callable[[Case, np.random.Generator], Case]] = {
    "leak into the acetabulum": leak, "joint filled": filled_joint, "beak": beak, "notch": notch,
    "head cut flat": cut_flat, "head too large": too_large, "head too small": too_small,
    "half a head": half_a_head, "trochanter lost": no_trochanter, "shaft lost": lost_shaft,
    "wrong side": wrong_side, "humerus in its place": head_and_shaft,
    "piece of pelvis": pelvis_piece, "step below the neck": step, "empty": nothing,
}  # fmt: skip
