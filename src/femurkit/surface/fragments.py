"""The pieces of a broken femur: those that are bone of it are kept, not only the largest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.surface.contour import contour, largest_part
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import Ready, to_mask
from femurkit.surface.head import fit_head
from femurkit.surface.islands import bounding_window
from femurkit.volume import Field, Mask, Volume

LEAST_ML = 3.0
"""A smaller piece is a splinter, or a doubtful place of the network."""
NEAR_MM = 15.0
"""A piece farther than this from the rest is another bone."""
LATERAL_MM = 15.0
"""A piece lies at least so much more lateral than the medial edge of the femur: medial of that is
the pelvis."""


def pieces_of(probability: Field) -> tuple[Field, ...]:
    """A femur as the network drew it, one field for each piece of bone, the largest first.

    probability: on the network's box, where lateral is the end of x. A piece besides the largest
    counts if it is large, near, and lies below it and not medial of it, or above it and has the
    shape of a head. All others are left out, as are islands of doubt.
    """
    names, count = ndimage.label(probability.array >= 0.5)
    if count < 2:
        return (probability,)
    ml = np.bincount(names.ravel())[1:] * probability.grid.voxel_mm3 / 1000
    order = [int(k) + 1 for k in np.argsort(-ml) if ml[k] >= LEAST_ML]
    kept = order[:1] + [k for k in order[1:] if _belongs(names, k, order[0], probability)]
    if len(kept) < 2:
        return (probability,)
    return tuple(_only(probability, names, k) for k in kept)


def outlined_pieces(probability: Field, volume: Volume, *, edge: bool = True) -> tuple[Ready, ...]:
    """Each piece of a femur ready to become mask and surfaces, the largest first."""
    pieces = pieces_of(probability)
    return tuple(outlined(piece, volume, edge=edge) for piece in pieces)


def mask_of(pieces: Sequence[Ready]) -> Mask:
    """All pieces of a femur on the scan's grid."""
    mask = to_mask(pieces[0])
    for piece in pieces[1:]:
        mask = Mask(mask.array | to_mask(piece).array, mask.grid)
    return mask


def _belongs(names: np.ndarray, number: int, main: int, probability: Field) -> bool:
    """Whether a piece is bone of the femur whose largest piece is `main`."""
    grid = probability.grid
    part, rest = names == number, names == main
    window = bounding_window(part, margin=round(NEAR_MM / min(grid.spacing_mm)) + 1)
    away = ndimage.distance_transform_edt(~part[window], grid.spacing_mm)
    if not (rest[window] & (away <= NEAR_MM)).any():
        return False
    up = 1 if grid.affine[2, 0] > 0 else -1
    dz, _, dx = grid.spacing_mm
    (z, x), (of_main, across) = (np.nonzero(a)[::2] for a in (part, rest))
    lower = up * (z.mean() - of_main.mean()) < 0
    if lower:
        return bool((x.mean() - across.min()) * dx >= LATERAL_MM)
    higher_mm = up * (
        (z.max() if up > 0 else z.min()) - (of_main.max() if up > 0 else of_main.min())
    )
    return higher_mm * dz > 0 and _is_head(_only(probability, names, number))


def _is_head(piece: Field) -> bool:
    """Whether a piece of bone is round as a femoral head is."""
    upright = Grid.aligned(piece.grid.shape, piece.grid.spacing_mm, (0.0, 0.0, 0.0))
    try:
        found = fit_head(largest_part(contour(Field(piece.array, upright))), Side.LEFT)
    except DegenerateShape:
        return False
    return found.missing is None


def _only(probability: Field, names: np.ndarray, number: int) -> Field:
    """A network's answer without all but one of the pieces it drew."""
    others = (names > 0) & (names != number)
    return Field(np.where(others, np.float32(0), probability.array), probability.grid)
