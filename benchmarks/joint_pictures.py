"""Small pictures of a scan: the whole from the front, and each joint with the outline found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import map_coordinates

from femurkit.geometry import Grid, resample
from femurkit.mesh import Mesh
from femurkit.report.outline import section
from femurkit.volume import Volume

TILE = 256
WIDTH_MM = 100.0
"""What a tile of a joint shows, from side to side."""
FOUND = (255, 82, 82)
PLANES = {"coronal": (1, 0, 2), "axial": (2, 0, 1)}
"""Plane: the LPS axis it stands on, then those that run right and up or down in the picture."""


def grey(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """HU between two limits as 0..255, uint8."""
    return (np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def overview(volume: Volume) -> Image.Image:
    """The densest voxel along each line from front to back; the patient's left is on the right."""
    low, high = volume.grid.bounds_mm()
    step = float(max((high - low)[[0, 2]])) / (TILE - 1)
    z, y, x = (int(n) for n in np.ceil((high - low)[::-1] / (step, 2.0, step)).astype(int) + 1)
    grid = Grid.aligned((z, y, x), (step, 2.0, step), low)
    image = resample(volume.array, volume.grid, grid).max(1)[::-1]
    tile = Image.new("RGB", (TILE, TILE))
    shown = Image.fromarray(grey(image, 0, 900))
    tile.paste(shown.convert("RGB"), ((TILE - shown.width) // 2, (TILE - shown.height) // 2))
    return tile


def joint(volume: Volume, mesh: Mesh | None, plane: str, at: np.ndarray) -> Image.Image:
    """One plane through a point (3,) LPS mm, with the outline of the femur on it."""
    axis, right, up = PLANES[plane]
    step = WIDTH_MM / TILE
    along = (np.arange(TILE) - (TILE - 1) / 2) * step
    sign = -1 if plane == "coronal" else 1
    points = np.empty((TILE, TILE, 3))
    points[..., axis] = at[axis]
    points[..., right] = at[right] + along
    points[..., up] = at[up] + sign * along[:, None]
    index = np.moveaxis(volume.grid.to_index(points), -1, 0)
    values = map_coordinates(volume.array, index, np.float32, order=1, cval=-1000.0)
    image = Image.fromarray(grey(values, -150, 750)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for curve in section(mesh, axis, float(at[axis])) if mesh else []:
        pixels = (curve[:, [right, up]] - at[[right, up]]) * (1, sign) / step + (TILE - 1) / 2
        draw.line([tuple(p) for p in pixels.tolist()], fill=FOUND, width=1)
    return image


def picture(
    front: Image.Image,
    volume: Volume,
    meshes: dict[str, Mesh],
    points: dict[str, np.ndarray],
    out: Path,
) -> None:
    """The scan from the front, then coronal and axial planes of the right and of the left joint."""
    tiles = [front]
    for side in ("right", "left"):
        for plane in PLANES if side in points else ():
            tiles.append(joint(volume, meshes.get(side), plane, points[side]))
            ImageDraw.Draw(tiles[-1]).text((4, 4), f"{side}, {plane}", fill="white")
    sheet = Image.new("RGB", (len(tiles) * (TILE + 2) - 2, TILE), "white")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number * (TILE + 2), 0))
    sheet.save(out, quality=75, method=6)
