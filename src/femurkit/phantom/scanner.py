"""From tissue to a scan: point spread, slice profile, noise, streaks, table, calibration rods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from femurkit.geometry import Grid

THIN_MM = 1.3
"""Slices are painted at most this thick and averaged to the scanner's."""
UNSHARP_MM = 0.9
"""Sigma of the in-plane blur whose difference a sharp kernel adds."""
ROD_DENSITIES = (0.0, 50.0, 100.0, 150.0, 200.0)
"""mg/cm3 calcium hydroxyapatite of the calibration rods."""
ROD_HU_PER_DENSITY = 1.25


@dataclass(frozen=True)
class Scanner:
    """How a scan is made. Lengths in mm, noise in HU at 1 mm slices."""

    spacing_mm: tuple[float, float, float] = (1.0, 0.85, 0.85)
    psf_mm: float = 0.55
    """Sigma of the in-plane point spread."""
    sharpen: float = 0.0
    """Edge overshoot of a sharp kernel, 0 to 0.6."""
    noise_hu: float = 18.0
    grain_mm: float = 0.7
    """Sigma of the noise's in-plane correlation."""
    streaks_hu: float = 0.0
    table: bool = True
    rods: bool = False

    @property
    def sigma_mm(self) -> tuple[float, float]:
        """Total blur (in-plane, across slices), mm: the slice is a box profile."""
        dz, dy, _ = self.spacing_mm
        edge = dy / np.sqrt(12)  # bones are painted with edges one pixel wide
        across = dz / np.sqrt(12) if dz > THIN_MM else 0.0
        return float(np.hypot(self.psf_mm, edge)), float(np.hypot(across, edge))


def draw_scanner(
    rng: np.random.Generator, spacing_mm: tuple[float, float, float] | None = None
) -> Scanner:
    """What clinics use: 0.6-5 mm slices, fields of view of 350-500 mm, soft to sharp kernels."""
    if spacing_mm is None:
        dz = float(
            rng.choice(
                [0.625, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 3.27, 4.0, 5.0],
                p=[0.05, 0.05, 0.12, 0.08, 0.07, 0.1, 0.1, 0.26, 0.07, 0.05, 0.05],
            )
        )
        inplane = float(rng.uniform(350, 500) / 512)
        spacing_mm = (dz, inplane, inplane)
    sharp = rng.random() < 0.35
    return Scanner(
        spacing_mm,
        psf_mm=float(rng.uniform(0.3, 0.5) if sharp else rng.uniform(0.45, 0.95)),
        sharpen=float(rng.uniform(0.1, 0.6)) if sharp else 0.0,
        noise_hu=float(np.exp(rng.uniform(np.log(5), np.log(45)))),
        grain_mm=float(rng.uniform(0.3, 0.6) if sharp else rng.uniform(0.6, 1.3)),
        streaks_hu=float(rng.uniform(5, 35)) if rng.random() < 0.4 else 0.0,
        table=bool(rng.random() < 0.9),
        rods=bool(rng.random() < 0.5),
    )


def rods(top_mm: float) -> list[dict[str, float]]:
    """Where the calibration rods lie under a patient whose lowest skin is at LPS y top_mm, and
    their HU.
    """
    return [
        {"x_mm": -80.0 + 40 * i, "y_mm": top_mm + 13, "density_mg_cm3": density,
         "hu": ROD_HU_PER_DENSITY * density}
        for i, density in enumerate(ROD_DENSITIES)
    ]  # fmt: skip


def add_table(hu: np.ndarray, grid: Grid, *, top_mm: float, with_rods: bool) -> None:
    """Lay the table, and the calibration rods on it, under the patient in place.

    hu: (z, y, x) on an LPS grid. top_mm: LPS y of the lowest skin.
    """
    _, ny, nx = grid.shape
    y = grid.to_world(np.arange(ny)[:, None] * [0, 1, 0])[:, 1][:, None]
    x = grid.to_world(np.arange(nx)[:, None] * [0, 0, 1])[:, 0][None, :]
    surface = top_mm + (26 if with_rods else 4) - (x / 90) ** 2 * 4
    shell = (np.abs(y - surface) < 1.5) | (np.abs(y - surface - 30) < 1.5)
    core = (y > surface) & (y < surface + 30)
    inside = np.abs(x) < 230
    sheet = np.where(core & inside, -930.0, -2000.0)
    sheet = np.where(shell & inside, -350.0, sheet)
    if with_rods:
        slab = (np.abs(x) < 130) & (np.abs(y - top_mm - 13) < 11)
        sheet = np.where(slab, 20.0, sheet)
        for rod in rods(top_mm):
            sheet = np.where(np.hypot(x - rod["x_mm"], y - rod["y_mm"]) < 8, rod["hu"], sheet)
    np.maximum(hu, np.where(hu < -600, sheet[None], -2000.0), out=hu)


def blur(hu: np.ndarray, scanner: Scanner, fold: int) -> np.ndarray:
    """Point spread in-plane and the slice profile: `fold` thin slices averaged into one.

    hu: (z * fold, y, x) float32. Returns (z, y, x).
    """
    _, dy, dx = scanner.spacing_mm
    out = hu.reshape(-1, fold, *hu.shape[1:]).mean(1, dtype=np.float32) if fold > 1 else hu
    for axis, step in ((1, dy), (2, dx)):
        out = gaussian_filter1d(out, scanner.psf_mm / step, axis, mode="nearest", truncate=3)
    if scanner.sharpen:
        soft = out
        for axis, step in ((1, dy), (2, dx)):
            soft = gaussian_filter1d(soft, UNSHARP_MM / step, axis, mode="nearest", truncate=3)
        out = out + scanner.sharpen * (out - soft)
    return np.asarray(out, np.float32)


def add_noise(hu: np.ndarray, scanner: Scanner, rng: np.random.Generator) -> None:
    """Correlated noise, and streaks along the rows where bone takes the dose, in place."""
    dz, dy, dx = scanner.spacing_mm
    level = scanner.noise_hu / np.sqrt(max(dz, 0.5))
    noise = rng.standard_normal(hu.shape, dtype=np.float32)
    sigma = (scanner.grain_mm / dy, scanner.grain_mm / dx)
    for axis, width in zip((1, 2), sigma, strict=True):
        noise = gaussian_filter1d(noise, width, axis, mode="wrap", truncate=2.5)
    noise *= level / max(float(noise.std()), 1e-6)
    if scanner.streaks_hu:
        streaks = rng.standard_normal(hu.shape, dtype=np.float32)
        streaks = gaussian_filter1d(streaks, 14 / dx, 2, mode="wrap", truncate=2)
        streaks *= scanner.streaks_hu / max(float(streaks.std()), 1e-6)
        dense = np.clip(hu, 0, 1500).sum(2, keepdims=True) * (dx / 1e5)
        noise += streaks * np.clip(dense, 0, 2)
    hu += noise
