"""What a femur looks like: slices of the CT with both masks, and surfaces from four sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from scipy.ndimage import map_coordinates

from femurkit.evaluation.figures.style import FOUND, TRUTH, sheet
from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.surface.draw import Direction, draw
from femurkit.surface.islands import bounding_window
from femurkit.volume import Mask, Volume

WINDOW_HU = (-200.0, 1000.0)
STEP_MM = 0.5
ROOM_MM = 18.0
COLUMN_INCH = 1.9
OPACITY = 0.35

VIEWS: dict[str, tuple[Direction, Direction]] = {
    "anterior": ((0, -1, 0), (0, 0, 1)),
    "posterior": ((0, 1, 0), (0, 0, 1)),
    "top": ((0, 0, 1), (0, -1, 0)),
    "bottom": ((0, 0, -1), (0, -1, 0)),
}
"""Name: from the bone to the eye, and what is up in the picture, both LPS."""


def overlay_triplets(
    ct: Volume,
    truth: Mask,
    pred: Mask,
    *,
    levels_mm: Sequence[float] | None = None,
    count: int = 6,
) -> Figure:
    """Axial slices of one femur: the CT alone, with the truth, with what was found.

    Each may have a grid of its own. levels_mm: LPS z from top to bottom; without them `count`
    levels of the true femur, closer toward the head, where slices differ most. As radiologists
    look: front up, the patient's left at the right. In the last row a line shows the truth as well.
    """
    low, high = _bounds_mm(truth)
    if levels_mm is None:
        share = ((np.arange(count) + 0.5) / count) ** 1.6
        levels_mm = (high[2] - share * (high[2] - low[2])).tolist()
    across, down = high[:2] - low[:2] + 2 * ROOM_MM
    height = 3 * (COLUMN_INCH + 0.06) * down / across + 0.35
    figure, axes = sheet(
        3, len(levels_mm), width=COLUMN_INCH * len(levels_mm) + 0.35, height=height
    )
    for column, level in zip(axes.T, levels_mm, strict=True):
        points, extent = _plane(low, high, level)
        grey = _sample(ct.array, ct.grid, points, order=1, outside=-1000.0)
        true = _sample(truth.array, truth.grid, points, order=0) > 0.5
        found = _sample(pred.array, pred.grid, points, order=0) > 0.5
        for axis in column:
            axis.imshow(grey, cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1], extent=extent)
            axis.set_xticks([])
            axis.set_yticks([])
        _paint(column[1], true, TRUTH, extent)
        _paint(column[2], found, FOUND, extent)
        _line(column[2], true, TRUTH, extent, style="dotted")
        column[0].set_title(f"z = {level:.0f} mm", fontsize=9)
    for axis, name in zip(axes[:, 0], ("CT", "truth", "found"), strict=True):
        axis.set_ylabel(name)
    return figure


def _bounds_mm(mask: Mask) -> tuple[np.ndarray, np.ndarray]:
    """LPS box of a mask, least and greatest."""
    window = bounding_window(mask.array)
    return mask.grid.crop([w.start for w in window], [w.stop for w in window]).bounds_mm()


def _plane(
    low: np.ndarray, high: np.ndarray, level: float
) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """Points (rows, columns, 3) LPS of an axial picture, front up, and its edges in mm."""
    x = np.arange(low[0] - ROOM_MM, high[0] + ROOM_MM, STEP_MM)
    y = np.arange(low[1] - ROOM_MM, high[1] + ROOM_MM, STEP_MM)
    points = np.empty((len(y), len(x), 3))
    points[..., 0], points[..., 1], points[..., 2] = x, y[:, None], level
    half = STEP_MM / 2
    return points, (x[0] - half, x[-1] + half, y[-1] + half, y[0] - half)


def _sample(
    array: np.ndarray, grid: Grid, points: np.ndarray, *, order: int, outside: float = 0.0
) -> np.ndarray:
    index = np.moveaxis(grid.to_index(points), -1, 0)
    start = np.maximum(np.floor(index.min((1, 2))).astype(int) - 1, 0)
    stop = np.ceil(index.max((1, 2))).astype(int) + 2
    part = array[tuple(slice(a, max(a, b)) for a, b in zip(start, stop, strict=True))]
    if 0 in part.shape:
        return np.full(points.shape[:2], outside, np.float32)
    index -= start[:, None, None]
    return np.asarray(map_coordinates(part, index, np.float32, order=order, cval=outside))


def _paint(axis: Any, inside: np.ndarray, colour: str, extent: tuple[float, ...]) -> None:
    shown = np.ma.masked_where(~inside, inside)
    axis.imshow(shown, cmap=ListedColormap([colour]), alpha=OPACITY, extent=extent)
    _line(axis, inside, colour, extent)


def _line(
    axis: Any, inside: np.ndarray, colour: str, extent: tuple[float, ...], *, style: str = "solid"
) -> None:
    if inside.any():
        axis.contour(
            inside, [0.5], colors=colour, linewidths=1.1, linestyles=style, extent=extent,
            origin="upper",
        )  # fmt: skip


def four_views(meshes: Mapping[str, Mesh], *, below: Mapping[str, Mesh] | None = None) -> Figure:
    """Each surface from the front, behind, above and below, all at one scale.

    meshes: name -> surface, LPS mm, one after another downward. below: what to show from below
    instead: the hollow bone, whose canal is open there. From above and below the front
    is up.
    """
    seen = {
        name: {view: draw(mesh, *VIEWS[view]) for view in VIEWS if view != "bottom"}
        | {"bottom": draw((below or {}).get(name, mesh), *VIEWS["bottom"])}
        for name, mesh in meshes.items()
    }
    half = max(i["top"].shape[0] + i["bottom"].shape[0] for i in seen.values()) // 2
    tall = max(2 * half, *(i[v].shape[0] for i in seen.values() for v in ("anterior", "posterior")))
    widths = [max(i[v].shape[1] for i in seen.values()) for v in ("anterior", "posterior", "top")]
    figure = Figure(
        figsize=(sum(widths) / 75 + 0.5, len(seen) * (tall / 75 + 0.3)), layout="constrained"
    )
    spaces = figure.add_gridspec(2 * len(seen), 3, width_ratios=widths)
    for row, (name, images) in enumerate(seen.items()):
        both, upper, lower = slice(2 * row, 2 * row + 2), 2 * row, 2 * row + 1
        places = (spaces[both, 0], spaces[both, 1], spaces[upper, 2], spaces[lower, 2])
        for (view, image), place in zip(images.items(), places, strict=True):
            axis = figure.add_subplot(place)
            axis.imshow(
                _centred(image, tall if view.endswith("rior") else tall // 2, image.shape[1])
            )
            axis.set_xticks([])
            axis.set_yticks([])
            axis.spines[:].set_visible(False)
            hollow = view == "bottom" and name in (below or {})
            axis.set_title(f"{view}, hollow bone" if hollow else view, fontsize=10)
            axis.set_ylabel(name if view == "anterior" else "")
    return figure


def _centred(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The same picture with transparent room around it; never smaller."""
    down, right = (max(0, n) for n in (height - image.shape[0], width - image.shape[1]))
    room = ((down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0))
    return np.pad(image, room)
