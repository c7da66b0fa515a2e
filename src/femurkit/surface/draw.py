"""Pictures of a surface, drawn with numpy alone: no graphics driver, the same everywhere."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from femurkit.mesh import Mesh, vertex_normals

PIXEL_MM = 0.5
SUPERSAMPLING = 2
BONE_RGB = np.array([237.0, 225.0, 202.0], np.float32)

Direction = tuple[float, float, float]


def draw(
    mesh: Mesh,
    towards: Direction,
    up: Direction,
    *,
    pixel_mm: float = PIXEL_MM,
    colours: np.ndarray | None = None,
) -> np.ndarray:
    """Orthographic picture of a mesh, (rows, columns, 4) uint8 RGBA.

    towards: unit LPS vector from the mesh to the eye; up: the one that is up in the picture.
    colours: (n, 3) RGB 0..255 of the vertices; the colour of bone if not given.
    """
    frame = np.array([np.cross(up, towards), np.negative(up), towards], np.float32)
    points = mesh.vertices.astype(np.float32) @ frame.T  # column, row, nearness in mm
    points[:, :2] -= points[:, :2].min(0)
    points[:, :2] = points[:, :2] * (SUPERSAMPLING / pixel_mm) + 2 * SUPERSAMPLING
    width, height = (
        int(np.ceil(n / SUPERSAMPLING) + 2) * SUPERSAMPLING for n in points[:, :2].max(0)
    )
    normals = vertex_normals(mesh).astype(np.float32) @ frame.T
    rgb = np.broadcast_to(BONE_RGB, normals.shape) if colours is None else colours
    values = np.concatenate([normals, rgb.astype(np.float32)], 1)
    depth, seen = _rasterise(points, mesh.faces, values, (height, width))
    return _halve(_shade(depth, seen[..., :3], seen[..., 3:], pixel_mm / SUPERSAMPLING))


def _rasterise(
    points: np.ndarray, faces: np.ndarray, values: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Z-buffer. Returns nearness (h, w), -inf where empty, and the values of the vertices (n, k)
    between them, (h, w, k).
    """
    depth = np.full(shape[0] * shape[1], -np.inf, np.float32)
    out = np.zeros((len(depth), values.shape[1]), np.float32)
    a, b, c = (points[faces[:, i]] for i in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    corner = np.floor(np.minimum(np.minimum(a, b), c)[:, :2]).astype(np.int32)
    extent = (np.maximum(np.maximum(a, b), c)[:, :2] - corner).max(1)
    # Rows run downward, so a face turned to the eye runs clockwise in the picture: turn < 0.
    seen = turn < -1e-6
    size = 2
    while seen.any():
        # Faces of about one size together: each tries the size² pixels of its box.
        batch = np.flatnonzero(seen & (extent <= size))
        seen[batch] = False
        for f in np.array_split(batch, len(batch) * size * size // 500_000 + 1):
            step = np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1).reshape(-1, 2)
            at = corner[f, None] + step.astype(np.int32)  # (faces, size², 2) as column, row
            centre = at.astype(np.float32) + 0.5
            wa = _weight(b[f], c[f], centre, turn[f])
            wb = _weight(c[f], a[f], centre, turn[f])
            hit, pixel = np.nonzero((wa >= 0) & (wb >= 0) & (wa + wb <= 1))
            wa, wb = wa[hit, pixel], wb[hit, pixel]
            w = np.stack([wa, wb, 1 - wa - wb], -1)
            corners = faces[f[hit]]
            near = np.einsum("ij,ij->i", w, points[corners, 2])
            index = at[hit, pixel, 1] * shape[1] + at[hit, pixel, 0]
            np.maximum.at(depth, index, near)
            first = near >= depth[index]
            out[index[first]] = np.einsum("ij,ijk->ik", w[first], values[corners[first]])
        size += max(1, size // 3)
    return depth.reshape(shape), out.reshape(*shape, -1)


def _weight(p: np.ndarray, q: np.ndarray, at: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Barycentric weight of points `at` (faces, n, 2) against the edges p -> q."""
    edge = (q - p)[:, None] / turn[:, None, None]
    off = at - p[:, None, :2]
    return np.asarray(edge[..., 0] * off[..., 1] - edge[..., 1] * off[..., 0])


def _shade(
    depth: np.ndarray, normal: np.ndarray, colour: np.ndarray, pixel_mm: float
) -> np.ndarray:
    """Light from the upper left, darkness in hollows. Returns (h, w, 4) float32 0..255."""
    solid = np.isfinite(depth)
    normal = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    key = np.array([-0.42, -0.55, 0.72], np.float32)
    half = key + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    lit = np.clip(normal @ key, 0, 1)
    shine = np.clip(normal @ half, 0, 1) ** 40
    # Hollows: how far a pixel lies behind the mean of its surroundings.
    weight = solid.astype(np.float32)
    near = np.where(solid, depth, 0).astype(np.float32)
    coarse, share = _blocks(near), _blocks(weight)
    behind = np.zeros_like(near)
    for radius_mm in (3.0, 9.0):
        sigma = radius_mm / (SUPERSAMPLING * pixel_mm)
        mean = ndimage.gaussian_filter(coarse, sigma, truncate=2.0) / np.maximum(
            ndimage.gaussian_filter(share, sigma, truncate=2.0), 1e-3
        )
        mean = mean.repeat(SUPERSAMPLING, 0).repeat(SUPERSAMPLING, 1)
        behind += np.clip((mean - near) / (2.2 * radius_mm), 0, 1)
    light = (0.36 + 0.66 * lit + 0.12 * np.clip(normal[..., 2], 0, 1)) * (1 - 0.55 * behind / 2)
    rgb = colour * light[..., None] + 26.0 * shine[..., None]
    alpha = 255.0 * weight[..., None]
    return np.concatenate([np.clip(rgb, 0, 255) * weight[..., None], alpha], -1)


def _blocks(image: np.ndarray) -> np.ndarray:
    """Means of SUPERSAMPLING² pixels each, (h, w, ...)."""
    n = SUPERSAMPLING
    h, w = image.shape[0] // n, image.shape[1] // n
    return np.asarray(image.reshape(h, n, w, n, *image.shape[2:]).mean((1, 3)))


def _halve(image: np.ndarray) -> np.ndarray:
    """Average SUPERSAMPLING² pixels into one; colours weighted by their opacity."""
    small = _blocks(image)
    small[..., :3] /= np.maximum(small[..., 3:] / 255.0, 1e-3)
    return (np.clip(small, 0, 255) + 0.5).astype(np.uint8)
