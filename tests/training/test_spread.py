import pytest

pytest.importorskip("torch", reason="training parts are not installed")

import torch
from tests.training.conftest import tiny
from torch import nn

from femurkit.errors import ConfigRefused
from femurkit.training.spread import Share, Statistics, Stream, parted

BATCHES = (torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [9.0]]))


def test_epochs_go_on_in_one_stream():
    stream = Stream(tiny(steps_per_epoch=3, batch=1), Share())
    seen = []
    for epoch in range(2):
        stream.set_epoch(epoch)
        seen += list(stream)
    assert seen == list(range(6)) and len(stream) == 3


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_processes_together_draw_what_one_draws_each_a_whole_batch(processes):
    config = tiny(steps_per_epoch=3, batch=2, accumulate=4)
    shares = [Share(rank, processes, 4) for rank in range(processes)]
    drawn = [list(Stream(config, share)) for share in shares]
    assert {len(each) for each in drawn} == {24 // processes}
    assert sorted(n for each in drawn for n in each) == list(range(24))
    per_step = 8 // processes
    for step in range(3):
        of_step = [n for each in drawn for n in each[step * per_step : (step + 1) * per_step]]
        assert sorted(of_step) == list(range(8 * step, 8 * step + 8))
    assert all(b == a + 1 for each in drawn for a, b in zip(each[::2], each[1::2], strict=True))


@pytest.mark.parametrize(("accumulate", "processes"), [(1, 2), (3, 2), (2, 4)])
def test_batches_that_cannot_be_shared_out_are_refused(accumulate, processes):
    parted(tiny(accumulate=accumulate), 1)
    with pytest.raises(ConfigRefused, match=f"Set accumulate to {processes}"):
        parted(tiny(accumulate=accumulate), processes)


def statistics_after(norm, share, batches, total=lambda sums: sums):
    kept = Statistics([norm], share)
    for number, batch in enumerate(batches):
        kept.begin(number)
        norm(batch)
        kept.end(number, total)
    return norm.running_mean.clone()


def test_running_statistics_are_the_mean_over_a_steps_batches_whoever_did_them():
    """Momentum 0.1, from 0: batches of mean 2 and 7 leave 0.2 and 0.7, a step of both 0.45."""
    one = statistics_after(nn.BatchNorm1d(1), Share(accumulate=2), BATCHES)
    assert one.item() == pytest.approx(0.45)
    other = {0: 0.7, 1: 0.2}  # what the other process adds
    for rank, batch in enumerate(BATCHES):
        mine = statistics_after(
            nn.BatchNorm1d(1), Share(rank, 2, 2), [batch],
            lambda sums, rank=rank: sums + (other[rank] if sums.item() < 0.9 else 0.9),
        )  # fmt: skip
        assert mine.item() == pytest.approx(0.45)
