"""The coarse pass: the whole scan at 4 mm, and which bone each voxel may belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from femurkit.geometry import Grid, resample
from femurkit.segment.weights import Network
from femurkit.volume import Field, Volume

LEFT, RIGHT, OTHER_FEMUR = 1, 2, 3
"""Channels of the coarse network; left and right are the proximal parts."""
FEMURS = [LEFT, RIGHT, OTHER_FEMUR]


@dataclass(frozen=True, eq=False)
class CoarseAnswer:
    """Probabilities (classes, z, y, x) float32 over the whole scan, and their grid."""

    probabilities: np.ndarray
    grid: Grid

    @property
    def femur(self) -> Field:
        """Probability of any part of a femur."""
        return Field(self.probabilities[FEMURS].sum(0), self.grid)


def coarse_answer(volume: Volume, network: Network, *, turn_deg: float = 0.0) -> CoarseAnswer:
    """Run the coarse network over the whole scan.

    turn_deg: about the axis from right to left, as a network sees a pelvis that is tilted so much
    less or more.
    """
    turn = Rotation.from_euler("x", turn_deg, degrees=True).as_matrix()
    corners = volume.grid.corners_mm() @ turn
    low, high = corners.min(0), corners.max(0)
    step = network.spacing_mm
    shape = np.ceil((high - low)[::-1] / step).astype(int) + 1
    shape += -shape % network.steps
    z, y, x = (int(n) for n in shape)
    affine = np.eye(4)
    affine[:3, :3] = turn[:, ::-1] * step
    affine[:3, 3] = turn @ low
    grid = Grid((z, y, x), affine)
    return CoarseAnswer(network(resample(volume.array, volume.grid, grid, outside=-1000.0)), grid)
