"""What bones are made of: HU of cortex, trabecular bone and marrow, and where each lies."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from femurkit.phantom.distance import Depth
from femurkit.phantom.shapes import Bone, smooth_noise


@dataclass(frozen=True)
class Pocket:
    """A side of the head that has turned to fatty marrow."""

    side: tuple[float, float, float]
    """Which: shares medial, anterior and downward."""
    begin: float
    """Where, as a share of the head's radius from its centre to that side."""
    width: float
    """Over which share of the radius it comes on: 0.1 is an edge, 0.4 a shade."""
    how_far: float
    """0 not at all to 1 altogether."""


def draw_pockets(rng: np.random.Generator) -> tuple[Pocket, ...]:
    """Four heads in five have one, a third of those a second."""
    count = 0 if rng.random() < 0.2 else 1 + int(rng.random() < 0.35)
    return tuple(
        Pocket(
            side=(
                float(rng.uniform(-0.8, 0.8)),
                float(rng.uniform(-0.8, 1.0)),
                float(rng.uniform(-0.5, 1.0)),
            ),
            begin=float(rng.uniform(-0.1, 0.7)),
            width=float(rng.uniform(0.08, 0.4)),
            how_far=float(rng.uniform(0.5, 1.0)),
        )
        for _ in range(count)
    )


@dataclass(frozen=True, eq=False)
class BoneHu:
    """HU of the parts of one patient's bones, without noise or blur."""

    cortex: float
    head: float
    neck: float
    ward: float
    metaphysis: float
    marrow: float
    pelvis: float
    rim: float = 150.0
    """Trabecular bone of the head outside its dense core and band."""
    core: float = 0.7
    band: float = 0.35
    """Radius of the dense core and of the compressive band, as shares of the head's."""
    patchy: float = 0.2
    """How unevenly trabecular bone is spread on the scale of a centimetre."""
    pockets: tuple[Pocket, ...] = ()
    """Where the head has turned to fatty marrow."""
    sclerosis: float = 0.0
    texture: float = 0.15
    cysts: list[tuple[np.ndarray, float]] = field(default_factory=list)
    """Centre mm and radius mm."""
    lesions: tuple[tuple[np.ndarray, float, float], ...] = ()
    """Tumours in bone: centre mm, radius mm and HU."""


def draw_bone_hu(rng: np.random.Generator, porosity: float) -> BoneHu:
    """porosity: 0 young to 1 osteoporotic."""
    keep = 1 - porosity
    return BoneHu(
        cortex=1150 + 480 * keep + float(rng.normal(0, 70)),
        head=190 + 280 * keep + float(rng.normal(0, 35)),
        neck=-35 + 280 * keep + float(rng.normal(0, 25)),
        ward=-75 + 145 * keep + float(rng.normal(0, 25)),
        metaphysis=30 + 140 * keep + float(rng.normal(0, 25)),
        marrow=float(rng.uniform(-90, -20)),
        pelvis=40 + 220 * keep + float(rng.normal(0, 35)),
        rim=20 + 420 * keep * float(rng.uniform(0.4, 1.0)) + float(rng.normal(0, 25)),
        core=float(rng.uniform(0.3, 0.95)),
        band=float(rng.uniform(0.22, 0.5)),
        patchy=float(rng.uniform(0.0, 0.6)),
        pockets=draw_pockets(rng),
        texture=float(rng.uniform(0.05, 0.3)),
    )


def inner_hu(bone: Bone, depth: Depth, values: BoneHu, seed: int) -> np.ndarray:
    """HU below the cortex on the depth lattice, float32: trabecular bone, marrow, cysts."""
    wanted = depth.depth_mm > -2 * depth.grid.spacing_mm[0]
    points = depth.grid.to_world(np.argwhere(wanted))
    if bone.kind in ("femur", "humerus") and bone.frame is not None:
        out = _femur_inner(bone, points, values)
    elif bone.kind == "tibia":
        top = bone.mesh.vertices[:, 2].max()
        out = values.metaphysis + (values.marrow - values.metaphysis) * np.clip(
            (top - points[:, 2] - 40) / 60, 0, 1
        )
    else:
        out = np.full(len(points), values.pelvis)
    rng = np.random.default_rng(seed)
    grain = 0.6 * smooth_noise(points, rng, scale_mm=3.0) + 0.6 * smooth_noise(
        points, rng, scale_mm=9.0
    )
    grain = values.texture * grain + values.patchy * smooth_noise(points, rng, scale_mm=16.0)
    out = out + grain * (80 + np.clip(out, 0, None))
    for centre, radius in values.cysts:
        away = np.linalg.norm(points - centre, axis=1) - radius
        out = np.where(away < 0, 25.0, out + 500 * np.exp(-0.5 * (away / 1.2) ** 2) * (away < 4))
    for centre, radius, hu in values.lesions:
        away = np.linalg.norm(points - centre, axis=1) / radius
        ragged = 0.35 * smooth_noise(points, rng, scale_mm=0.5 * radius)
        out += (hu - out) * np.clip((1 - away - ragged) / 0.25, 0, 1)
    field = np.zeros(depth.grid.shape, np.float32)
    field[wanted] = out
    return field


def _femur_inner(bone: Bone, points: np.ndarray, values: BoneHu) -> np.ndarray:
    """Dense head and compressive band, poor Ward's triangle, marrow in the shaft."""
    frame = bone.frame
    assert frame is not None
    radius = frame.head_radius
    from_head = np.linalg.norm(points - frame.head, axis=1) / radius
    below = (points - frame.trochanter) @ frame.down
    calcar = frame.trochanter - 14 * frame.lateral - 12 * frame.down
    band = calcar - frame.head
    share = np.clip((points - frame.head) @ band / (band @ band), -0.6, 1)
    from_band = np.linalg.norm(points - frame.head - share[:, None] * band, axis=1) / (
        values.band * radius
    )
    ward = frame.head + 1.65 * radius * frame.neck
    from_ward = np.linalg.norm(points - ward, axis=1) / (0.55 * radius)
    out = np.full(len(points), values.neck)
    out += (values.ward - values.neck) * np.exp(-0.5 * from_ward**2)
    in_head = 1 / (1 + np.exp((from_head - 0.98) / 0.06))
    out += (values.rim - out) * in_head
    core = 1 / (1 + np.exp((from_head - values.core) / 0.12))
    dense = np.maximum(core, 0.85 * np.exp(-0.5 * from_band**2))
    out += (values.head - out) * dense
    pole = (points - frame.head) @ np.array([0, 0, 1.0]) / radius
    for pocket in values.pockets:
        medial, anterior, downward = pocket.side
        toward = -medial * frame.lateral + np.array([0, -anterior, -downward])
        along = (points - frame.head) @ toward / (np.linalg.norm(toward) * radius)
        here = np.clip((along - pocket.begin) / pocket.width, 0, 1) * in_head
        out += (values.marrow - out) * pocket.how_far * here
    out += values.sclerosis * np.clip(pole - 0.3, 0, 1) * (from_head < 1.2)
    shaft = 1 / (1 + np.exp(-(below - 8) / 10))
    length = (bone.mesh.vertices - frame.trochanter) @ frame.down
    end = float(length.max())
    knee = 1 / (1 + np.exp(-(below - (end - 75)) / 10)) if end > 250 else 0.0
    out = out * (1 - shaft) + values.marrow * shaft
    return np.asarray(out * (1 - knee) + values.metaphysis * knee)
