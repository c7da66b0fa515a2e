"""Distances between two outlines, in mm: of masks, and of surfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from femurkit.errors import DegenerateShape
from femurkit.mesh import Mesh, distances_mm, vertex_areas_mm2
from femurkit.volume import Mask


@dataclass(frozen=True)
class Distances:
    """Millimetres between two outlines A and B.

    assd_mm: mean over all points of A and of B together of the distance to the other outline.
    hd95_mm: the greater of the two directed 95th percentiles. hd_mm: the greatest distance.
    Source: Taha and Hanbury, 2015, Metrics for evaluating 3D medical image segmentation, BMC Med
    Imaging 15:29, doi 10.1186/s12880-015-0068-x; Heimann et al., 2009, doi 10.1109/TMI.2009.2013851
    (the pooled mean).
    """

    assd_mm: float
    hd95_mm: float
    hd_mm: float


def surface_distance(pred: Mask, truth: Mask) -> Distances:
    """Distances between the border voxels of two masks on one grid.

    A border voxel is one of the mask with a face neighbour outside it; beyond the array is outside,
    so the flat end of a bone that leaves the scan counts. Exact Euclidean distances between voxel
    centres, with the spacing of each axis (axes taken as perpendicular).
    Raises DegenerateShape if a mask is empty, ValueError if the grids differ.
    """
    if not pred.grid.same_as(truth.grid):
        raise ValueError("the masks are on different grids")
    if not pred.array.any() or not truth.array.any():
        raise DegenerateShape("an empty mask has no outline")
    window = ndimage.find_objects((pred.array | truth.array).view(np.uint8))[0]
    borders = (np.argwhere(border(mask.array[window])) for mask in (pred, truth))
    a, b = (at * pred.grid.spacing_mm for at in borders)
    return pooled(nearest_mm(a, b), nearest_mm(b, a))


def border(array: np.ndarray) -> np.ndarray:
    """Voxels of a set (z, y, x) bool that have a face neighbour outside it."""
    return np.asarray(array & ~ndimage.binary_erosion(array, border_value=0))


def nearest_mm(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance from each of (n, 3) points to the nearest of (m, 3) others, m > 0, in mm."""
    return np.asarray(cKDTree(others).query(points)[0])


def pooled(to_truth: np.ndarray, to_pred: np.ndarray) -> Distances:
    """What two sets of directed distances, (n,) and (m,) mm, come to; one of them may be empty."""
    both = [one for one in (to_truth, to_pred) if one.size]
    return Distances(
        assd_mm=float(np.concatenate(both).mean()),
        hd95_mm=float(max(np.percentile(one, 95) for one in both)),
        hd_mm=float(max(one.max() for one in both)),
    )


def mesh_distance(pred: Mesh, truth: Mesh) -> Distances:
    """Distances between two surfaces: from each vertex to the nearest point of the other's faces.

    Vertices weigh by the area around them, so that it does not matter how finely either surface is
    divided. Raises DegenerateShape if a surface has no faces.
    """
    if not len(pred.faces) or not len(truth.faces):
        raise DegenerateShape("an empty surface has no outline")
    to_truth, to_pred = distances_mm(pred.vertices, truth), distances_mm(truth.vertices, pred)
    a, b = vertex_areas_mm2(pred), vertex_areas_mm2(truth)
    return Distances(
        assd_mm=float((to_truth @ a + to_pred @ b) / (a.sum() + b.sum())),
        hd95_mm=max(_percentile(to_truth, a, 0.95), _percentile(to_pred, b, 0.95)),
        hd_mm=float(max(to_truth[a > 0].max(), to_pred[b > 0].max())),
    )


def _percentile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Least value that a share of the weight does not exceed."""
    order = np.argsort(values)
    reached = np.searchsorted(np.cumsum(weights[order]), share * weights.sum())
    return float(values[order][min(int(reached), len(values) - 1)])
