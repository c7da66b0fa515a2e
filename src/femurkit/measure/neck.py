"""How thick and how long the neck is."""

from __future__ import annotations

import numpy as np

from femurkit.measure.measured import Measured, missing
from femurkit.measure.neck_shaft import NO_SHAFT
from femurkit.surface.axes import Axes


def least_neck_section_mm2(axes: Axes) -> Measured:
    """Area of the narrowest section of the neck at right angles to its axis, mm²."""
    return Measured(axes.narrowest.area_mm2)


def neck_length_mm(axes: Axes) -> Measured:
    """From the head's centre along the neck axis to where it passes the shaft axis, mm.

    The femoral neck axis length without the part of the head beyond its centre.
    Source: Faulkner et al., 1993, J Bone Miner Res 8:1211, doi 10.1002/jbmr.5650081008 (hip axis
    length, which goes on through head and joint).
    """
    if axes.shaft is None:
        return missing(NO_SHAFT)
    neck, down = axes.neck, axes.shaft.down
    across = axes.shaft.middle_mm - axes.centre_mm
    along = float(neck @ down)
    # nearest points of two lines that hardly ever meet
    length = ((across @ neck) - along * (across @ down)) / (1 - along**2)
    error = length * np.radians(axes.shaft.error_deg)
    return Measured(float(length), float(error))
