"""From prepared hips and drawn examples to batches.

A file holds hu int16 (z, y, x) and either shares `femur` and `other` or one `label`; and, where
somebody annotated only some slices, `known` (femurkit.dataset.prepare, training.examples).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from femurkit.training.augment import HIP, SCAN, placed, rescanned
from femurkit.training.config import Config
from femurkit.training.networks import windowed

ROOM = 1.4
"""A patch is cut from a part this much larger, so that it can be turned."""
FILES_KEPT = 800
"""Files held in memory, opened; about 5 MB each at 1.5 mm."""

Window = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Arrays:
    """One file. hu: int16 (z, y, x); shares: uint8 (classes - 1, z, y, x), 255 a whole voxel;
    known: uint8 (z, y, x), or None where all of it is.
    """

    hu: np.ndarray
    shares: np.ndarray
    known: np.ndarray | None

    def every(self, step: int) -> Arrays:
        """Only every `step`-th slice."""
        known = None if self.known is None else self.known[::step]
        return Arrays(self.hu[::step], self.shares[:, ::step], known)


class Batch(NamedTuple):
    """x: (n, 1, z, y, x) in -1..1; y: (n, classes, z, y, x) shares; known: (n, 1, z, y, x).

    u: unlabelled patches like x; guess and trust: what self-training holds of them, like y and
    known. The last three are empty as long as unlabelled patches do not count.
    """

    x: torch.Tensor
    y: torch.Tensor
    known: torch.Tensor
    u: torch.Tensor
    guess: torch.Tensor
    trust: torch.Tensor


@lru_cache(maxsize=FILES_KEPT)
def load(path: Path, classes: int) -> Arrays:
    """A file of hips or examples, for a network of so many classes.

    A third class that the file does not tell of (other bone) counts as none.
    """
    data = np.load(path)
    hu = data["hu"]
    if "label" in data:
        shares = np.stack([np.where(data["label"] == c, 255, 0) for c in range(1, classes)])
    else:
        shares = np.zeros((classes - 1, *hu.shape), np.uint8)
        shares[0] = data["femur"]
        if classes > 2 and "other" in data:
            shares[1] = data["other"]
    known = data.get("known")
    return Arrays(hu, shares.astype(np.uint8), known)


class Draws(Dataset[Batch]):
    """Augmented patches in an endless order: item n depends on the seed and n alone.

    labelled: files with annotated slices; unlabelled: files of which the rest may be used.
    guesses: folder in which self-training keeps what it believes, one folder an epoch.
    """

    def __init__(
        self, labelled: list[Path], unlabelled: list[Path], config: Config, guesses: Path
    ) -> None:
        self.labelled, self.unlabelled = labelled, unlabelled
        self.config, self.guesses = config, guesses
        self.per_step = config.batch * config.accumulate

    def __getitem__(self, number: int) -> Batch:
        """One labelled patch and, once unlabelled ones count, one of those."""
        rng = np.random.default_rng([self.config.seed, number])
        x, y, known = self._patch(self._turn(self.labelled, number, 0), rng, annotated=True)
        u, guess, trust = (torch.zeros(0),) * 3
        guessing, epoch = (
            self.config.objective == "self_training",
            number // self.per_step // self.config.steps_per_epoch,
        )
        counts = self.config.unlabelled_weight(number // self.per_step) > 0
        if counts and (epoch > 0 or not guessing):  # in the first epoch nothing is believed yet
            path = self._turn(self.unlabelled, number, 1)
            told = self.guesses / f"{epoch:04d}" / path.name if guessing else None
            u, guess, trust = self._patch(path, rng, annotated=False, told=told)
        return Batch(x, y, known, u, guess, trust)

    def _turn(self, files: list[Path], number: int, stream: int) -> Path:
        """Every file once, in an order drawn anew each time round."""
        lap, place = divmod(number, len(files))
        order = np.random.default_rng([self.config.seed, stream, lap, 10**6]).permutation(
            len(files)
        )
        return files[order[place]]

    def _patch(
        self, path: Path, rng: np.random.Generator, *, annotated: bool, told: Path | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Input, shares that sum to 1, and where they are to be believed."""
        config = self.config
        arrays = load(path, len(config.classes))
        window = self._window(arrays, rng, annotated=annotated)
        shares, known = _believed(arrays, window, told)
        variety = SCAN if config.box == "scan" else HIP
        if config.turn_deg is not None:
            variety = replace(variety, turn_deg=config.turn_deg)
        parts = [arrays.hu[window][None], shares / np.float32(255), known[None]]
        stack = torch.from_numpy(np.concatenate(parts).astype(np.float32))
        if config.augment:
            fill = (-1000.0, *(0.0,) * len(shares), 0.0)
            stack = placed(stack, config.patch, rng, fill=fill, variety=variety)
        hu = rescanned(stack[0], rng, variety=variety) if config.augment else stack[0]
        rest = (1 - stack[1:-1].sum(0, keepdim=True)).clamp(min=0)
        return windowed(hu, config)[None], torch.cat([rest, stack[1:-1]]), (stack[-1:] > 0.99) + 0.0

    def _window(self, arrays: Arrays, rng: np.random.Generator, *, annotated: bool) -> Window:
        """A random part, as large as a patch or with room to turn it; if `annotated`, around an
        annotated slice.
        """
        shape, patch = arrays.hu.shape, self.config.patch
        room = ROOM if self.config.augment else 1.0
        want = [min(n, int(room * p)) for n, p in zip(shape, patch, strict=True)]
        start = [int(rng.integers(n - w + 1)) for n, w in zip(shape, want, strict=True)]
        if arrays.known is not None:
            flags = arrays.known.any((1, 2))
            levels = np.flatnonzero(flags if annotated else ~flags)
            if len(levels):
                low = int(rng.choice(levels)) - int(rng.integers(want[0]))
                start[0] = int(np.clip(low, 0, shape[0] - want[0]))
        z, y, x = (slice(s, s + w) for s, w in zip(start, want, strict=True))
        return z, y, x


def _believed(arrays: Arrays, window: Window, told: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Shares (classes - 1, z, y, x) and where they count (z, y, x): by annotation, or as told."""
    shares = arrays.shares[(slice(None), *window)]
    if told is None:
        known = arrays.known
        return shares, np.ones(shares.shape[1:], np.uint8) if known is None else known[window]
    data = np.load(told)
    return data["shares"][(slice(None), *window)], data["trust"][window]
