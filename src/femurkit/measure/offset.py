"""The femoral offset."""

from __future__ import annotations

import numpy as np

from femurkit.measure.measured import Measured, missing
from femurkit.measure.neck_shaft import NO_SHAFT
from femurkit.surface.axes import Axes


def femoral_offset_mm(axes: Axes) -> Measured:
    """Distance of the head's centre from the shaft axis, mm, in space.

    On a radiograph it is less by how far the femur is turned. Source: Lecerf et al., 2009, Orthop
    Traumatol Surg Res 95:210, doi 10.1016/j.otsr.2009.03.010.
    """
    if axes.shaft is None:
        return missing(NO_SHAFT)
    ray = axes.centre_mm - axes.shaft.middle_mm
    along = float(ray @ axes.shaft.down)
    offset = float(np.linalg.norm(ray - along * axes.shaft.down))
    return Measured(offset, float(abs(along) * np.radians(axes.shaft.error_deg)))
