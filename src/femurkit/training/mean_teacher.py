"""Mean teacher: on unlabelled patches the student must say what its moving average says of another
view, wherever the teacher is sure.

Source: Tarvainen and Valpola, 2017, arXiv 1703.01780; Yu et al., 2019, arXiv 1907.07034 (the
uncertainty mask).
"""

from __future__ import annotations

import math

import torch
from torch import nn

from femurkit.training.augment import other_view
from femurkit.training.data import Batch
from femurkit.training.supervised import Supervised, dice_loss, masked


class MeanTeacher(Supervised):
    """Masked loss on annotated slices, consistency with the moving average on the others."""

    def forward(
        self, model: nn.Module, average: nn.Module, batch: Batch, step: int
    ) -> dict[str, torch.Tensor]:
        """Terms of the loss by name."""
        weight = self.config.unlabelled_weight(step)
        if not weight:
            return super().forward(model, average, batch, step)
        logits = model(torch.cat([batch.x, other_view(batch.u)]))
        labelled, unlabelled = logits.split([len(batch.x), len(batch.u)])
        with torch.no_grad():
            taught = torch.softmax(average(batch.u).float(), 1)
        where = sure(taught, step / self.config.steps)
        return {
            "annotated": masked(labelled, batch.y, batch.known, self.config),
            "consistency": weight * agreement(unlabelled, taught, where),
        }


def sure(taught: torch.Tensor, share: float) -> torch.Tensor:
    """Where the teacher's entropy is below a limit that rises from 0.5 to 0.9 of one bit.

    taught: (n, classes, z, y, x) probabilities. Returns (n, 1, z, y, x) of 0 and 1.
    """
    entropy = -(taught * taught.clamp(min=1e-6).log()).sum(1, keepdim=True)
    limit = (0.5 + 0.4 * share) * math.log(2)
    return (entropy < limit).float()


def agreement(logits: torch.Tensor, taught: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Cross entropy and Dice of logits against taught probabilities, where the mask says so."""
    log_p = torch.log_softmax(logits.float(), 1)
    entropy = -(taught * log_p).sum(1, keepdim=True)
    entropy = (entropy * where).sum() / where.sum().clamp(min=1)
    return entropy + dice_loss(log_p.exp(), taught, where)
