"""Bidirectional copy-paste: a box of an annotated patch stands in an unlabelled one and the other
way round, so that both kinds of patient are seen in one picture.

Source: Bai et al., 2023, Bidirectional Copy-Paste for Semi-Supervised Medical Image Segmentation,
CVPR, arXiv 2305.00673. The teacher's verdict counts where it is sure, as in mean_teacher.
"""

from __future__ import annotations

import torch
from torch import nn

from femurkit.training.augment import other_view
from femurkit.training.data import Batch
from femurkit.training.mean_teacher import agreement, sure
from femurkit.training.supervised import Supervised, masked

BOX = 2 / 3
"""Edge of the pasted box as a share of the patch's."""


class CopyPaste(Supervised):
    """Masked loss on what is annotated of mixed patches, the moving average's verdict on the
    rest.
    """

    def forward(
        self, model: nn.Module, average: nn.Module, batch: Batch, step: int
    ) -> dict[str, torch.Tensor]:
        """Terms of the loss by name."""
        weight = self.config.unlabelled_weight(step)
        if not weight:
            return super().forward(model, average, batch, step)
        with torch.no_grad():
            taught = torch.softmax(average(batch.u).float(), 1)
        trusted = sure(taught, step / self.config.steps)
        inside = box(batch.x)
        u = other_view(batch.u)
        mixed = [torch.where(where > 0, batch.x, u) for where in (inside, 1 - inside)]
        both = model(torch.cat(mixed)).split(len(batch.x))
        annotated, guessed = [], []
        for logits, mine in zip(both, (inside, 1 - inside), strict=True):
            annotated.append(masked(logits, batch.y, batch.known * mine, self.config))
            guessed.append(agreement(logits, taught, trusted * (1 - mine)))
        return {"annotated": sum(annotated) / 2, "guessed": weight * sum(guessed) / 2}


def box(x: torch.Tensor) -> torch.Tensor:
    """1 inside a box somewhere in patches (n, 1, z, y, x), 0 outside; the same for all of them."""
    out = torch.zeros_like(x)
    size = [max(1, round(BOX * n)) for n in x.shape[2:]]
    start = [int(torch.randint(n - s + 1, ())) for n, s in zip(x.shape[2:], size, strict=True)]
    out[(..., *(slice(a, a + s) for a, s in zip(start, size, strict=True)))] = 1
    return out
