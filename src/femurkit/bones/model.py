"""The LLP26 shape model of pelvis and leg (26 CT subjects; see scripts/make_shape_model.py).

All coordinates are LPS mm. It holds a left femur and a whole pelvis; right femurs are left ones
mirrored. Source: musculoskeletal-models (see NOTICE).
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from femurkit.mesh import Mesh

PARTS = ("femur", "pelvis", "tibia", "patella")


class ShapeModel:
    """The linear model: vertices = mean + scores @ modes, per part."""

    def __init__(self, data: Any) -> None:
        self.scores = np.asarray(data["scores"], float)
        self._mean = {p: np.asarray(data[f"{p}_mean"], float) for p in PARTS}
        self._modes = {p: np.asarray(data[f"{p}_modes"], np.float32) for p in PARTS}
        self._faces = {p: np.asarray(data[f"{p}_faces"], np.int64) for p in PARTS}

    def draw_scores(self, rng: np.random.Generator) -> np.ndarray:
        """(26,) scores: a mixture of two to four subjects plus a fifth of each mode's spread."""
        chosen = rng.choice(len(self.scores), size=rng.integers(2, 5), replace=False)
        weights = rng.dirichlet(np.ones(len(chosen)) * 0.8)
        spread = self.scores.std(0)
        mixed: np.ndarray = weights @ self.scores[chosen] * rng.uniform(0.9, 1.25)
        return mixed + rng.normal(0, 0.25, len(spread)) * spread

    def mesh(self, part: str, scores: np.ndarray) -> Mesh:
        """Surface of one part ('femur', 'pelvis', 'tibia', 'patella')."""
        return Mesh(self.mean(part) + np.tensordot(scores, self._modes[part], 1), self._faces[part])

    def mean(self, part: str) -> np.ndarray:
        """(n, 3) vertices of one part where all scores are 0."""
        return self._mean[part]

    def faces(self, part: str) -> np.ndarray:
        """(m, 3) triangles of one part."""
        return self._faces[part]

    def variation(self, part: str, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Of the subjects: mean vertices (n, 3), and by how much the vertices move with the `count`
        most important components, (count, n, 3) mm per standard deviation.
        """
        middle = self.scores.mean(0)
        _, lengths, rows = np.linalg.svd(self.scores - middle, full_matrices=False)
        spread = lengths[:count] / np.sqrt(len(self.scores) - 1)
        modes = np.tensordot(rows[:count] * spread[:, None], self._modes[part].astype(float), 1)
        return self.mesh(part, middle).vertices, modes


@lru_cache(maxsize=1)
def shape_model() -> ShapeModel:
    """The model shipped with the package."""
    with files("femurkit.bones").joinpath("llp26.npz").open("rb") as file:
        return ShapeModel(np.load(file))
