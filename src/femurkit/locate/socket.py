"""Whether a head lies in an acetabulum: bone beyond the joint space, seen from its centre."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.bones.likeness import AIR_HU
from femurkit.locate.landmarks import Landmarks
from femurkit.surface.head import even_directions
from femurkit.volume import Volume

DIRECTIONS = 400
BEYOND_MM = (3.0, 12.0)
"""Where the acetabulum is looked for, beyond the head's surface as the shape model has it."""
BONE_HU = 180.0
INTO_PELVIS = np.array([-0.75, 0.1, 0.65])
"""From the centre of a left head to the middle of its socket: medial, a little back, and up."""
CAP_COS = 0.3
"""Half angle of the cap of directions around that, 73 degrees."""
MIN_SEEN = 0.6
"""Share of the cap that must lie in the scan for anything to be said."""


def socket_share(volume: Volume, landmarks: Landmarks, side: Side) -> float | None:
    """Share of the directions from a head into the pelvis that meet bone beyond the joint space.

    None where the scan does not show enough of them: the head lies outside it or is cut.
    """
    middle = INTO_PELVIS * [side.sign, 1, 1]
    rays = even_directions(DIRECTIONS)
    rays = rays[rays @ middle >= CAP_COS * np.linalg.norm(middle)]
    reach = landmarks.head_radius_mm + np.arange(*BEYOND_MM)
    points = landmarks.head + rays[:, None] * reach[None, :, None]
    index = volume.grid.to_index(points)
    there = ((index > -0.5) & (index < np.array(volume.grid.shape) - 0.5)).all(-1)
    at = index.reshape(-1, 3).T
    hu = ndimage.map_coordinates(volume.array, at, output=np.float32, order=1, mode="nearest")
    hu = hu.reshape(there.shape)
    seen = (there & (hu > AIR_HU)).all(1)
    if seen.mean() < MIN_SEEN:
        return None
    return float((hu[seen].max(1) > BONE_HU).mean())
