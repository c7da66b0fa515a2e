import pytest

pytest.importorskip("torch", reason="training parts are not installed")
pytest.importorskip("monai", reason="training parts are not installed")
pytest.importorskip("lightning", reason="training parts are not installed")

import numpy as np
import torch
from tests.training.conftest import tiny

from femurkit.training.data import Arrays, Batch
from femurkit.training.learner import OBJECTIVES, follow
from femurkit.training.mean_teacher import sure
from femurkit.training.networks import PaperNet, network
from femurkit.training.self_training import cleaned, guess
from femurkit.training.supervised import masked


def truth(classes=2):
    """Femur in three slices, other bone in three, nothing between."""
    target = torch.zeros(1, classes, 8, 8, 8)
    target[:, 1, :3] = 1
    if classes > 2:
        target[:, 2, 5:] = 1
    target[:, 0] = 1 - target[:, 1:].sum(1)
    return target


@pytest.mark.parametrize("loss", ["dice_ce", "bce"])
def test_the_loss_is_least_at_the_truth(loss):
    config, target, known = tiny(loss=loss), truth(), torch.ones(1, 1, 8, 8, 8)
    right, wrong = 20 * target, 20 * target.roll(1, 2)
    assert masked(right, target, known, config) < 1e-3 < masked(wrong, target, known, config)


@pytest.mark.parametrize("classes", [2, 3])
def test_an_unknown_slice_gives_no_gradient_and_does_not_change_the_loss(classes):
    config = tiny(classes=["background", "femur", "other bone"][:classes])
    target, known = truth(classes), torch.ones(1, 1, 8, 8, 8)
    known[:, :, 4:] = 0
    logits = torch.randn(1, classes, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    logits.requires_grad_()
    value = masked(logits, target, known, config)
    value.backward()
    assert (logits.grad[:, :, 4:] == 0).all() and (logits.grad[:, :, :4] != 0).any()
    other = logits.detach().clone()
    other[:, :, 4:] += 7  # whatever the network says there
    assert masked(other, target, known, config) == pytest.approx(value.item())


def test_bce_is_that_of_the_papers_sigmoid():
    z, y = torch.tensor([-1.5, 0.2, 3.0]), torch.tensor([0.0, 1.0, 1.0])
    logits = torch.stack([torch.zeros(3), z])[None, :, :, None, None]
    target = torch.stack([1 - y, y])[None, :, :, None, None]
    ours = masked(logits, target, torch.ones(1, 1, 3, 1, 1), tiny(loss="bce"))
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(z, y)
    assert ours == pytest.approx(theirs.item())


@pytest.mark.parametrize("objective", ["mean_teacher", "cross_pseudo", "self_training"])
def test_unlabelled_patches_teach_only_once_they_count(objective):
    config = tiny(objective=objective)
    torch.manual_seed(0)
    model, average = network(config), network(config)
    teaches = OBJECTIVES[objective](config)
    x = torch.randn(1, 1, 16, 16, 16)
    y = torch.zeros(1, 2, 16, 16, 16)
    y[:, 1, :4] = 1
    y[:, 0] = 1 - y[:, 1]
    batch = Batch(x, y, torch.ones(1, 1, 16, 16, 16), x, y, torch.ones(1, 1, 16, 16, 16))
    assert len(teaches(model, average, batch, 0)) == 1
    terms = teaches(model, average, batch, config.steps - 1)
    assert len(terms) == 2 and all(torch.isfinite(term) for term in terms.values())


def test_the_weight_of_unlabelled_patches_begins_at_nothing_and_grows():
    config = tiny(objective="mean_teacher", begin=0.25, ramp=0.5, consistency=0.7)
    weights = [config.unlabelled_weight(step) for step in range(config.steps)]
    assert weights[: config.steps // 4] == [0.0] * (config.steps // 4)
    assert (np.diff(weights[config.steps // 4 :]) >= 0).all() and weights[-1] == pytest.approx(0.7)
    assert not any(tiny().unlabelled_weight(step) for step in range(config.steps))


def test_a_teacher_in_doubt_is_not_followed():
    said = torch.tensor([[0.5, 0.5], [0.99, 0.01]]).T[None, :, :, None, None]
    assert sure(said, 0.0).flatten().tolist() == [0.0, 1.0]


def test_guesses_are_one_piece_without_cavities_and_keep_what_is_annotated():
    ring = np.zeros((6, 12, 12), bool)
    ring[:, 2:9, 2:9] = True
    ring[:, 4:7, 4:7] = False  # a canal open at both ends
    ring[2, 10:, 10:] = True  # a crumb
    whole = ring.copy()
    whole[:, 4:7, 4:7] = True
    whole[2, 10:, 10:] = False
    assert (cleaned(ring) == whole).all()
    p = np.where(ring, 0.9, 0.2).astype(np.float32)
    p[4, 2] = 0.6  # in doubt, and not mended
    known = np.zeros(ring.shape, np.uint8)
    known[0] = 1
    shares = np.zeros((1, *ring.shape), np.uint8)
    told, trust = guess(np.stack([1 - p, p]), Arrays(ring * 0, shares, known))
    assert (told[0, 0] == 0).all() and trust[0].all(), "the annotation says: nothing here"
    assert (told[0, 1:, 4:7, 4:7] == 255).all() and trust[1:, 4:7, 4:7].all(), "the canal is filled"
    assert told[0, 2, 11, 11] == 0 and trust[2, 11, 11], "the crumb is gone"
    assert not trust[4, 2, 2:9].any(), "what is doubtful teaches nothing"
    p[:, 10:] = 0.9  # a second piece, too large for a crumb
    _, trust = guess(np.stack([1 - p, p]), Arrays(ring * 0, shares, None))
    assert not trust[:, 10:].any(), "which piece is the femur is not known"


def test_the_average_follows():
    a, b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    want = 0.9 * a.weight.detach() + 0.1 * b.weight.detach()
    follow(a, b, 0.9)
    assert torch.allclose(a.weight, want)


def test_the_papers_network_keeps_size_and_never_mixes_slices():
    torch.manual_seed(0)
    net = PaperNet((4, 8, 8), 0.5).eval()
    x = torch.randn(1, 1, 3, 32, 16)
    whole = net(x)
    assert whole.shape == (1, 2, 3, 32, 16) and (whole[:, 0] == 0).all()
    assert torch.allclose(whole[:, :, 1:2], net(x[:, :, 1:2]), atol=1e-5)
    kernels = {tuple(m.weight.shape[2:]) for m in net.down.modules() if hasattr(m, "weight")}
    assert kernels == {(1, 6, 3)}
