"""The neck-shaft angle."""

from __future__ import annotations

import numpy as np

from femurkit.measure.measured import Measured, missing
from femurkit.surface.axes import Axes

NO_SHAFT = "the scan ends too soon below the lesser trochanter for a shaft axis"


def neck_shaft_angle_deg(axes: Axes) -> Measured:
    """Angle between the neck's and the shaft's axis in space, degrees; about 130 in adults.

    Error: the standard errors of both directions. A short shaft bows, which they do not know.
    Source: Toogood, Skalak and Cooperman, 2009, Clin Orthop Relat Res 467:876,
    doi 10.1007/s11999-008-0473-3 (129 degrees on average in 375 femora).
    """
    if axes.shaft is None or axes.neck_shaft_deg is None:
        return missing(NO_SHAFT)
    return Measured(axes.neck_shaft_deg, float(np.hypot(axes.neck_error_deg, axes.shaft.error_deg)))
