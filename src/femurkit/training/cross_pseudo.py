"""Cross pseudo supervision: two networks of unlike beginnings teach each other on unlabelled
patches.

Source: Chen et al., 2021, arXiv 2106.01226.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from femurkit.training.augment import other_view
from femurkit.training.config import Config
from femurkit.training.data import Batch
from femurkit.training.mean_teacher import agreement, sure
from femurkit.training.networks import network
from femurkit.training.supervised import Supervised, masked


class CrossPseudo(Supervised):
    """Masked loss for both networks, and each one's verdict as the other's label."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.partner = network(config)

    def students(self, model: nn.Module) -> list[nn.Module]:
        """Both networks learn."""
        return [model, self.partner]

    def forward(
        self, model: nn.Module, average: nn.Module, batch: Batch, step: int
    ) -> dict[str, torch.Tensor]:
        """Terms of the loss by name."""
        weight = self.config.unlabelled_weight(step)
        parts = [batch.x, other_view(batch.u)] if weight else [batch.x]
        both, split = torch.cat(parts), [len(part) for part in parts]
        said = [net(both).split(split) for net in self.students(model)]
        terms = {
            "annotated": self._annotated(said[0][0], batch) + self._annotated(said[1][0], batch)
        }
        if weight:
            mine, other = said[0][1], said[1][1]
            share = step / self.config.steps
            terms["crossed"] = weight * (_follow(mine, other, share) + _follow(other, mine, share))
        return terms

    def _annotated(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        return masked(logits, batch.y, batch.known, self.config)


def _follow(logits: torch.Tensor, leader: torch.Tensor, share: float) -> torch.Tensor:
    """Loss of logits against the leader's hard verdict, where the leader is sure."""
    said = torch.softmax(leader.detach().float(), 1)
    hard = F.one_hot(said.argmax(1), said.shape[1]).movedim(-1, 1).float()
    return agreement(logits, hard, sure(said, share))
