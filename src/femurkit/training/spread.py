"""The batches of one step, in turn by one process or side by side by many.

A step takes the mean gradient over `accumulate` batches. One process does them one after the
other; of several, each does every so-manieth. Every batch is normalised by itself and starts from
the same running statistics, whose mean over the batches is what the step leaves, so that it does
not matter who did which: the same run, within rounding, for any number of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import Sampler

from femurkit.errors import ConfigRefused
from femurkit.training.config import Config


@dataclass(frozen=True)
class Share:
    """Which batches of a step are this process's: `rank`, `rank + processes`, ... of accumulate."""

    rank: int = 0
    processes: int = 1
    accumulate: int = 1

    @property
    def turns(self) -> int:
        """Batches of each step that this process does."""
        return self.accumulate // self.processes

    def batch(self, number: int) -> int:
        """Which of the step's batches is the n-th that this process does."""
        return self.rank + self.processes * (number % self.turns)


def parted(config: Config, processes: int) -> None:
    """Raises ConfigRefused if the batches of a step cannot be shared out evenly."""
    if processes < 1 or config.accumulate % processes:
        raise ConfigRefused(
            f"{processes} processes for accumulate = {config.accumulate}",
            expected="as many batches in every step for each process",
            remedy=f"Set accumulate to {processes}, or a multiple, in the configuration.",
        )


class Stream(Sampler[int]):
    """The numbers of one epoch's draws, going on from epoch to epoch: those of this process."""

    def __init__(self, config: Config, share: Share) -> None:
        self.config, self.share, self.epoch = config, share, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer, also after a resume."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.config.steps_per_epoch * self.share.turns * self.config.batch

    def __iter__(self) -> Iterator[int]:
        steps, each = self.config.steps_per_epoch, self.config.batch
        for step in range(self.epoch * steps, (self.epoch + 1) * steps):
            for turn in range(self.share.turns):
                first = (step * self.share.accumulate + self.share.batch(turn)) * each
                yield from range(first, first + each)


class Statistics:
    """Running statistics of normalisation over the batches of a step, of some networks."""

    def __init__(self, networks: Sequence[nn.Module], share: Share) -> None:
        self.networks, self.share = networks, share

    def _kept(self) -> list[torch.Tensor]:
        every = (buffer for network in self.networks for buffer in network.buffers())
        return [buffer for buffer in every if buffer.is_floating_point()]

    @torch.no_grad()
    def begin(self, number: int) -> None:
        """Before a batch: the first of a step is remembered, the others begin like it."""
        if self.share.accumulate == 1:
            return
        if number % self.share.turns == 0:
            self.start = [buffer.clone() for buffer in self._kept()]
            self.sums = [torch.zeros_like(buffer) for buffer in self.start]
        for buffer, start in zip(self._kept(), self.start, strict=True):
            buffer.copy_(start)

    @torch.no_grad()
    def end(self, number: int, total: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """After a batch: after the last of a step they become the mean over all its batches.

        total: adds up a tensor over all processes.
        """
        if self.share.accumulate == 1:
            return
        last = (number + 1) % self.share.turns == 0
        for sums, buffer in zip(self.sums, self._kept(), strict=True):
            sums += buffer
            if last:
                buffer.copy_(total(sums) / self.share.accumulate)
