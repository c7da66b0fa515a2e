"""Where a femur's outline has a step, or its cortex a gap, as a fracture leaves them.

A displaced fracture leaves a step: the middle of the bone jumps from one level to the next. One of
the shaft that is not displaced leaves a gap all around the cortex. Others are not found here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.mesh import Mesh
from femurkit.solid import Plane
from femurkit.surface.axes import BELOW_LESSER_RADII, Axes, axes_of
from femurkit.surface.section import Section, nearest_sections, sections
from femurkit.volume import Volume

STEP_MM, STEP_HEADLESS_MM = 3.5, 6.0
"""Of the middle of the shaft from one level to the next, and where no head tells at what height the
shaft begins. Ordinary femora have up to 2.2 and 3.7 mm, synthetic displaced fractures mostly 5 mm
and more (docs/concepts/implants-and-fractures.md)."""
NECK_STEP_MM = 11.0
"""The same along the neck, where ordinary femora have up to 8.9 mm for their shape."""
TURN_DEG = 5.0
"""Of the neck's axis, when it is taken from sections 3 mm apart. Ordinary femora have up to 1.5
degrees, synthetic displaced fractures of the neck mostly 7 and more."""
ANGLE_DEG = (100.0, 160.0)
"""No unbroken neck of an adult has an angle outside this."""
BELOW_HEAD_RADII = 1.6
"""Steps of the shaft are looked for below this, where a level no longer holds head or neck."""
NECK_RADII = (0.6, 2.0)
"""Steps of the neck are looked for between these distances from the centre of the head."""
APART_MM, LINE = 2.0, 6
"""Between levels, and how many on each side tell where the middle of the bone should be."""
NECK_APART_MM, NECK_LINE = 1.5, 4
CLEAR_MM, NECK_CLEAR_MM = 25.0, 8.0
"""The larger part is cut off so far from the break, beside which pieces may overlap."""
AT_PLANE_MM = 1.0
"""A point of a section so near to where the scan ends lies on the cut."""
LEAST_MM2 = 60.0
SECTORS, DEEP_MM, ALONG_MM = 16, 7.0, 20.0
"""The cortex is the densest HU of each sector down to this depth, held against that of the levels
this far above and below."""
GAP_SHARE = 0.6
"""Less of the HU around is a gap."""
GAP_AROUND = 0.8
"""Share of the sectors that a gap goes through, on one plane."""
FLAT_MM = 3.0
"""Root mean square distance from that plane."""
LEAST_CORTEX_HU = 500.0


@dataclass(frozen=True)
class Break:
    """text: what was seen, without a full stop; at_mm: where, (3,) LPS; kept: the larger part of
    the femur, clear of the break: that with the head if the shaft is broken, else that with the
    shaft.
    """

    text: str
    at_mm: np.ndarray
    kept: Plane


def _broken(text: str, at_mm: np.ndarray, kept: np.ndarray, clear_mm: float) -> Break:
    """A break. kept: (3,) unit, toward the larger part."""
    return Break(text, at_mm, Plane(at_mm + clear_mm * kept, kept))


def breaks_in(
    outline: Mesh, side: Side, planes: Sequence[Plane], axes: Axes | str | None = None
) -> tuple[Break, ...]:
    """What the outline shows of a fracture.

    outline: periosteal, closed, LPS mm; planes: where the scan ends. axes: as axes_of gave them, if
    that was done.
    """
    axes = axes or axes_of(outline, side)
    neck = () if isinstance(axes, str) else _neck(outline, axes)
    return (*neck, *_shaft(outline, axes, planes))


def _neck(outline: Mesh, axes: Axes) -> tuple[Break, ...]:
    """A neck with a step, whose axis turns on the way, or with an angle no whole femur has."""
    narrow = axes.narrowest.centroid_mm
    if axes.neck_error_deg > TURN_DEG:
        text = f"the neck has a step, where its axis turns {axes.neck_error_deg:.0f}°"
        return (_broken(text, narrow, axes.neck, NECK_CLEAR_MM),)
    first, last = (radii * axes.radius_mm for radii in NECK_RADII)
    away = np.arange(first, last, NECK_APART_MM)
    seen = nearest_sections(outline, axes.centre_mm + away[:, None] * axes.neck, axes.neck)
    middles = np.array([s.centroid_mm for s in seen if s is not None])
    along = (middles - axes.centre_mm) @ axes.neck
    across = middles - axes.centre_mm - along[:, None] * axes.neck
    steps = _steps(along, across, NECK_LINE)
    if steps.max(initial=0.0) > NECK_STEP_MM:
        worst = int(steps.argmax())
        text = f"the neck has a step of {steps[worst]:.0f} mm"
        return (_broken(text, middles[worst], axes.neck, NECK_CLEAR_MM),)
    angle = axes.neck_shaft_deg
    if angle is not None and not ANGLE_DEG[0] <= angle <= ANGLE_DEG[1]:
        text = f"the neck-shaft angle is {angle:.0f}°"
        return (_broken(text, narrow, axes.neck, NECK_CLEAR_MM),)
    return ()


def _shaft(outline: Mesh, axes: Axes | str, planes: Sequence[Plane]) -> tuple[Break, ...]:
    """The largest step of the bone's middle below the neck, if it is one. Where a side of the scan
    cuts the bone, its middle jumps without a break: such levels do not count.
    """
    levels = [s for s in _levels(outline, axes, BELOW_HEAD_RADII) if not _cut(s, planes)]
    if len(levels) < 2 * LINE + 1:
        return ()
    at = np.array([s.centroid_mm for s in levels])
    steps = _steps(at[:, 2], at[:, :2], LINE)
    worst = int(steps.argmax())
    if steps[worst] < (STEP_HEADLESS_MM if isinstance(axes, str) else STEP_MM):
        return ()
    text = f"the shaft has a step of {steps[worst]:.0f} mm"
    return (_broken(text, at[worst], np.array([0.0, 0.0, 1.0]), CLEAR_MM),)


def _cut(section: Section, planes: Sequence[Plane]) -> bool:
    """Whether a side of the scan cuts a transverse section."""
    return any(
        (plane.depth_mm(section.points) < AT_PLANE_MM).any()
        for plane in planes
        if abs(plane.inward[2]) < 0.5
    )


def _steps(along: np.ndarray, across: np.ndarray, line: int) -> np.ndarray:
    """How far apart straight lines through the points before and behind each pass it, (n,) mm.

    along: (n,) position on the bone; across: (n, k) middle of the bone there.
    """
    out = np.zeros(len(along))
    for k in range(line, len(along) - line):
        ends = [
            np.linalg.lstsq(np.c_[along[part] - along[k], np.ones(line)], across[part], rcond=None)[
                0
            ][1]
            for part in (slice(k - line, k), slice(k + 1, k + line + 1))
        ]
        out[k] = np.linalg.norm(ends[0] - ends[1])
    return out


def _levels(outline: Mesh, axes: Axes | str, radii: float) -> list[Section]:
    """Transverse sections from the lower end up to so many head radii below the head, or to 60 mm
    below the top of a femur without one. Two in a level count as one, by their common middle.
    """
    low, high = outline.vertices[:, 2].min() + 3, outline.vertices[:, 2].max() - 60
    if not isinstance(axes, str):
        high = axes.centre_mm[2] - radii * axes.radius_mm
    up = np.array([0.0, 0.0, 1.0])
    out = []
    for level in sections(outline, np.arange(low, high, APART_MM)[:, None] * up, up):
        found = [s for s in level if s.area_mm2 > LEAST_MM2]
        if found:
            area = sum(s.area_mm2 for s in found)
            middle = sum(s.area_mm2 * s.centroid_mm for s in found) / area
            points = np.vstack([s.points for s in found])
            out.append(Section(area, np.asarray(middle), 0.0, points))
    return out


def gap_around_shaft(
    outline: Mesh, side: Side, volume: Volume, axes: Axes | str | None = None
) -> bool:
    """Whether a gap goes all around the cortex of the shaft.

    volume: the scan in HU; axes: as axes_of gave them, if that was done. In each sector of the
    shaft the cortex of a level is held against that of the levels around it; a gap lies on one
    plane, and goes around.
    """
    levels = _levels(outline, axes or axes_of(outline, side), BELOW_LESSER_RADII)
    if len(levels) * APART_MM < 2 * ALONG_MM:
        return False
    cortex = np.array([_cortex_hu(section, volume) for section in levels])
    size = (2 * round(ALONG_MM / APART_MM) + 1, 1)
    usual = ndimage.median_filter(np.nan_to_num(cortex), size, mode="nearest")
    share = np.where(usual > LEAST_CORTEX_HU, cortex / np.maximum(usual, 1), 1.0)
    share = np.where(np.isfinite(share), share, 1.0)
    darkest = share.min(1)
    for level in np.argsort(darkest)[:5]:
        reach = round(ALONG_MM / APART_MM)
        first = max(0, level - reach)
        near = share[first : level + reach + 1]
        gone = near.min(0) < GAP_SHARE
        if gone.mean() < GAP_AROUND:
            continue
        height = (near.argmin(0) * APART_MM)[gone]
        turn = 2 * np.pi * np.flatnonzero(gone) / SECTORS
        design = np.c_[np.cos(turn), np.sin(turn), np.ones(len(turn))]
        off = height - design @ np.linalg.lstsq(design, height, rcond=None)[0]
        if np.sqrt((off**2).mean()) <= FLAT_MM:
            return True
    return False


def _cortex_hu(section: Section, volume: Volume) -> np.ndarray:
    """The densest HU of each sector of a level, from the outline inward, (SECTORS,)."""
    rays = section.points - section.centroid_mm
    angle = np.arctan2(rays[:, 1], rays[:, 0])
    which = np.rint(angle / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    away = np.linalg.norm(rays[:, :2], axis=1)
    radius = np.array([away[which == k].max() if (which == k).any() else 0 for k in range(SECTORS)])
    turn = 2 * np.pi * np.arange(SECTORS) / SECTORS
    depth = np.arange(0.5, DEEP_MM, 0.5)
    reach = np.maximum(radius[:, None] - depth, 0)
    points = np.empty((*reach.shape, 3))
    points[..., 0], points[..., 1] = reach * np.cos(turn)[:, None], reach * np.sin(turn)[:, None]
    points[..., 2] = 0
    index = volume.grid.to_index(points + section.centroid_mm)
    hu = ndimage.map_coordinates(
        volume.array, np.moveaxis(index, -1, 0), output=np.float32, order=1, mode="nearest"
    )
    return np.asarray(hu.max(1))
