"""The canal flare index."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from femurkit.measure.measured import Measured, missing
from femurkit.mesh import Mesh
from femurkit.surface.axes import Axes
from femurkit.surface.cortex import Cortex
from femurkit.surface.section import Section, nearest_sections

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
    levels = level + np.r_[-ABOVE_LESSER_MM, np.arange(*ISTHMUS_MM, STEP_MM)]
    across = axes.shaft.middle_mm - axes.centre_mm
    aside = across - axes.shaft.down * (across @ axes.shaft.down)
    lateral = aside / np.linalg.norm(aside)
    below_middle = levels - across @ axes.shaft.down
    points = axes.shaft.middle_mm + below_middle[:, None] * axes.shaft.down
    seen = nearest_sections(outline, points, axes.shaft.down)
    wide, *widths = (
        _width_mm(section, point, lateral, axes.shaft.down, cortex, tree)
        for section, point in zip(seen, points, strict=True)
    )
    narrow = float(np.nanmin(widths)) if np.isfinite(widths).any() else float("nan")
    if not np.isfinite(wide) or not narrow > 1:
        return missing("the canal could not be told on both sides")
    return Measured(wide / narrow, wide / narrow * 0.3 * np.hypot(1 / wide, 1 / narrow))


def _width_mm(
    section: Section | None,
    point: np.ndarray,
    lateral: np.ndarray,
    down: np.ndarray,
    cortex: Cortex,
    tree: cKDTree,
) -> float:
    """Mediolateral width of the canal in a section of the shaft; NaN where it is not known.

    point: of the shaft's axis, (3,) LPS mm; lateral, down: (3,) unit; tree: of the outline.
    """
    if section is None:
        return float("nan")
    reach = (section.points - point) @ lateral
    # in a band about the plane of neck and shaft
    aside = np.abs((section.points - point) @ np.cross(down, lateral)) < 4
    if not aside.any():
        return float("nan")
    ends = [np.flatnonzero(aside)[k] for k in (reach[aside].argmin(), reach[aside].argmax())]
    walls = [cortex.thickness_mm[tree.query(section.points[k], k=12)[1]] for k in ends]
    if not all(np.isfinite(w).any() for w in walls):
        return float("nan")
    return float(np.ptp(reach[ends]) - sum(np.nanmedian(w) for w in walls))
