"""Changes to a scan, and where its femora are afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.found import Hip
from femurkit.anatomy import Side
from femurkit.geometry import Grid, resample
from femurkit.volume import Volume

SEED = 20
BELOW_MM = (50, 75, 100, 125, 150)
ABOVE_MM = (-10, 0, 10, 20, 30, 40)
MIN_LENGTH_MM = 40.0
ONLY_ABOVE_MM, ONLY_BELOW_MM = 60, 90
"""From this height above the hips and below them, a scan holds neither head nor trochanter."""
TURNS_DEG = (-20, -10, 10, 20)
SIZES = (0.8, 0.9, 1.1, 1.2)
HU_FACTORS = (0.85, 0.92, 1.08, 1.15)
HU_SHIFTS = (-60, -30, 30, 60)
NOISE_HU = (25, 50, 100, 200)

Changed = tuple[Volume, list[Hip]]


@dataclass(frozen=True)
class Variant:
    """One change. make: gives the changed scan and its femora; None where the scan is too short."""

    group: str
    name: str
    make: Callable[[Volume, list[Hip]], Changed | None]


def cropped(volume: Volume, low_mm: np.ndarray, high_mm: np.ndarray) -> Volume:
    """The voxels whose centres lie between two LPS corners, (3,) mm; the scan's axes may be in any
    order, but stand along LPS.
    """
    corners = volume.grid.to_index(np.stack([low_mm, high_mm]))
    start = np.clip(np.ceil(corners.min(0) - 1e-6), 0, volume.grid.shape).astype(int)
    stop = np.clip(np.floor(corners.max(0) + 1e-6) + 1, start, volume.grid.shape).astype(int)
    window = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    return Volume(np.ascontiguousarray(volume.array[window]), volume.grid.crop(start, stop))


def cut(
    volume: Volume, axis: int, *, low: float | None = None, high: float | None = None
) -> Volume | None:
    """Nothing beyond low or high (LPS mm) along one axis; None if nothing would be cut off, or too
    little would be left.
    """
    start, stop = (corner.copy() for corner in volume.grid.bounds_mm())
    begin = start[axis] if low is None else max(start[axis], low)
    end = stop[axis] if high is None else min(stop[axis], high)
    if (begin, end) == (start[axis], stop[axis]) or end - begin < MIN_LENGTH_MM:
        return None
    start[axis], stop[axis] = begin, end
    return cropped(volume, start, stop)


def rotation(axis: int, degrees: float) -> np.ndarray:
    """(3, 3) rotation about an LPS axis, right-handed."""
    a, b = [i for i in range(3) if i != axis] if axis != 1 else (2, 0)
    out = np.eye(3)
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    out[a, a], out[a, b], out[b, a], out[b, b] = c, -s, s, c
    return out


def centre_of(hips: list[Hip]) -> np.ndarray:
    """Midpoint of the head centres, (3,) LPS mm."""
    return np.asarray(np.mean([hip.head for hip in hips], 0))


def height(hips: list[Hip]) -> float:
    """Of the head centres along the body, LPS z in mm: their mean."""
    return float(centre_of(hips)[2])


def turned(volume: Volume, hips: list[Hip], axis: int, degrees: float) -> Changed:
    """The patient turned about the midpoint of the hips, in the same field of view; air comes in
    where the scan shows nothing.
    """
    matrix, centre = rotation(axis, degrees), centre_of(hips)
    move = np.eye(4)
    move[:3, :3], move[:3, 3] = matrix, centre - matrix @ centre
    grid = volume.grid
    array = resample(volume.array, Grid(grid.shape, move @ grid.affine), grid)
    return Volume(array, grid), [hip.moved(matrix, centre) for hip in hips]


def sized(volume: Volume, hips: list[Hip], factor: float) -> Changed:
    """A smaller or larger patient: the same voxels with another spacing."""
    affine, centre = volume.grid.affine.copy(), centre_of(hips)
    affine[:3, :3] *= factor
    affine[:3, 3] = centre + factor * (affine[:3, 3] - centre)
    grid = Grid(volume.grid.shape, affine)
    return Volume(volume.array, grid), [hip.moved(np.eye(3) * factor, centre) for hip in hips]


def calibrated(volume: Volume, factor: float, shift: float) -> Volume:
    """HU times a factor plus a shift."""
    return Volume(volume.array.astype(np.float32) * np.float32(factor) + np.float32(shift),
                  volume.grid)  # fmt: skip


def noisy(volume: Volume, sd_hu: float) -> Volume:
    """Independent Gaussian noise in each voxel; the same in each run."""
    noise = np.random.default_rng(SEED).standard_normal(volume.array.shape, np.float32)
    noise *= np.float32(sd_hu)
    noise += volume.array
    return Volume(noise, volume.grid)


def half(volume: Volume, hips: list[Hip], side: Side) -> Volume | None:
    """Only the patient's left or right half."""
    middle = float(centre_of(hips)[0])
    return cut(volume, 0, **({"low": middle} if side is Side.LEFT else {"high": middle}))


def variants() -> Iterator[Variant]:
    """All changes of docs/results/robustness.md."""
    yield Variant("as it is", "as it is", lambda v, h: (v, h))
    for mm in BELOW_MM:
        yield Variant("ends below the head", f"ends {mm} mm below the head",
                      lambda v, h, mm=mm: _kept(cut(v, 2, low=height(h) - mm), h))  # fmt: skip
    for mm in ABOVE_MM:
        yield Variant("begins above the head", f"begins {mm:+d} mm above the head",
                      lambda v, h, mm=mm: _kept(cut(v, 2, high=height(h) + mm), h))  # fmt: skip
    for axis, name in enumerate("xyz"):
        for deg in TURNS_DEG:
            yield Variant("turned", f"turned {deg:+d}° about {name}",
                          lambda v, h, axis=axis, deg=deg: turned(v, h, axis, deg))  # fmt: skip
    for size in SIZES:
        yield Variant("size", f"size {size}", lambda v, h, size=size: sized(v, h, size))
    for factor in HU_FACTORS:
        yield Variant("HU factor", f"HU x {factor}",
                      lambda v, h, factor=factor: (calibrated(v, factor, 0), h))  # fmt: skip
    for shift in HU_SHIFTS:
        yield Variant("HU shift", f"HU {shift:+d}",
                      lambda v, h, shift=shift: (calibrated(v, 1, shift), h))  # fmt: skip
    for sd in NOISE_HU:
        yield Variant("noise", f"noise {sd} HU", lambda v, h, sd=sd: (noisy(v, sd), h))
    for side in Side:
        yield Variant("one half", f"{side.value} half",
                      lambda v, h, side=side: _kept(half(v, h, side), h))  # fmt: skip

    yield Variant("no proximal femur", "only above the hips",
                  lambda v, h: _kept(cut(v, 2, low=height(h) + ONLY_ABOVE_MM), h))  # fmt: skip
    yield Variant("no proximal femur", "only the thighs",
                  lambda v, h: _kept(cut(v, 2, high=height(h) - ONLY_BELOW_MM), h))  # fmt: skip


def _kept(volume: Volume | None, hips: list[Hip]) -> Changed | None:
    return None if volume is None else (volume, hips)
