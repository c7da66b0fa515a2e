"""Connected parts and holes of a voxel set: cleaned before any surface is made."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def keep_largest(array: np.ndarray) -> np.ndarray:
    """The largest part of a set of voxels, neighbours sharing a face.

    array: (z, y, x) bool. Returns the same shape, bool; all False if array is.
    """
    labels, count = ndimage.label(array)
    if count <= 1:
        return array.astype(bool, copy=True)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def fill_holes(array: np.ndarray) -> np.ndarray:
    """Fill cavities that cannot be left through the faces of voxels.

    A cavity that runs out of the array (a canal, where the scan ends in the shaft) is filled too,
    provided that a ring of the set closes it on the outermost layer. A concavity is never filled.

    array: (z, y, x) bool. Returns the same shape, bool.
    """
    filled = array.astype(bool, copy=True)
    for axis in range(3):
        for layer in (0, -1):
            face = np.moveaxis(filled, axis, 0)[layer]
            if face.any():
                face |= ndimage.binary_fill_holes(face)
    return np.asarray(ndimage.binary_fill_holes(filled))


def bounding_window(array: np.ndarray, *, margin: int = 0) -> tuple[slice, slice, slice]:
    """Slices (z, y, x) of the smallest box around the True voxels, widened within the array.

    All empty if nothing is True.
    """
    out = []
    for axis in range(3):
        seen = np.flatnonzero(array.any(axis=tuple(a for a in range(3) if a != axis)))
        if not len(seen):
            return slice(0, 0), slice(0, 0), slice(0, 0)
        start, stop = int(seen[0]) - margin, int(seen[-1]) + 1 + margin
        out.append(slice(max(0, start), min(array.shape[axis], stop)))
    return out[0], out[1], out[2]
