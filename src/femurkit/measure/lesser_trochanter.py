"""The level of the lesser trochanter."""

from __future__ import annotations

import numpy as np

from femurkit.measure.measured import Measured, missing
from femurkit.mesh import Mesh
from femurkit.surface.axes import Axes
from femurkit.surface.section import nearest_sections

RANGE_RADII = (1.4, 3.4)
"""Where its tip is looked for below the head's centre. On average it lies at 2.3 head radii
(doi 10.1186/s12891-021-04131-w)."""
STEP_MM = 1.0
LEAST_MM = 1.0
"""A lower hump is none."""


def lesser_trochanter_level_mm(mesh: Mesh, axes: Axes) -> Measured:
    """How far the tip of the lesser trochanter lies below the head's centre along the shaft, mm.

    mesh: periosteal, closed, LPS mm. The tip is where the bone reaches farthest medially and
    backward, beyond a straight line from above it to the shaft. Error: half a step, and what a
    flat tip leaves open.
    """
    if axes.shaft is None:
        return missing("the scan ends too soon below the lesser trochanter for a shaft axis")
    down, centre = axes.shaft.down, axes.centre_mm
    across = axes.shaft.middle_mm - centre
    lateral = across - down * (across @ down)
    lateral /= np.linalg.norm(lateral)
    back = np.array([0.0, 1.0, 0.0])
    back = back - down * (back @ down) - lateral * (back @ lateral)
    toward = back / np.linalg.norm(back) - lateral
    toward /= np.linalg.norm(toward)
    levels = np.arange(RANGE_RADII[0] * axes.radius_mm, RANGE_RADII[1] * axes.radius_mm, STEP_MM)
    points = axes.shaft.middle_mm - down * (across @ down) + levels[:, None] * down
    reach = np.array(
        [
            ((section.points - point) @ toward).max() if section else np.nan
            for point, section in zip(points, nearest_sections(mesh, points, down), strict=True)
        ]
    )
    if not np.isfinite(reach).all():
        return missing("the bone ends beside the lesser trochanter")
    hump = reach - _chord(levels, reach)
    best = int(hump.argmax())
    if hump[best] < LEAST_MM:
        return missing("no hump where the lesser trochanter is looked for")
    flat = float(np.count_nonzero(hump > hump[best] - 0.2) * STEP_MM)
    return Measured(float(levels[best]), max(STEP_MM, flat) / 2)


def _chord(levels: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """The lower convex hull of a curve: a string drawn tight below it."""
    hull: list[int] = []
    for k in range(len(levels)):
        while len(hull) > 1:
            i, j = hull[-2:]
            turn = (levels[j] - levels[i]) * (reach[k] - reach[i])
            if turn - (levels[k] - levels[i]) * (reach[j] - reach[i]) > 0:
                break
            hull.pop()
        hull.append(k)
    return np.interp(levels, levels[hull], reach[hull])
