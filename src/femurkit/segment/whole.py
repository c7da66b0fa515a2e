"""The fine pass over a whole femur: where its box cuts the bone, the box grows."""

from __future__ import annotations

import numpy as np

from femurkit.geometry import Grid
from femurkit.segment.predict import predict
from femurkit.segment.slicewise import one_body
from femurkit.segment.weights import Network
from femurkit.surface.islands import keep_largest
from femurkit.volume import Field, Volume

LEAST_CUT_MM2 = 50.0
"""More femur than this on a face of the box is bone cut off; less may be a doubtful voxel."""
GROW_MM = 30.0
ROUNDS = 3


def predict_whole(volume: Volume, box: Grid, *, network: Network) -> Field:
    """Probability of femur on a box around one hip, grown until the femur lies within it.

    A box comes from the coarse pass, which may miss the top of a head that the scan cuts. What
    the scan itself cuts off stays cut. The box of a network of halves never grows; what it draws
    slice by slice is made one body.
    """
    field = predict(volume, box, network=network)
    if network.kind == "half":
        return one_body(field)
    for _ in range(ROUNDS if network.kind == "hip" else 0):
        cut = cut_mm2(field, volume.grid) > LEAST_CUT_MM2
        if not cut.any():
            break
        field = predict(volume, _grown(field.grid, cut, network.steps), network=network)
    return field


def cut_mm2(field: Field, scan: Grid) -> np.ndarray:
    """Area of femur on each face of a field's box that has scan beyond it, (3, 2) mm2.

    Rows are the axes (z, y, x), columns the first and the last layer.
    """
    femur = keep_largest(field.array >= 0.5)
    out = np.zeros((3, 2))
    for axis, step in enumerate(field.grid.spacing_mm):
        for column, (layer, outward) in enumerate(((0, -1), (femur.shape[axis] - 1, 1))):
            at = np.argwhere(np.take(femur, layer, axis))
            at = np.insert(at, axis, layer + outward, axis=1)
            index = scan.to_index(field.grid.to_world(at))
            inside = ((index > -0.5) & (index < np.array(scan.shape) - 0.5)).all(1)
            out[axis, column] = np.count_nonzero(inside) * field.grid.voxel_mm3 / step
    return out


def _grown(box: Grid, cut: np.ndarray, steps: tuple[int, int, int]) -> Grid:
    """The box with GROW_MM more on the faces (3, 2) that are True, in whole network steps."""
    by = np.ceil(GROW_MM / np.array(box.spacing_mm) / steps).astype(int) * steps
    return box.crop(-by * cut[:, 0], np.array(box.shape) + by * cut[:, 1])
