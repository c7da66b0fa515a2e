"""What one training is made of: the two networks' recipes, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """One network and how it is trained. Each field becomes part of the model card."""

    name: str
    classes: tuple[str, ...]
    channels: tuple[int, ...]
    """Feature maps per level; every level after the first halves the resolution once more."""
    residual_units: int
    spacing_mm: float
    patch: tuple[int, int, int]
    """Voxels (z, y, x) of one training example after cropping."""
    batch: int
    steps: int
    learning_rate: float
    window_hu: tuple[float, float] = (-200.0, 1000.0)
    """HU mapped linearly to -1..1 and clipped."""
    seed: int = 1


FINE = Recipe(
    name="fine",
    classes=("background", "femur", "other bone"),
    channels=(16, 32, 64, 128, 224),
    residual_units=2,
    spacing_mm=1.5,
    patch=(112, 80, 96),
    batch=2,
    steps=5000,
    learning_rate=2e-3,
)
COARSE = Recipe(
    name="coarse",
    classes=(
        "background",
        "left proximal femur",
        "right proximal femur",
        "other femur",
        "other bone",
    ),
    channels=(12, 24, 48, 96),
    residual_units=1,
    spacing_mm=4.0,
    patch=(64, 56, 80),
    batch=2,
    steps=1600,
    learning_rate=3e-3,
)
RECIPES = {r.name: r for r in (FINE, COARSE)}
