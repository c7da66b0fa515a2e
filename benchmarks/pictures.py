"""Pictures of results: the CT with the true and the found outline, and the surfaces."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from scipy.ndimage import map_coordinates

from femurkit.anatomy import Side
from femurkit.mesh import Mesh
from femurkit.report.outline import section
from femurkit.report.views import view
from femurkit.volume import Volume

matplotlib.use("Agg")
from matplotlib import pyplot

TRUTH, FOUND = "#3ddc84", "#ff5252"
PLANES = {"axial": (2, 0, 1), "coronal": (1, 0, 2), "sagittal": (0, 1, 2)}
"""Plane: the LPS axis it stands on, then those that run right and up or down in the picture."""
MARGIN_MM = 22.0


def overlays(
    volume: Volume,
    surfaces: dict[Side, Mesh],
    truth: dict[Side, Mesh],
    centres: dict[Side, np.ndarray],
    out: Path,
    *,
    title: str,
) -> None:
    """Per side: three planes through the head centre, one through the shaft end.

    Red is what was found, green the truth.
    """
    sides = [s for s in (Side.RIGHT, Side.LEFT) if s in surfaces]
    figure, axes = pyplot.subplots(len(sides), 4, figsize=(16, 4.6 * len(sides)), squeeze=False)
    for row, side in zip(axes, sides, strict=True):
        surface, centre = surfaces[side], centres[side]
        low, high = surface.vertices.min(0), surface.vertices.max(0)
        end = surface.vertices[surface.vertices[:, 2] < low[2] + 12]
        shaft = np.array([*((end.min(0) + end.max(0)) / 2)[:2], low[2] + 8])
        places = [(p, centre) for p in ("axial", "coronal", "sagittal")] + [("axial", shaft)]
        for ax, (plane, at) in zip(row, places, strict=True):
            _cut(ax, volume, plane, at, low, high)
            for mesh, colour in ((truth.get(side), TRUTH), (surface, FOUND)):
                if mesh is not None:
                    _outline(ax, mesh, plane, at, colour)
            where = "head" if at is centre else "shaft end"
            ax.set_title(f"{side.value}, {plane}, {where}", fontsize=10)
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(out, dpi=70)
    pyplot.close(figure)


def _cut(ax, volume, plane, at, low, high):
    axis, right, up = PLANES[plane]
    reach = [max(low[a] - MARGIN_MM, at[a] - 75) for a in (right, up)]
    limit = [min(high[a] + MARGIN_MM, at[a] + 75) for a in (right, up)]
    step = 0.5
    a = np.arange(reach[0], limit[0], step)
    b = np.arange(reach[1], limit[1], step)
    points = np.zeros((len(b), len(a), 3))
    points[..., axis] = at[axis]
    points[..., right] = a
    points[..., up] = b[:, None]
    index = np.moveaxis(volume.grid.to_index(points), -1, 0)
    grey = map_coordinates(volume.array, index, np.float32, order=1, cval=-1000.0)
    half = step / 2
    edges = (a[0] - half, a[-1] + half, b[0] - half, b[-1] + half)
    ax.imshow(grey, cmap="gray", vmin=-150, vmax=850, extent=edges, origin="lower")
    if plane == "axial":
        ax.invert_yaxis()
    ax.set_axis_off()


def _outline(ax, mesh, plane, at, colour):
    axis, right, up = PLANES[plane]
    for curve in section(mesh, axis, float(at[axis])):
        ax.plot(curve[:, right], curve[:, up], color=colour, lw=0.9, scalex=False, scaley=False)


def portraits(solid: dict[Side, Mesh], hollow: dict[Side, Mesh], out: Path) -> None:
    """Each femur from the front, behind, medial and lateral, and its hollow bone from below."""
    sides = [s for s in (Side.RIGHT, Side.LEFT) if s in solid]
    names = ("anterior", "posterior", "medial", "lateral", "below")
    seen = [(s, n, hollow[s] if n == "below" else solid[s]) for s in sides for n in names]
    images = [view(mesh, name, side).image for side, name, mesh in seen]
    height = max(image.shape[0] for image in images)
    widths = [image.shape[1] for image in images]
    figure, axes = pyplot.subplots(
        1, len(seen), figsize=(sum(widths) / 70, height / 70 + 0.6), width_ratios=widths
    )
    for axis, (side, name, _), image in zip(np.ravel(axes), seen, images, strict=True):
        room = height - image.shape[0]
        axis.imshow(np.pad(image, ((room // 2, room - room // 2), (0, 0), (0, 0))))
        what = "hollow, below" if name == "below" else name
        axis.set_title(f"{side.value}\n{what}", fontsize=9)
        axis.set_axis_off()
    figure.tight_layout()
    figure.savefig(out, dpi=70)
    pyplot.close(figure)
