"""One learner for every objective: it knows steps, the moving average and validation; what to
minimise is the objective's.
"""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from femurkit.training.config import Config
from femurkit.training.cross_pseudo import CrossPseudo
from femurkit.training.data import Batch, load
from femurkit.training.mean_teacher import MeanTeacher
from femurkit.training.networks import network
from femurkit.training.self_training import SelfTraining, write_guesses
from femurkit.training.spread import Share, Statistics
from femurkit.training.supervised import Supervised, masked
from femurkit.training.whole import HALF_EVERY, whole_logits

OBJECTIVES = {
    "supervised": Supervised,
    "mean_teacher": MeanTeacher,
    "cross_pseudo": CrossPseudo,
    "self_training": SelfTraining,
}
LEAST_RATE, FALL, WAIT = 1e-5, 0.2, 5
"""The paper's plateau: the rate falls by this factor after so many epochs, down to the least."""


class Learner(lightning.LightningModule):
    """A network, its moving average, and the objective that teaches it."""

    def __init__(
        self, config: Config, unlabelled: list[Path], guesses: Path, share: Share | None = None
    ) -> None:
        super().__init__()
        self.config, self.unlabelled, self.guesses = config, unlabelled, guesses
        self.share = share or Share(accumulate=config.accumulate)
        torch.manual_seed(config.seed)
        self.model = network(config).to(memory_format=torch.channels_last_3d)
        self.average = copy.deepcopy(self.model).requires_grad_(False).eval()
        self.objective = OBJECTIVES[config.objective](config)
        self.statistics = Statistics([self.model, self.objective], self.share)
        self.scores: dict[str, float] = {}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam over every network that gradients reach, with decoupled weight decay if any."""
        students = nn.ModuleList(self.objective.students(self.model))
        self.optimizer = torch.optim.AdamW(
            students.parameters(), self.config.learning_rate, weight_decay=self.config.weight_decay
        )
        self.plateau = ReduceLROnPlateau(
            self.optimizer, factor=FALL, patience=WAIT, min_lr=LEAST_RATE
        )
        return self.optimizer

    def training_step(self, batch: Batch, number: int) -> torch.Tensor:
        """One batch of a step; chance inside it depends on the seed and its number alone."""
        batches = self.global_step * self.share.accumulate + self.share.batch(number)
        torch.manual_seed(self.config.seed * 1_000_003 + batches)
        if self.config.schedule == "cosine":
            for group in self.optimizer.param_groups:
                group["lr"] = cosine_rate(self.global_step, self.config)
        average = self.average if self.config.average else self.model
        terms = self.objective(self.model, average, batch, self.global_step)
        loss = torch.stack(list(terms.values())).sum()
        self.log_dict(
            {"loss": loss, **terms},
            on_step=False, on_epoch=True, prog_bar=True, sync_dist=self.share.processes > 1,
        )  # fmt: skip
        return loss

    def on_train_batch_start(self, batch: Batch, number: int) -> None:
        """Every batch of a step begins alike."""
        self.statistics.begin(number)

    def on_train_batch_end(self, outputs: Any, batch: Batch, number: int) -> None:
        """After a step the average follows."""
        self.statistics.end(number, self._total)
        if (number + 1) % self.share.turns:
            return
        steps = self.global_step
        decay = min(self.config.average, steps / (steps + 9)) if self.config.average else 0.0
        follow(self.average, self.model, decay)

    def on_validation_epoch_start(self) -> None:
        """Start counting anew."""
        self.counts = torch.zeros(3)
        self.losses: list[float] = []

    def validation_step(self, path: Path, number: int) -> None:
        """One whole hip: loss and counts over its annotated voxels."""
        arrays = load(path, len(self.config.classes))
        if self.config.box == "half":
            arrays = arrays.every(HALF_EVERY)
        logits = whole_logits(self.average, arrays.hu, self.config).float().cpu()
        shares = torch.from_numpy(arrays.shares / 255.0).float()[None]
        target = torch.cat([1 - shares.sum(1, keepdim=True), shares], 1)
        known = torch.ones(1, 1, *arrays.hu.shape)
        if arrays.known is not None:
            known[0, 0] = torch.from_numpy(arrays.known.astype("float32"))
        self.losses.append(float(masked(logits, target, known, self.config)))
        said = (logits.argmax(1, keepdim=True) == 1) & (known > 0)
        true = (target[:, 1:2] > 0.5) & (known > 0)
        self.counts += torch.tensor(
            [float((said & true).sum()), float(said.sum()), float(true.sum())]
        )

    def on_validation_epoch_end(self) -> None:
        """Pooled Dice of the femur over all validation hips, and the mean loss."""
        mine = torch.tensor([*self.counts.tolist(), sum(self.losses), len(self.losses)])
        both, said, true, loss, hips = self._total(mine.to(self.device)).tolist()
        self.scores = {"val_dsc": 2 * both / max(said + true, 1), "val_loss": loss / max(hips, 1)}
        self.log_dict(self.scores, prog_bar=True)

    def on_train_epoch_end(self) -> None:
        """What the next epoch needs: the rate, and for self-training what to believe."""
        if self.config.schedule == "plateau" and self.scores:
            self.plateau.step(self.scores["val_loss"])
        if self.config.objective == "self_training":
            following = self.current_epoch + 1
            wait, config = self.trainer.strategy.barrier, self.config
            write_guesses(
                self.average, self.unlabelled, config, self.guesses, following, self.share, wait
            )

    def _total(self, values: torch.Tensor) -> torch.Tensor:
        """Added up over all processes."""
        return torch.as_tensor(self.trainer.strategy.reduce(values, reduce_op="sum"))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The plateau's memory goes along."""
        checkpoint["plateau"] = self.plateau.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """It is set once the optimizer is there (see on_train_start)."""
        self._plateau_state = checkpoint["plateau"]

    def on_train_start(self) -> None:
        """Restore the plateau's memory after a resume."""
        if hasattr(self, "_plateau_state"):
            self.plateau.load_state_dict(self._plateau_state)


def cosine_rate(step: int, config: Config) -> float:
    """Linear warm-up over 100 steps, then a cosine down to one hundredth."""
    fall = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / config.steps))
    return config.learning_rate * min(1.0, (step + 1) / 100) * fall


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Exponential moving average of weights and of batch norm statistics."""
    for kept, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new.to(kept.dtype), 1 - keep)
        else:
            kept.copy_(new)
