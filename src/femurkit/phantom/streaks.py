"""What metal does to a scan: hardening of the beam and starvation of the detector, by projection.

Each slice is projected in parallel beams through the metal and an oval of water in place of the
body. What a detector reads of three energies, with scatter and counting noise, is compared with
what it should read; the difference is projected back. So only the error of the metal is added to a
scan, and only a sparse part of the sinogram ever differs from zero.

Attenuation coefficients: NIST, Hubbell and Seltzer, doi 10.18434/T4D01F, times density. Physics
after De Man et al., 1999, doi 10.1109/23.775600.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import fft, sparse

from femurkit.geometry import Grid
from femurkit.phantom.solids import Solid, depth_on

SPECTRUM = np.array([0.35, 0.40, 0.25])
"""Shares of photons of 50, 70 and 100 keV; the scan's HU are those of the middle one."""
WATER = np.array([0.0227, 0.0193, 0.0171])
"""Per mm, at these energies; likewise METALS."""
METALS = {
    "titanium": np.array([0.546, 0.245, 0.122]),
    "steel": np.array([1.547, 0.656, 0.294]),
    "cobalt": np.array([1.75, 0.74, 0.33]),
    "ceramic": np.array([0.115, 0.085, 0.064]),
    "seed": np.array([6.0, 3.0, 1.5]),
}
ANGLES, BIN_MM, REACH_MM = 180, 1.5, 330.0
STEP_MM = 2.0
"""Lattice on which metal is projected and errors are projected back, at least; linear between."""
LIMIT_HU = 2500.0
"""Errors beyond are clipped: next to metal the model is no better."""


@dataclass(frozen=True)
class Beam:
    """How a scan meets metal."""

    photons: float = 1e5
    """Per ray without a patient."""
    scatter: float = 0.02
    """Share of the light behind the body without metal that reaches every ray."""
    kept: float = 1.0
    """Share of the error that is left after the scanner's correction."""
    half_mm: tuple[float, float] = (180.0, 115.0)
    """Half width and depth of the body, an ellipse around the origin."""


def draw_beam(rng: np.random.Generator, half_mm: tuple[float, float]) -> Beam:
    """From low dose to high, with a metal correction now and then."""
    kept = rng.uniform(0.1, 0.5) if rng.random() < 0.3 else rng.uniform(0.6, 1.0)
    photons = np.exp(rng.uniform(np.log(2e4), np.log(1e6)))
    return Beam(float(photons), float(rng.uniform(0.005, 0.05)), float(kept), half_mm)


def streaks(
    metal: Sequence[tuple[Solid, str]], grid: Grid, beam: Beam, rng: np.random.Generator
) -> tuple[np.ndarray, Grid] | None:
    """Error of a scan in HU, float32 (z, y, x), on a coarser lattice over a grid; None where no
    metal lies in its slices.

    metal: solids and the name of what each is made of. They may lie beside the grid: their streaks
    reach it all the same.
    """
    low, high = grid.bounds_mm()
    step_z = max(STEP_MM, grid.spacing_mm[0])
    shape = np.ceil((high - low)[::-1] / (step_z, STEP_MM, STEP_MM)).astype(int) + 1
    target = Grid.aligned(tuple(shape), (step_z, STEP_MM, STEP_MM), low)
    lengths = _lengths(metal, target)
    if lengths is None:
        return None
    rays, of_metal = lengths
    error = _error(rays, of_metal, beam, rng)
    slices = np.unique(rays // (ANGLES * _bins()))
    filtered = _filtered(error, rays, slices)
    out = np.zeros(target.shape, np.float32)
    out[slices] = _back(filtered, target) * (1000 / WATER[1] * beam.kept)
    return np.clip(out, -LIMIT_HU, LIMIT_HU), target


def _bins() -> int:
    return int(2 * REACH_MM / BIN_MM)


def _angles() -> np.ndarray:
    return np.arange(ANGLES) * np.pi / ANGLES


def _lengths(
    metal: Sequence[tuple[Solid, str]], target: Grid
) -> tuple[np.ndarray, np.ndarray] | None:
    """Rays that meet metal, as flat numbers of (slice, angle, bin), and what the metal along each
    takes away at every energy, (n, 3).
    """
    turn = _angles()
    cos, sin = np.cos(turn), np.sin(turn)
    wide = _wide(target)
    cells = target.shape[0] * ANGLES * _bins()
    total: dict[str, np.ndarray] = {}
    for solid, name in metal:
        window, depth = depth_on(solid, wide, margin_mm=STEP_MM)
        share = np.clip(depth / STEP_MM + 0.5, 0, 1)
        index = np.argwhere(share > 0)
        if not len(index):
            continue
        weight = share[tuple(index.T)] * STEP_MM**2 / BIN_MM  # length of a ray through the pixel
        index += [w.start for w in window]
        points = wide.to_world(index)
        at = (points[:, :1] * cos + points[:, 1:2] * sin + REACH_MM) / BIN_MM - 0.5
        at = np.clip(at, 0, _bins() - 1.001)
        first = at.astype(np.int64)
        flat = (index[:, :1] * ANGLES + np.arange(ANGLES)) * _bins() + first
        part = at - first
        sums = total.setdefault(name, np.zeros(cells, np.float32))
        for add, how in ((0, 1 - part), (1, part)):
            sums += np.bincount((flat + add).ravel(), (how * weight[:, None]).ravel(), cells)
    if not total:
        return None
    rays = np.flatnonzero(sum(total.values()) > 0)
    of_metal = np.zeros((len(rays), len(SPECTRUM)))
    for name, sums in total.items():
        of_metal += np.outer(sums[rays], METALS[name])
    return rays, of_metal


def _wide(target: Grid) -> Grid:
    """The slices of a grid, as wide as the rays reach."""
    count = int(2 * REACH_MM / STEP_MM)
    spacing = (target.spacing_mm[0], STEP_MM, STEP_MM)
    corner = [-REACH_MM, -REACH_MM, target.origin_mm[2]]
    return Grid.aligned((target.shape[0], count, count), spacing, corner)


def _error(
    rays: np.ndarray, of_metal: np.ndarray, beam: Beam, rng: np.random.Generator
) -> np.ndarray:
    """Read minus true attenuation along each ray, (n,)."""
    turn = _angles()[(rays // _bins()) % ANGLES]
    at = (rays % _bins() + 0.5) * BIN_MM - REACH_MM
    a, b = beam.half_mm
    reach2 = (a * np.cos(turn)) ** 2 + (b * np.sin(turn)) ** 2
    water = 2 * a * b * np.sqrt(np.clip(reach2 - at**2, 0, None)) / reach2
    through_water = SPECTRUM * np.exp(-np.outer(water, WATER))
    light = (through_water * np.exp(-of_metal)).sum(1) + beam.scatter * through_water.sum(1)
    counts = light * beam.photons
    counts = counts + np.sqrt(counts + 9) * rng.standard_normal(len(counts))
    read = -np.log(np.maximum(counts, 0.5) / beam.photons)
    thickness = np.linspace(0, 3000, 3001)  # of water that would read the same
    table = -np.log((SPECTRUM * np.exp(-np.outer(thickness, WATER))).sum(1))
    corrected = np.interp(read, table, thickness) * WATER[1]
    return np.asarray(corrected - water * WATER[1] - of_metal[:, 1])


def _filtered(error: np.ndarray, rays: np.ndarray, slices: np.ndarray) -> np.ndarray:
    """Ramp filter with a Hann window along the detector, (angles * bins, slices) float32."""
    bins = _bins()
    row = np.searchsorted(slices, rays // (ANGLES * bins))
    sinogram = np.zeros((len(slices), ANGLES * bins), np.float32)
    sinogram[row, rays % (ANGLES * bins)] = error
    size = fft.next_fast_len(2 * bins, real=True)
    ramp = fft.rfftfreq(size, BIN_MM)
    ramp = ramp * (0.5 + 0.5 * np.cos(2 * np.pi * ramp * BIN_MM))
    spectrum = fft.rfft(sinogram.reshape(len(slices), ANGLES, bins), size)
    out = fft.irfft(spectrum * ramp.astype(np.float32), size)[..., :bins]
    return np.ascontiguousarray(out.reshape(len(slices), -1).T.astype(np.float32))


def _back(filtered: np.ndarray, target: Grid) -> np.ndarray:
    """Back-projection onto the pixels of a grid, (slices, y, x)."""
    _, ny, nx = target.shape
    bins, count = _bins(), ny * nx
    points = target.to_world(np.c_[np.zeros(count), np.indices((ny, nx)).reshape(2, -1).T])
    out = np.zeros((count, filtered.shape[1]), np.float32)
    for first in range(0, ANGLES, 30):  # a few angles at a time: the matrix stays small
        turn = _angles()[first : first + 30]
        at = (points[:, :1] * np.cos(turn) + points[:, 1:2] * np.sin(turn) + REACH_MM) / BIN_MM
        at = np.clip(at - 0.5, 0, bins - 1.001).astype(np.float32)
        low = at.astype(np.int32)
        share = at - low
        column = low + bins * np.arange(len(turn), dtype=np.int32)
        columns = np.stack([column, column + 1], -1).ravel()
        shares = np.stack([1 - share, share], -1).ravel()
        begins = np.arange(count + 1) * 2 * len(turn)
        matrix = sparse.csr_matrix((shares, columns, begins), (count, bins * len(turn)))
        out += matrix @ filtered[first * bins : (first + len(turn)) * bins]
    return np.asarray(out.T.reshape(-1, ny, nx) * (np.pi / ANGLES))
