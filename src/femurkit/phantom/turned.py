"""A patient who lies turned: on a cushion, on one side, or with one hip raised."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from femurkit.geometry import Grid, resample
from femurkit.phantom.anatomy import Anatomy
from femurkit.phantom.soft import AIR_HU, SoftTissue

MAX_DEG = 25.0
STEP_MM = 2.0
"""Soft tissue is sampled no finer than this: the box around a turned slab of a scan is large."""
CUSHION_MM = 60.0
"""How far the table lies below the skin of a patient who is turned."""


@dataclass(frozen=True, eq=False)
class TurnedBody:
    """Soft tissue after a turn (3, 3) about the origin."""

    of: SoftTissue
    turn: np.ndarray

    def hu(self, grid: Grid) -> np.ndarray:
        """See SoftTissue."""
        affine = grid.affine.copy()
        affine[:3] = self.turn.T @ affine[:3]
        there = Grid(grid.shape, affine)
        step = max(STEP_MM, min(grid.spacing_mm))
        low, high = there.bounds_mm()
        shape = np.ceil((high - low) / step).astype(int)[::-1] + 2
        lattice = Grid.aligned(tuple(shape), (step,) * 3, low - step / 2)
        return resample(self.of.hu(lattice), lattice, there, outside=AIR_HU)


def turned(anatomy: Anatomy, rng: np.random.Generator) -> Anatomy:
    """The whole patient turned by up to MAX_DEG about each axis; without parts or cuts."""
    angles = rng.uniform(-MAX_DEG, MAX_DEG, 3)
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    place = np.eye(4)
    place[:3, :3] = turn
    cysts = [(turn @ centre, radius) for centre, radius in anatomy.bone_hu.cysts]
    return replace(
        anatomy,
        bones=tuple(bone.moved(place) for bone in anatomy.bones),
        soft=TurnedBody(anatomy.soft, turn),
        bone_hu=replace(anatomy.bone_hu, cysts=cysts),
        skin_back_mm=anatomy.skin_back_mm + CUSHION_MM,
    )
