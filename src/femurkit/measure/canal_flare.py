"""The canal flare index."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from femurkit.measure.measured import Measured, missing
from femurkit.mesh import Mesh
from femurkit.surface.axes import Axes
from femurkit.surface.cortex import Cortex
from femurkit.surface.section import nearest_section

ABOVE_LESSER_MM = 20.0
ISTHMUS_MM = (50.0, 130.0)
"""Where the isthmus is looked for, below the lesser trochanter."""
STEP_MM = 5.0


def canal_flare_index(
    outline: Mesh, cortex: Cortex, axes: Axes, lesser_trochanter: Measured
) -> Measured:
    """Width of the canal 20 mm above the lesser trochanter over its width at the isthmus.

    Widths are mediolateral, in the plane of neck and shaft: the bone's, less the cortex on both
    sides. Under 3: stovepipe; over 4.7: champagne flute.
    Source: Noble et al., 1988, Clin Orthop Relat Res 235:148.
    """
    if axes.shaft is None or lesser_trochanter.value is None:
        return missing("no level of the lesser trochanter to measure from")
    level = lesser_trochanter.value
    # the shaft's sections begin below the lesser trochanter and end with the bone
    below = (outline.vertices - axes.centre_mm) @ axes.shaft.down
    if level + ISTHMUS_MM[1] > below.max() - 2:
        return missing(f"the scan ends less than {ISTHMUS_MM[1]:.0f} mm below the trochanter")
    tree = cKDTree(outline.vertices)
    wide = _width_mm(outline, cortex, axes, tree, level - ABOVE_LESSER_MM)
    levels = level + np.arange(*ISTHMUS_MM, STEP_MM)
    widths = np.array([_width_mm(outline, cortex, axes, tree, one) for one in levels])
    narrow = float(np.nanmin(widths)) if np.isfinite(widths).any() else float("nan")
    if not np.isfinite(wide) or not narrow > 1:
        return missing("the canal could not be told on both sides")
    return Measured(wide / narrow, wide / narrow * 0.3 * np.hypot(1 / wide, 1 / narrow))


def _width_mm(mesh: Mesh, cortex: Cortex, axes: Axes, tree: cKDTree, level: float) -> float:
    """Mediolateral width of the canal so far below the head's centre; NaN where it is not known."""
    shaft = axes.shaft
    assert shaft is not None
    across = shaft.middle_mm - axes.centre_mm
    lateral = across - shaft.down * (across @ shaft.down)
    lateral /= np.linalg.norm(lateral)
    point = shaft.middle_mm + shaft.down * (level - across @ shaft.down)
    section = nearest_section(mesh, point, shaft.down)
    if section is None:
        return float("nan")
    reach = (section.points - point) @ lateral
    # in a band about the plane of neck and shaft
    aside = np.abs((section.points - point) @ np.cross(shaft.down, lateral)) < 4
    if not aside.any():
        return float("nan")
    ends = [np.flatnonzero(aside)[k] for k in (reach[aside].argmin(), reach[aside].argmax())]
    walls = [cortex.thickness_mm[tree.query(section.points[k], k=12)[1]] for k in ends]
    if not all(np.isfinite(w).any() for w in walls):
        return float("nan")
    return float(np.ptp(reach[ends]) - sum(np.nanmedian(w) for w in walls))
