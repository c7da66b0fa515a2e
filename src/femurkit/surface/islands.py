"""Connected parts and holes of a voxel set: cleaned before any surface is made."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def keep_largest(array: np.ndarray) -> np.ndarray:
    """The largest part of a set of voxels, neighbours sharing a face.

    array: (z, y, x) bool. Returns the same shape, bool; all False if array is.
    """
    window = bounding_window(array)
    labels, count = ndimage.label(array[window])
    if count <= 1:
        return array.astype(bool, copy=True)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    out = np.zeros(array.shape, bool)
    out[window] = labels == sizes.argmax()
    return out


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
    window = bounding_window(filled, margin=1)
    filled[window] |= _enclosed(filled[window])
    return filled


def _enclosed(array: np.ndarray) -> np.ndarray:
    """Voxels outside a set from which no way along faces leads out of the array."""
    labels, count = ndimage.label(~np.pad(array, 1))
    open_air = labels[0, 0, 0]
    if count == 1:
        return np.zeros_like(array)
    return np.asarray((labels != open_air) & (labels > 0))[1:-1, 1:-1, 1:-1]


def fill_levels(array: np.ndarray) -> np.ndarray:
    """Fill, in every level (y, x) by itself, what cannot be left through the sides of pixels.

    array: (z, y, x) bool. Returns the same shape, bool.
    """
    in_level = np.zeros((3, 3, 3), bool)
    in_level[1] = ndimage.generate_binary_structure(2, 1)
    labels, count = ndimage.label(~np.pad(array, ((0, 0), (1, 1), (1, 1))), in_level)
    enclosed = np.ones(count + 1, bool)
    enclosed[0] = enclosed[labels[:, 0, 0]] = False
    return array | enclosed[labels[:, 1:-1, 1:-1]]


def euler_number(array: np.ndarray) -> int:
    """Parts minus handles plus cavities of a set of voxels (z, y, x), neighbours sharing a face.

    Counted as a complex with a vertex a voxel. Source: Kong and Rosenfeld, 1989, Digital topology,
    Comput Vis Graph Image Process 48:357, doi 10.1016/0734-189X(89)90147-3.
    """
    total = 0
    for axes in range(8):  # every cell of the complex: 1, 2, 4 or 8 voxels in a block
        cell = array.astype(bool, copy=False)
        for axis in range(3):
            if axes >> axis & 1:
                ahead = np.moveaxis(cell, axis, 0)
                cell = np.moveaxis(ahead[1:] & ahead[:-1], 0, axis)
        total += (-1) ** axes.bit_count() * int(np.count_nonzero(cell))
    return total


def close_handles(probability: np.ndarray) -> np.ndarray:
    """Fill the tunnels, up to six voxels wide, through a femur: a bone has none.

    probability: (z, y, x) float32 of one part without cavities, with more than three voxels of
    room wherever it does not leave the array. Only the voxels that stop a tunnel change; a wider
    tunnel stays.
    """
    out = probability
    for size in (3, 5, 7):
        inside = out >= 0.5
        if euler_number(inside) >= 1:
            break
        closed = ndimage.grey_closing(out, size=(size,) * 3)
        plugs, _ = ndimage.label((closed >= 0.5) & ~inside, np.ones((3, 3, 3)))
        keep = np.zeros_like(inside)
        for number, box in enumerate(ndimage.find_objects(plugs), start=1):
            window = tuple(slice(max(0, b.start - 1), b.stop + 1) for b in box)
            plug, here = plugs[window] == number, inside[window]
            if euler_number(here | plug) > euler_number(here):
                keep[window] |= plug
        out = np.where(keep, closed, out)
    return out


def bounding_window(array: np.ndarray, *, margin: int = 0) -> tuple[slice, slice, slice]:
    """Slices (z, y, x) of the smallest box around the True voxels, widened within the array.

    All empty if nothing is True.
    """
    within = [slice(None)] * 3  # what is known of the box narrows where the rest is looked for
    out = []
    for axis in range(3):
        part = array[tuple(within)]
        seen = np.flatnonzero(part.any(axis=tuple(a for a in range(3) if a != axis)))
        if not len(seen):
            return slice(0, 0), slice(0, 0), slice(0, 0)
        start, stop = int(seen[0]), int(seen[-1]) + 1
        within[axis] = slice(start, stop)
        out.append(slice(max(0, start - margin), min(array.shape[axis], stop + margin)))
    return out[0], out[1], out[2]
