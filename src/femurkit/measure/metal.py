"""Metal in and around a femur, and whether its streaks reach it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from femurkit.image_checks.metal import MetalPart
from femurkit.surface.islands import bounding_window
from femurkit.volume import Mask, Volume

METAL_HU = 2500.0
"""Above this there is no bone: dense cortex reads 2000 HU at most."""
REACH_MM = 8.0

MIN_PART_ML = 0.1
"""A smaller part is a clip or a seed, whose streaks end nearby."""
NEAR_MM = 40.0
"""Streaks of metal so close, in the same slices, are taken to reach the femur."""
BESIDE_MM = 5.0
"""Slices so far above and below a metal part still show its streaks."""
RING_MM = (2.0, 18.0)
"""Where the noise around a femur is measured, from its outline outward."""
SOFT_HU = (-200.0, 250.0)
"""Values of the tissue in which it is measured, streaks included."""
DETAIL_MM = 8.0
"""Streaks and noise are what differs from a mean over so much, in the slice."""
MAX_RATIO, MAX_EXCESS_HU = 1.4, 15.0
"""Streaks reach the femur where the noise is so much greater than in its other slices, by both."""
MAX_NOISE_HU = 80.0
"""The same where metal lies beside every slice of the femur: there is nothing to compare with."""
MIN_VOXELS = 400
"""Fewer make no reliable noise."""
MAX_SLICES = 30
"""The noise of more slices is that of about so many of them."""


@dataclass(frozen=True)
class MetalBeside:
    """Metal in the same slices as a femur. ml: of all such parts; away_mm: from the femur to the
    nearest, in the slice; noise_hu: around the femur beside it; usual_hu: in the femur's other
    slices; both None where they cannot be measured.
    """

    ml: float
    away_mm: float
    noise_hu: float | None
    usual_hu: float | None

    @property
    def has_streaks(self) -> bool:
        """Whether the noise around the femur is greater beside the metal than elsewhere."""
        if self.noise_hu is None:
            return False
        if self.usual_hu is None:
            return self.noise_hu > MAX_NOISE_HU
        excess = np.sqrt(max(self.noise_hu**2 - self.usual_hu**2, 0))
        return bool(self.noise_hu > MAX_RATIO * self.usual_hu and excess > MAX_EXCESS_HU)

    @property
    def reaches(self) -> bool:
        """Whether its streaks reach the femur, or are near enough that they may."""
        return self.away_mm <= NEAR_MM or self.has_streaks

    @property
    def text(self) -> str:
        """What there is and what it does, without a full stop."""
        what = f"{self.ml:.2g} ml of metal in the femur's slices, {self.away_mm:.0f} mm from it"
        if self.has_streaks:
            return f"{what}: its streaks reach the femur (noise of {self.noise_hu:.0f} HU)"
        if self.reaches:
            return f"{what}: its streaks may hide or imitate edges of bone"
        return f"{what}, but no streaks around the femur"


def metal_ml(volume: Volume, mask: Mask) -> float:
    """Millilitres above METAL_HU within REACH_MM of the mask, on the same grid as the volume."""
    step = mask.grid.spacing_mm
    window = bounding_window(mask.array, margin=int(np.ceil(REACH_MM / min(step))))
    dense = volume.array[window] > METAL_HU
    if not dense.any():
        return 0.0
    near = dense & (ndimage.distance_transform_edt(~mask.array[window], step) <= REACH_MM)
    return float(np.count_nonzero(near)) * mask.grid.voxel_mm3 / 1000.0


def metal_beside(volume: Volume, mask: Mask, parts: Sequence[MetalPart]) -> MetalBeside | None:
    """The metal that lies in the same slices as a femur; None if there is none.

    parts: of the whole scan. Streaks run in the slices that show the metal, so what lies at
    another level leaves the femur alone.
    """
    stack = _Stack.of(volume, mask)
    slices = np.flatnonzero(stack.femur.any((1, 2)))
    large = [part for part in parts if part.ml >= MIN_PART_ML]
    shown = [(part, stack.slices_of(part)) for part in large]
    beside = [(part, at) for part, at in shown if np.isin(slices, at).any()]
    if not beside:
        return None
    touched = np.isin(slices, np.concatenate([at for _, at in beside]))
    return MetalBeside(
        ml=sum(part.ml for part, _ in beside),
        away_mm=min(stack.away_mm(part, at) for part, at in beside),
        noise_hu=stack.noise_hu(slices[touched]),
        usual_hu=stack.noise_hu(slices[~touched]),
    )


@dataclass(frozen=True, eq=False)
class _Stack:
    """A scan and a femur with the axial slices first. step: (slice, row, column) mm; axis: of the
    scan's array that runs along the body.
    """

    hu: np.ndarray
    femur: np.ndarray
    step: tuple[float, ...]
    axis: int

    @classmethod
    def of(cls, volume: Volume, mask: Mask) -> _Stack:
        axis = int(abs(volume.grid.affine[2, :3]).argmax())
        step = list(volume.grid.spacing_mm)
        step.insert(0, step.pop(axis))
        hu, femur = (np.moveaxis(a, axis, 0) for a in (volume.array, mask.array))
        return cls(hu, femur, tuple(step), axis)

    def slices_of(self, part: MetalPart) -> np.ndarray:
        """The slices in which a part's streaks lie."""
        margin = round(BESIDE_MM / self.step[0])
        at = part.voxels[:, self.axis]
        return np.arange(max(0, at.min() - margin), min(len(self.hu) - 1, at.max() + margin) + 1)

    def away_mm(self, part: MetalPart, slices: np.ndarray) -> float:
        """Least distance in the plane of the slices between a part and the femur in them."""
        away = ndimage.distance_transform_edt(~self.femur[slices].any(0), self.step[1:])
        rows, columns = np.delete(part.voxels, self.axis, 1).T
        return float(away[rows, columns].min())

    def noise_hu(self, slices: np.ndarray) -> float | None:
        """Noise and streaks in the soft tissue around the femur; None with too little of it.

        The robust spread of what differs from a mean over DETAIL_MM.
        """
        some = slices[:: max(1, len(slices) // MAX_SLICES)]
        values = np.concatenate([self._detail(z) for z in some] or [np.empty(0)])
        if len(values) < MIN_VOXELS:
            return None
        return float(1.4826 * np.median(np.abs(values - np.median(values))))

    def _detail(self, z: int) -> np.ndarray:
        """What differs from the mean around it in one slice's soft tissue near the femur, HU."""
        step = self.step[1:]
        margin = int(np.ceil((RING_MM[1] + DETAIL_MM) / min(step)))
        window = bounding_window(self.femur[z : z + 1], margin=margin)[1:]
        hu, femur = self.hu[z][window].astype(np.float32), self.femur[z][window]
        away = ndimage.distance_transform_edt(~femur, step)
        soft = (hu > SOFT_HU[0]) & (hu < SOFT_HU[1])
        size = [max(3, round(DETAIL_MM / s)) for s in step]
        weight = ndimage.uniform_filter(soft.astype(np.float32), size)
        mean = ndimage.uniform_filter(np.where(soft, hu, 0), size) / np.maximum(weight, 1e-3)
        ring = soft & (weight > 0.95) & (away >= RING_MM[0]) & (away <= RING_MM[1])
        return np.asarray((hu - mean)[ring])
