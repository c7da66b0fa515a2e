"""Supervised objective: what is annotated teaches, what is not is left alone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from femurkit.training.config import Config
from femurkit.training.data import Batch

JOINT_WEIGHT = 3.0
"""Added to the cross entropy where femur and other bone meet."""


class Supervised(nn.Module):
    """The masked loss alone."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config

    def students(self, model: nn.Module) -> list[nn.Module]:
        """The networks that gradients reach."""
        return [model]

    def forward(
        self, model: nn.Module, average: nn.Module, batch: Batch, step: int
    ) -> dict[str, torch.Tensor]:
        """Terms of the loss by name; they are added up. average: the model's moving average."""
        return {"annotated": masked(model(batch.x), batch.y, batch.known, self.config)}


def masked(
    logits: torch.Tensor, target: torch.Tensor, known: torch.Tensor, config: Config
) -> torch.Tensor:
    """Scalar loss over annotated voxels only.

    logits, target: (n, classes, z, y, x), target holds shares 0..1; known: (n, 1, z, y, x), 1
    where somebody said what is there. An unknown voxel gives no gradient.
    """
    log_p = torch.log_softmax(logits.float(), 1)
    weight = known
    if config.loss == "dice_ce" and len(config.classes) > 2:
        weight = known * (1 + JOINT_WEIGHT * _joint(target))
    entropy = -(target * log_p).sum(1, keepdim=True)
    entropy = (entropy * weight).sum() / weight.sum().clamp(min=1)
    if config.loss == "bce":
        return entropy
    return entropy + dice_loss(log_p.exp(), target, known)


def dice_loss(p: torch.Tensor, target: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """One minus the soft Dice of each class but background over known voxels, mean.

    p, target: (n, classes, z, y, x); known: (n, 1, z, y, x).
    """
    p, target = p[:, 1:] * known, target[:, 1:] * known
    axes = (0, 2, 3, 4)
    overlap = 2 * (p * target).sum(axes) + 1
    return (1 - overlap / ((p * p).sum(axes) + (target * target).sum(axes) + 1)).mean()


def _joint(target: torch.Tensor) -> torch.Tensor:
    """Voxels in blocks of four that hold both femur and other bone, (n, 1, z, y, x)."""
    femur = target[:, 1:-1].sum(1, keepdim=True)
    near = [F.max_pool3d(t, 4, ceil_mode=True) > 0.5 for t in (femur, target[:, -1:])]
    return F.interpolate((near[0] & near[1]).float(), size=target.shape[2:])
