"""Who a phantom is: sex, age and weight, and what they do to size, bone density and fat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

SIZE = {"man": 1.04, "woman": 0.94}
"""Mean size of the pelvis beside the shape model's; women's heads are 0.89 of men's (Milner and
Boldsen, 2012, doi 10.1111/j.1556-4029.2011.01910.x)."""
LEAN_KG = {"man": 60.0, "woman": 46.0}
FAT_MM_PER_KG = 0.75
POROSITY = {"man": 0.38, "woman": 0.52}
"""Mean at 65 years, 0 young to 1 osteoporotic (as BoneHu takes it)."""
POROSITY_PER_YEAR = 0.013
"""About one per cent of bone mass a year (Looker et al., 1998, doi 10.1007/s001980050093)."""


@dataclass(frozen=True)
class Person:
    """A body to draw."""

    sex: Literal["man", "woman"]
    age_y: float
    weight_kg: float

    def size(self, rng: np.random.Generator) -> float:
        """Scale of the skeleton."""
        return float(np.clip(SIZE[self.sex] + rng.normal(0, 0.025), 0.86, 1.13))

    def porosity(self, rng: np.random.Generator) -> float:
        """0 young to 1 osteoporotic."""
        mean = POROSITY[self.sex] + POROSITY_PER_YEAR * (self.age_y - 65)
        return float(np.clip(mean + rng.normal(0, 0.12), 0.02, 0.98))

    def fat_mm(self, rng: np.random.Generator) -> float:
        """Thickness of the fat under the skin."""
        more = FAT_MM_PER_KG * (self.weight_kg - LEAN_KG[self.sex])
        return float(np.clip(8 + more + rng.normal(0, 3), 6, 50))
