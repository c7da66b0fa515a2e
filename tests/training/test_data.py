import pytest

pytest.importorskip("torch", reason="training parts are not installed")
pytest.importorskip("monai", reason="training parts are not installed")
pytest.importorskip("lightning", reason="training parts are not installed")

import numpy as np
import torch
from tests.training.conftest import tiny
from torch.utils.data import DataLoader

from femurkit.training.data import Draws
from femurkit.training.spread import Share, Stream


def draws(hips, tmp_path, **changes):
    return Draws(hips.labelled, hips.unlabelled, tiny(**changes), tmp_path)


def test_an_item_depends_on_seed_and_number_alone(hips, tmp_path):
    one, two = draws(hips, tmp_path), draws(hips, tmp_path)
    for a, b in zip(one[7], two[7], strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(one[0].x, one[1].x)
    assert not torch.equal(one[7].x, draws(hips, tmp_path, seed=2)[7].x)


def test_patches_turn_as_far_as_the_configuration_says(hips, tmp_path):
    def items(turn_deg):
        made = draws(hips, tmp_path, turn_deg=turn_deg)
        return [made[number].x for number in range(6)]  # every other one is turned

    usual, named, far = items(None), items(6.0), items(40.0)
    assert all(torch.equal(a, b) for a, b in zip(usual, named, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(usual, far, strict=True))


def test_a_patch_holds_what_is_annotated_and_says_so(hips, tmp_path):
    for number in range(8):
        item = draws(hips, tmp_path)[number]
        assert item.x.shape == (1, 16, 16, 16) and item.y.shape == (2, 16, 16, 16)
        assert item.x.min() >= -1 and item.x.max() <= 1
        assert torch.allclose(item.y.sum(0), torch.ones(16, 16, 16), atol=1e-5)
        assert set(item.known.unique().tolist()) <= {0.0, 1.0} and item.known.any()
        assert item.u.numel() == 0


def test_unlabelled_patches_come_once_they_count(hips, tmp_path):
    config = tiny(objective="mean_teacher")
    first = int(config.begin * config.steps) * config.batch
    told = draws(hips, tmp_path, objective="mean_teacher")
    assert told[first - config.batch].u.numel() == 0
    item = told[first + config.batch]
    assert item.u.shape == (1, 16, 16, 16)


def test_self_training_believes_nothing_in_its_first_epoch(hips, tmp_path):
    told = draws(hips, tmp_path, objective="self_training", begin=0.0)
    assert told.config.unlabelled_weight(0) > 0
    assert all(
        told[number].u.numel() == 0 for number in range(told.config.steps_per_epoch * told.per_step)
    )


def test_guesses_of_the_epoch_travel_with_the_patch(hips, tmp_path):
    config = tiny(objective="self_training")
    number = (config.epochs - 1) * config.steps_per_epoch * config.batch
    folder = tmp_path / f"{config.epochs - 1:04d}"
    folder.mkdir()
    for path in hips.unlabelled:
        ones = np.ones((24, 24, 24), np.uint8)
        np.savez(folder / path.name, shares=255 * ones[None], trust=ones)
    item = draws(hips, tmp_path, objective="self_training")[number]
    assert item.trust.float().mean() > 0.5
    assert (item.guess[1][item.trust[0] > 0] > 0.99).all()


def test_batches_are_alike_with_and_without_workers(hips, tmp_path):
    data = draws(hips, tmp_path)
    here, there = (
        next(iter(DataLoader(data, 2, sampler=Stream(tiny(), Share()), num_workers=n)))
        for n in (0, 1)
    )
    assert all(torch.equal(a, b) for a, b in zip(here, there, strict=True))
