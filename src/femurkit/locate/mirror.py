"""The place of the other hip: where to look again for a femur that was not found, and whether the
scan holds that place at all.
"""

from __future__ import annotations

import numpy as np

from femurkit.anatomy import Side
from femurkit.locate.candidates import Candidate
from femurkit.locate.landmarks import Landmarks, inside
from femurkit.volume import Volume

TO_MIDLINE = 3.7
"""Distance of a femoral head's centre from the midline, in radii of the head: 89 mm for 24 mm."""
AROUND_HEAD_MM = ((-75.0, -60.0, -120.0), (75.0, 60.0, 55.0))
"""Box around the mirrored head, LPS: proximal femur, with room for a body that lies turned."""
BODY_HU = -300.0
NEAR_MM = 15.0
"""Around the mirrored head, most must be body and not air for a femur to be expected there."""


def mirrored_head(known: Landmarks, side: Side) -> np.ndarray:
    """Where the head of the other side should be, LPS mm. side: of the femur that is known."""
    return known.head - [side.sign * 2 * TO_MIDLINE * known.head_radius_mm, 0, 0]


def mirrored_candidate(known: Landmarks, side: Side) -> Candidate:
    """The place of the other femur as a candidate that no network marked."""
    low, high = (mirrored_head(known, side) + np.array(reach) for reach in AROUND_HEAD_MM)
    return Candidate(low, high, 0.0, 0.0)


def holds_other_hip(volume: Volume, known: Landmarks, side: Side) -> bool:
    """Whether a scan shows the place where the other femoral head should be, and body there."""
    centre = mirrored_head(known, side)
    if not inside(centre, volume.grid):
        return False
    window = volume.grid.window_around(centre - NEAR_MM, centre + NEAR_MM)
    return bool(np.median(volume.array[window]) > BODY_HU)
