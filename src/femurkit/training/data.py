"""From cached examples to batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from femurkit.training.augment import placed, rescanned
from femurkit.training.config import Recipe
from femurkit.training.networks import windowed

Window = tuple[slice, ...]
ROOM = 1.4


def example_files(cache: Path, recipe: Recipe) -> list[Path]:
    """The examples of one recipe, in a fixed order."""
    return sorted(cache.glob(f"{recipe.name}-*.npz"))


def load(
    path: Path, recipe: Recipe, region: Callable[[tuple[int, ...]], Window] | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Hu (z, y, x) float32 and target (classes, z, y, x) float32 that sums to 1.

    region: picks the part of a shape that is wanted, before anything large is made of it.
    """
    data = np.load(path)
    window = region(data["hu"].shape) if region else (slice(None),) * 3
    hu = torch.from_numpy(data["hu"][window].astype(np.float32))
    if "label" in data:
        label = torch.from_numpy(data["label"][window].astype(np.int64))
        target = torch.nn.functional.one_hot(label, len(recipe.classes)).permute(3, 0, 1, 2).float()
    else:
        parts = [data[name][window] for name in ("femur", "other")]
        shares = torch.from_numpy(np.stack(parts).astype(np.float32) / 255)
        target = torch.cat([(1 - shares.sum(0, keepdim=True)).clamp(min=0), shares])
    return hu, target


class Examples(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Augmented patches in an endless, seeded order: item n depends on the seed and n alone."""

    def __init__(self, files: list[Path], recipe: Recipe, first: int, last: int) -> None:
        self.files, self.recipe, self.first, self.last = files, recipe, first, last

    def __len__(self) -> int:
        return self.last - self.first

    def __getitem__(self, item: int) -> tuple[torch.Tensor, torch.Tensor]:
        """One patch: input (1, z, y, x) in -1..1 and target (classes, z, y, x)."""
        recipe = self.recipe
        number = self.first + item
        rng = np.random.default_rng([recipe.seed, number])
        epoch, place = divmod(number, len(self.files))
        order = np.random.default_rng([recipe.seed, 10**6 + epoch]).permutation(len(self.files))
        hu, target = load(self.files[order[place]], recipe, lambda shape: self._room(shape, rng))
        stack = torch.cat([hu[None], target[1:]])
        fill = (-1000.0, *(0.0,) * (len(stack) - 1))
        stack = placed(stack, recipe.patch, rng, fill=fill, turn_deg=6.0, stretch=0.08)
        rest = (1 - stack[1:].sum(0, keepdim=True)).clamp(min=0)
        return windowed(rescanned(stack[0], rng), recipe)[None], torch.cat([rest, stack[1:]])

    def _room(self, shape: tuple[int, ...], rng: np.random.Generator) -> Window:
        """A random part of a large example with room to turn a patch in."""
        out = []
        for size, patch in zip(shape, self.recipe.patch, strict=True):
            want = min(size, int(ROOM * patch))
            start = int(rng.integers(size - want + 1))
            out.append(slice(start, start + want))
        return tuple(out)
