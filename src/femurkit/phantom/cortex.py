"""How thick the cortex of a drawn bone is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from femurkit.mesh import smooth_over
from femurkit.phantom.shapes import Bone, smooth_noise


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
