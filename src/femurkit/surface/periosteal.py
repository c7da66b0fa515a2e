"""The periosteal solid: the femur's outline, closed, ending flat where the scan ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from femurkit.mesh import Mesh
from femurkit.solid import Plane, cut
from femurkit.surface.contour import contour, largest_part
from femurkit.surface.crossings import self_intersections
from femurkit.surface.field import Ready, clip, prepared
from femurkit.surface.smooth import NONE, RIDGES, Smoothing, Surface, smooth
from femurkit.surface.subvoxel import from_mask
from femurkit.volume import Field, Mask


def periosteal(ready: Ready) -> Surface:
    """The outline of one femur as a closed surface in LPS mm, outward normals, one part.

    The field goes on past the end of the scan: it is contoured and smoothed there as everywhere
    else, and only then cut at the scan's outer voxel faces: the cut stays flat and its rim sharp.
    """
    return ended(ready.field, ready.planes, ready.smoothing)


def ready_mask(mask: Mask) -> Ready:
    """Anybody's mask, ready to become surfaces finer than its voxels.

    Raises DegenerateShape if it is empty.
    """
    return prepared(from_mask(mask), mask.grid, RIDGES)


def outline_of(mask: Mask) -> Mesh:
    """The periosteal surface of anybody's mask, LPS mm. Raises DegenerateShape if it is empty."""
    return periosteal(ready_mask(mask)).mesh


def ended(field: Field, planes: Sequence[Plane], smoothing: Smoothing) -> Surface:
    """Contour of a field, smoothed, then cut flat at the planes; its largest part.

    Smoothing can push the walls of a thin fold through each other. Then it is done with fewer
    passes, and not at all if need be: a contour does not cross itself.
    """
    raw = largest_part(contour(field))
    gentler = replace(smoothing, passes=smoothing.passes // 3)
    for tried in (smoothing, gentler, NONE):
        smoothed = smooth(raw, tried)
        mesh = largest_part(cut(smoothed.mesh, planes))
        if mesh.is_watertight and self_intersections(mesh) == 0:
            return replace(smoothed, mesh=mesh)
    # capping can fail where a plane grazes the surface: a clipped field closes by itself
    return smooth(largest_part(contour(clip(field, planes))), smoothing)
