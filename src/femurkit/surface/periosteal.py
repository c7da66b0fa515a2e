"""The periosteal solid: the femur's outline, closed, ending flat where the scan ends."""

from __future__ import annotations

from femurkit.geometry import Grid
from femurkit.surface.contour import contour, cut, largest_part
from femurkit.surface.field import clip_to_scan, end_planes, prepared
from femurkit.surface.smooth import Surface, smooth
from femurkit.volume import Field


def periosteal(
    field: Field, scan_grid: Grid, *, passes: int = 30, pass_band: float = 0.1
) -> Surface:
    """The outline of one femur as a closed surface in LPS mm, outward normals, one part.

    The field is continued past the end of the scan, contoured and smoothed there as everywhere
    else, and only then cut at the scan's outer voxel faces: the cut stays flat and its rim sharp.
    Raises DegenerateShape if there is no femur in the field.
    """
    whole = largest_part(contour(prepared(field, scan_grid)))
    smoothed = smooth(whole, passes=passes, pass_band=pass_band)
    ended = largest_part(cut(smoothed.mesh, end_planes(field, scan_grid)))
    if ended.is_watertight:
        return Surface(ended, smoothed.volume_change, smoothed.area_change)
    # capping failed: the clipped field closes by itself, with a rounded rim
    clipped = largest_part(contour(clip_to_scan(field, scan_grid)))
    return smooth(clipped, passes=passes, pass_band=pass_band)
