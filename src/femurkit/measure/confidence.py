"""How far one femur's result may be trusted, from what can be seen without a truth.

Each sign is a plain number of the network's probability, of the CT along the outline, or of where
the femur ends. `benchmarks.confidence` finds how far each goes in good results and in spoilt ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import ndimage

from femurkit.geometry import resample
from femurkit.measure.limits import LIMITS
from femurkit.segment.uncertainty import entropy_bits
from femurkit.segment.whole import cut_mm2
from femurkit.surface.islands import bounding_window, keep_largest
from femurkit.volume import Field, Mask, Volume

BAND_MM = 3.0
"""Distance from the outline within which the network's doubt is averaged."""
TOP_MM = 50.0
"""Head, neck and trochanter, measured down from the top of the femur."""
PATCH_MM = 10.0
"""Edge of the cubes over which doubt is averaged to find the most doubtful patches."""
OUTSIDE_MM = (0.8, 4.5)
"""Where soft tissue is expected, measured outward from the outline."""
LEAST_VOXELS = 50
"""Fewer make no mean worth having."""
FAT_HU, FAT_RANGE_HU = -102.0, (-200.0, -20.0)
"""Fat in a CT at 120 kV (-90 to -114 in twelve scans), and where its peak is looked for."""
AROUND_MM, FAT_DETAIL_MM, LEAST_FAT_ML = 30.0, 3.5, 30.0
"""How far around the femur fat is looked for, over how much the CT is averaged for that, and how
much must lie in that range."""
WHOLE_FEMUR_MM = 330.0
"""A longer femur may well end inside the scan: its knee is there."""

MEANING = {
    "undecided_top": "the network is undecided along the head, neck and trochanter ({:.2f} bit)",
    "undecided_shaft": "the network is undecided along the shaft ({:.2f} bit)",
    "undecided_patch": "the network is undecided over whole patches of the outline ({:.2f} bit)",
    "outside_hu": "{:.0f} HU around the bone, where soft tissue should be",
    "inside_hu": "no dense cortex inside the outline: nine tenths of it below {:.0f} HU",
    "fat_off_hu": "fat is {:.0f} HU off from where it lies in a CT: the scale may be wrong",
    "loose_end_mm": "the shaft ends {:.0f} mm inside the scan",
    "cut_by_box_mm2": "the box in which the femur was looked for cuts it ({:.0f} mm²)",
    "repeated_slices": "a share of {:.2f} of the slices repeat the one before",
    "no_edge_share": "over {:.0%} of the outline below the head the CT shows no edge of bone",
    "head_lump_mm": "the head's surface rises {:.1f} mm above what is around it",
    "head_bump_mm": "the head's surface has a bump of {:.1f} mm where the CT shows no edge of bone",
    "head_notch_mm": "the head's surface has a notch of {:.1f} mm where the CT shows no edge of "
    "bone",
    "head_undecided": "the networks are undecided, or disagree, where the head's surface lies "
    "({:.2f})",
    "joint_bone_share": "over {:.0%} of the head there is bone on both sides of the outline, and "
    "no joint space",
    "joint_soft_share": "over {:.0%} of the head there is soft tissue on both sides of the outline",
}
"""What each sign says when it has gone too far."""
OF_THE_HEAD = tuple(name for name in MEANING if name.startswith(("head_", "joint_")))
"""Signs of one place: measure/head_surface.py gives them, and segment/joint.py the doubt."""
MAX_LOCAL_DOUBT = 1.9
"""Such signs ask for a look but reject no femur: the rest of it may be as good as any."""
RISES = ("head_lump_mm", "head_bump_mm")
"""Two measures of one thing; the larger counts."""
LOW = 0.505
"""At a limit, which is written with three digits, the confidence is 0.5 or a little more."""
NO_DOUBT = 0.995
"""What is written as 1.00."""


@dataclass(frozen=True)
class Confidence:
    """value: 1 no sign of doubt, 0.5 the limit, 0 none; text: the worst sign, in words."""

    value: float
    text: str

    @property
    def low(self) -> bool:
        """Whether the result should not be used unseen."""
        return self.value <= LOW


def confidence(
    signs: Mapping[str, float],
    *,
    places: Mapping[str, str] | None = None,
    limits: Mapping[str, tuple[float, float]] = LIMITS,
) -> Confidence:
    """Halved by a sign at its limit, quartered at twice that.

    The worst sign counts; signs of the head count together, since what is wrong there shows a
    little in several of them. signs: as `signs_of` and `head_signs` give them. places: where on the
    head each was seen. limits: sign -> (usual, limit), from benchmarks.confidence.
    """
    if np.isnan(list(signs.values())).any():
        raise ValueError("a sign of doubt is no number")
    doubts = {name: _doubt(name, value, limits) for name, value in signs.items()}
    head = {name: doubt for name, doubt in doubts.items() if name in OF_THE_HEAD}
    rest = {name: doubt for name, doubt in doubts.items() if name not in OF_THE_HEAD}
    of_head = min(_together(head), MAX_LOCAL_DOUBT)
    doubt = max(of_head, *rest.values(), 0.0)
    if 0.5**doubt >= NO_DOUBT:
        return Confidence(1.0, "Confidence 1.00: no sign of doubt")
    value, named = 0.5**doubt, head if of_head == doubt else rest
    worst = max(named, key=lambda name: named[name])
    place = (places or {}).get(worst)
    text = MEANING[worst].format(signs[worst]) + (f" ({place})" if place else "")
    return Confidence(value, f"Confidence {value:.2f}: {text}")


def _together(head: Mapping[str, float]) -> float:
    """The doubts of all signs of the head added up, of two that measure one thing the larger."""
    rise = max((head[name] for name in RISES if name in head), default=0.0)
    return rise + sum(doubt for name, doubt in head.items() if name not in RISES)


def _doubt(name: str, value: float, limits: Mapping[str, tuple[float, float]]) -> float:
    """0 up to the usual value, 1 at the limit."""
    usual, limit = limits[name]
    return max(0.0, (value - usual) / (limit - usual))


def signs_of(probability: Field, mask: Mask, volume: Volume) -> dict[str, float]:
    """The signs of one femur by name; one that cannot be told is left out.

    probability: as the network gave it, on its box; mask: on the volume's grid, not empty.
    """
    return {
        **_along_the_outline(probability, volume),
        **_fat_off(volume, mask),
        "loose_end_mm": loose_end_mm(mask),
        "cut_by_box_mm2": float(cut_mm2(probability, volume.grid).max()),
        "repeated_slices": repeated_slices(volume, mask),
    }


def _along_the_outline(probability: Field, volume: Volume) -> dict[str, float]:
    """Doubt and HU near the outline, on the probability's own grid."""
    step = probability.grid.spacing_mm
    femur = keep_largest(probability.array >= 0.5)
    window = bounding_window(femur, margin=int(np.ceil(2 * BAND_MM / min(step))))
    grid = probability.grid.crop([w.start for w in window], [w.stop for w in window])
    femur, doubt = femur[window], entropy_bits(probability.array[window])
    depth = _depth_mm(femur, step)
    band = np.abs(depth) <= BAND_MM
    last = int(np.flatnonzero(femur.any((1, 2)))[-1])
    first = max(0, last - round(TOP_MM / step[0]))
    size = [max(1, round(PATCH_MM / s)) for s in step]
    edge = np.abs(depth) <= max(step) / 2 + 1e-3
    hu = resample(volume.array, volume.grid, grid, outside=-1000.0)
    near = (depth <= -OUTSIDE_MM[0]) & (depth >= -OUTSIDE_MM[1])
    seen: dict[str, tuple[np.ndarray, Callable[[np.ndarray], float]]] = {
        "undecided_top": (doubt[first:][band[first:]], _mean),
        "undecided_shaft": (doubt[:first][band[:first]], _mean),
        "undecided_patch": (ndimage.uniform_filter(doubt, size)[edge], _high),
        "outside_hu": (hu[near], _middle),
        "inside_hu": (hu[(depth > 0) & (depth <= BAND_MM)], _dense),
    }
    return {name: of(v) for name, (v, of) in seen.items() if len(v) >= LEAST_VOXELS}


def _mean(values: np.ndarray) -> float:
    return float(values.mean())


def _middle(values: np.ndarray) -> float:
    return float(np.median(values))


def _high(values: np.ndarray) -> float:
    return float(np.percentile(values, 95))


def _dense(values: np.ndarray) -> float:
    return float(np.percentile(values, 90))


def _depth_mm(femur: np.ndarray, step: tuple[float, float, float]) -> np.ndarray:
    """Distance to the outline between voxels, positive inside."""
    inside = ndimage.distance_transform_edt(femur, step)
    outside = ndimage.distance_transform_edt(~femur, step)
    return np.asarray(np.where(femur, inside - min(step) / 2, min(step) / 2 - outside))


def _fat_off(volume: Volume, mask: Mask) -> dict[str, float]:
    """How far the fat around a femur is from FAT_HU; nothing with too little of it."""
    step = np.array(volume.grid.spacing_mm)
    window = bounding_window(mask.array, margin=int(np.ceil(AROUND_MM / step.min())))
    size = np.maximum(1, np.rint(FAT_DETAIL_MM / step)).astype(int)
    hu = ndimage.uniform_filter(volume.array[window].astype(np.float32), size)
    hu = hu[tuple(slice(None, None, int(n)) for n in size)]
    fat = hu[(hu > FAT_RANGE_HU[0]) & (hu < FAT_RANGE_HU[1])]
    if len(fat) * float(np.prod(step * size)) / 1000 < LEAST_FAT_ML:
        return {}
    edges = np.arange(FAT_RANGE_HU[0], FAT_RANGE_HU[1] + 1, 4.0)
    count = np.convolve(np.histogram(fat, edges)[0], [0.25, 0.5, 0.25], "same")
    return {"fat_off_hu": abs(float(edges[count.argmax()]) + 2 - FAT_HU)}


def loose_end_mm(mask: Mask) -> float:
    """How far the lower end of a femur lies from the nearest face of the scan.

    0 if it runs out of the scan, as a thigh does, or is long enough to hold the knee.
    """
    window = bounding_window(mask.array)
    at = np.argwhere(mask.array[window]) + [w.start for w in window]
    height = mask.grid.to_world(at)[:, 2]
    lowest = height.min()
    if height.max() - lowest >= WHOLE_FEMUR_MM:
        return 0.0
    end = at[height <= lowest + max(mask.grid.spacing_mm)]
    to_face = np.minimum(end, np.array(mask.grid.shape) - 1 - end) * mask.grid.spacing_mm
    return float(to_face.min())


def repeated_slices(volume: Volume, mask: Mask) -> float:
    """Share of the femur's slices that are the one before over again."""
    z, y, x = bounding_window(mask.array)
    part = volume.array[z, y, x]
    same = [np.array_equal(a, b) for a, b in pairwise(part)]
    return float(np.mean(same)) if same else 0.0
