import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training parts are not installed")
pytest.importorskip("monai", reason="training parts are not installed")

from femurkit.segment.weights import Network  # noqa: E402
from femurkit.training import fit as loop  # noqa: E402
from femurkit.training.config import FINE  # noqa: E402
from femurkit.training.data import Examples, example_files  # noqa: E402
from femurkit.training.export import export  # noqa: E402
from femurkit.training.supervised import loss  # noqa: E402

TINY = dataclasses.replace(
    FINE, channels=(4, 8), residual_units=1, patch=(16, 16, 16), steps=8, learning_rate=1e-2
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Balls of bone in muscle, femur above and other bone below."""
    folder = tmp_path_factory.mktemp("cache")
    rng = np.random.default_rng(0)
    z, y, x = np.indices((24, 24, 24))
    for number in range(8):
        centre = rng.uniform(8, 16, 2)
        ball = np.clip(
            6 - np.sqrt((z - 16) ** 2 + (y - centre[0]) ** 2 + (x - centre[1]) ** 2), 0, 1
        )
        slab = (z < 6).astype(float)
        hu = 40 + 600 * np.maximum(ball, slab) + rng.normal(0, 10, z.shape)
        np.savez_compressed(
            folder / f"fine-{number:04d}.npz",
            hu=hu.astype(np.int16),
            femur=(255 * ball).astype(np.uint8),
            other=(255 * slab).astype(np.uint8),
        )
    return folder


def test_an_example_depends_on_seed_and_number_alone(cache):
    files = example_files(cache, TINY)
    whole, late = Examples(files, TINY, 0, 10), Examples(files, TINY, 6, 10)
    for first, second in zip(whole[7], late[1], strict=True):
        assert torch.equal(first, second)
    assert not torch.equal(whole[0][0], whole[1][0])
    x, y = whole[3]
    assert x.shape == (1, 16, 16, 16) and y.shape == (3, 16, 16, 16)
    assert x.min() >= -1 and x.max() <= 1
    assert torch.allclose(y.sum(0), torch.ones(16, 16, 16), atol=1e-5)


def test_the_loss_is_least_at_the_truth():
    target = torch.zeros(1, 3, 8, 8, 8)
    target[:, 0], target[:, 1, :3], target[:, 2, 5:] = 1, 1, 1
    target[:, 0, :3] = target[:, 0, 5:] = 0
    right, wrong = 20 * target, 20 * target.roll(1, 2)
    assert loss(right, target) < 1e-3 < loss(wrong, target)


def test_a_stopped_run_ends_where_an_uninterrupted_one_does(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_EVERY", 2)
    loop.fit(TINY, cache, tmp_path / "whole")
    kept, calls = loop.save, []

    def killed(*arguments):
        kept(*arguments)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        loop.fit(TINY, cache, tmp_path / "stopped")
    monkeypatch.setattr(loop, "save", kept)
    loop.fit(TINY, cache, tmp_path / "stopped")
    ends = [
        torch.load(tmp_path / name / "last.pt", weights_only=True) for name in ("whole", "stopped")
    ]
    assert ends[0]["step"] == ends[1]["step"] == TINY.steps
    for key, value in ends[0]["average"].items():
        assert torch.allclose(value.float(), ends[1]["average"][key].float(), atol=1e-5), key


def test_training_lowers_the_loss_and_the_export_answers_as_torch_does(cache, tmp_path):
    pytest.importorskip("onnx", reason="training parts are not installed")
    recipe = dataclasses.replace(TINY, steps=100)
    loop.fit(recipe, cache, tmp_path / "run")
    lines = (tmp_path / "run" / "log.csv").read_text().splitlines()
    first, last = (float(line.split(",")[1]) for line in (lines[0], lines[-1]))
    assert last < 0.9 * first
    export(recipe, tmp_path / "run", tmp_path / "tiny.onnx")
    network = Network(tmp_path / "tiny.onnx")
    assert (network.spacing_mm, network.step) == (1.5, 2)
    hu = np.random.default_rng(1).uniform(-1100, 1500, (20, 16, 24)).astype(np.float32)
    state = torch.load(tmp_path / "run" / "last.pt", weights_only=True)
    model = loop.network(recipe)
    model.load_state_dict(state["average"])
    with torch.no_grad():
        logits = model.eval()(loop.windowed(torch.from_numpy(hu), recipe)[None, None])
    assert np.allclose(network(hu), torch.softmax(logits, 1)[0].numpy(), atol=1e-4)
