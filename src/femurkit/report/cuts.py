"""CT pictures in the body's own planes, whatever way the voxels lie."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from femurkit.mesh import Mesh
from femurkit.report.content import Cut
from femurkit.report.outline import section
from femurkit.volume import Volume

WINDOW_HU = (-350.0, 1150.0)
"""Black and white of the pictures: fat and muscle still differ, most cortex is not yet white."""

PIXEL_MM = 0.5
MARGIN_MM = 22.0
ABOVE_END_MM = 12.0
BELOW_HEAD_MM = 85.0
"""How far below the head centre a picture reaches: a whole shaft would make the joint small."""

# plane: LPS axis it is normal to, axis along columns, axis along rows, sign of rows,
# and the letters at its left, right, top and bottom edge. The patient's right is at the left.
PLANES = {
    "axial": (2, 0, 1, 1, "RLAP"),
    "coronal": (1, 0, 2, -1, "RLSI"),
    "sagittal": (0, 1, 2, -1, "APSI"),
}


def head_cut(
    volume: Volume, surface: Mesh, hollow: Mesh | None, centre_mm: np.ndarray, plane: str
) -> Cut:
    """The CT in one plane through the centre of the head, wide enough for the whole neck.

    centre_mm: (3,) LPS. plane: a name in PLANES.
    """
    lo, hi = surface.vertices.min(0) - MARGIN_MM, surface.vertices.max(0) + MARGIN_MM
    lo[2] = max(lo[2], centre_mm[2] - BELOW_HEAD_MM)
    title = f"{plane.capitalize()}, through the head"
    return cut(volume, surface, hollow, centre_mm, plane, title, lo, hi)


def shaft_cut(volume: Volume, surface: Mesh, hollow: Mesh | None) -> Cut:
    """The CT across the lower end of the bone, where the canal shows."""
    bottom = surface.vertices[:, 2].min() + ABOVE_END_MM
    end = surface.vertices[surface.vertices[:, 2] < bottom]
    centre = (end.min(0) + end.max(0)) / 2
    centre[2] = bottom
    return cut(
        volume,
        surface,
        hollow,
        centre,
        "axial",
        "Axial, through the shaft",
        end.min(0) - MARGIN_MM,
        end.max(0) + MARGIN_MM,
    )


def cut(
    volume: Volume,
    surface: Mesh,
    hollow: Mesh | None,
    centre_mm: np.ndarray,
    plane: str,
    title: str,
    lo: np.ndarray,
    hi: np.ndarray,
) -> Cut:
    """The CT in one plane through a point, with the outlines of the surfaces in pixels.

    centre_mm: (3,) LPS. plane: a name in PLANES. lo, hi: corners (3,) LPS mm of the box to show.
    Pixels are square whatever the voxels are.
    """
    axis, across, down, sign, letters = PLANES[plane]
    columns = np.arange(lo[across], hi[across], PIXEL_MM)
    rows = np.arange(lo[down], hi[down], PIXEL_MM)[::sign]
    points = np.empty((len(rows), len(columns), 3))
    points[..., axis] = centre_mm[axis]
    points[..., across] = columns
    points[..., down] = rows[:, None]

    def to_pixels(mesh: Mesh) -> tuple[np.ndarray, ...]:
        """Polylines (n, 2) as column, row with pixel centres at whole numbers plus one half."""
        curves = section(mesh, axis, float(centre_mm[axis]))
        start = np.array([columns[0], rows[0]])
        scale = np.array([1, sign]) / PIXEL_MM
        return tuple((c[:, [across, down]] - start) * scale + 0.5 for c in curves)

    return Cut(
        title=title,
        image=_grey(_sample(volume, points)),
        outline=to_pixels(surface),
        inner_outline=() if hollow is None else to_pixels(hollow),
        edges=(letters[0], letters[1], letters[2], letters[3]),
        pixel_mm=PIXEL_MM,
    )


def _sample(volume: Volume, points_mm: np.ndarray) -> np.ndarray:
    """HU at LPS points (h, w, 3), linear; air outside the scan."""
    index = np.moveaxis(volume.grid.to_index(points_mm), -1, 0)
    # The half voxel beyond the outermost centres belongs to the scan too.
    for i, n in enumerate(volume.grid.shape):
        inside = (index[i] > -0.5) & (index[i] < n - 0.5)
        index[i] = np.where(inside, np.clip(index[i], 0, n - 1), index[i])
    return ndimage.map_coordinates(
        volume.array, index, output=np.float32, order=1, mode="constant", cval=-1000.0
    )


def _grey(hu: np.ndarray) -> np.ndarray:
    low, high = WINDOW_HU
    return np.clip((hu - low) / (high - low) * 255.0 + 0.5, 0, 255).astype(np.uint8)
