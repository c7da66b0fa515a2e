"""Self-training with what a femur is: after every epoch the moving average segments whole hips,
each verdict is made one piece without cavities, and the student learns from it.

A patch cannot know that a ring of cortex is a solid femur or that a dense pelvis is none; a whole
hip can. Source of the scheme: Lee, 2013, Pseudo-Label, ICML workshop; the anatomical cleaning is
ours.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import nn

from femurkit.training.augment import other_view
from femurkit.training.config import Config
from femurkit.training.data import Arrays, Batch, load
from femurkit.training.mean_teacher import agreement
from femurkit.training.spread import Share
from femurkit.training.supervised import Supervised, masked
from femurkit.training.whole import predict_whole

CRUMBS = 0.1
"""More than this share of the femur in other pieces, and it is not known which is the femur."""
SURE = 0.85
"""Probability of the winning class from which the average is believed outside mended places."""


class SelfTraining(Supervised):
    """Masked loss on annotated slices, and the cleaned verdict on whole hips as labels."""

    def forward(
        self, model: nn.Module, average: nn.Module, batch: Batch, step: int
    ) -> dict[str, torch.Tensor]:
        """Terms of the loss by name."""
        weight = self.config.unlabelled_weight(step)
        if not weight or not batch.u.numel():
            return super().forward(model, average, batch, step)
        logits = model(torch.cat([batch.x, other_view(batch.u)]))
        labelled, unlabelled = logits.split([len(batch.x), len(batch.u)])
        return {
            "annotated": masked(labelled, batch.y, batch.known, self.config),
            "guessed": weight * agreement(unlabelled, batch.guess, batch.trust),
        }


def write_guesses(
    average: nn.Module,
    files: list[Path],
    config: Config,
    folder: Path,
    epoch: int,
    share: Share,
    wait: Callable[[], object],
) -> None:
    """What `epoch` is to believe of each file: folder/EPOCH/NAME.npz; older epochs go.

    share: of this process, which does its part of the files; wait: until all have come so far.
    """
    if epoch == config.epochs or not config.unlabelled_weight(
        (epoch + 1) * config.steps_per_epoch - 1
    ):
        return
    part = folder / f"{epoch:04d}.part"
    first = share.rank == 0
    if first:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
    wait()
    for path in files[share.rank :: share.processes]:
        arrays = load(path, len(config.classes))
        shares, trust = guess(predict_whole(average, arrays.hu, config), arrays)
        np.savez(part / path.name, shares=shares, trust=trust)
    wait()
    if first:
        shutil.rmtree(folder / f"{epoch:04d}", ignore_errors=True)
        part.rename(folder / f"{epoch:04d}")
        for old in sorted(folder.iterdir())[:-2]:
            shutil.rmtree(old)
    wait()


def guess(probability: np.ndarray, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Shares uint8 (classes - 1, z, y, x) and trust uint8 (z, y, x) from probabilities.

    probability: (classes, z, y, x). The femur becomes its largest piece, holes of every transverse
    slice filled; what that changed is believed, what the network itself was unsure of is not, nor a
    second piece too large to be a crumb, and annotated slices keep their annotation.
    """
    femur = probability[1] > 0.5
    clean = cleaned(femur)
    gone = femur & ~clean
    shares = np.rint(probability[1:] * 255).astype(np.uint8)
    trust = (probability.max(0) >= SURE) | (clean & ~femur) | gone
    if gone.sum() > CRUMBS * clean.sum():
        trust &= ~gone
    shares[0] = np.where(clean == femur, shares[0], np.where(clean, 255, 0))
    shares[1:] = np.where(clean & ~femur, 0, shares[1:])
    if arrays.known is not None:
        known = arrays.known > 0
        shares[:, known] = arrays.shares[:, known]
        trust |= known
    return shares, trust.astype(np.uint8)


def cleaned(femur: np.ndarray) -> np.ndarray:
    """The largest piece of a mask (z, y, x), with the holes of its transverse slices filled."""
    names, count = ndimage.label(femur)
    if not count:
        return femur
    piece = names == np.bincount(names.ravel())[1:].argmax() + 1
    return np.stack([ndimage.binary_fill_holes(level) for level in piece])
