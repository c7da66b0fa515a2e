import pytest

pytest.importorskip("torch", reason="training parts are not installed")
pytest.importorskip("monai", reason="training parts are not installed")

import numpy as np
import onnx
import torch
from tests.training.conftest import tiny

from femurkit.segment.engines import devices
from femurkit.segment.weights import Network
from femurkit.training.export import export
from femurkit.training.networks import network
from femurkit.training.rebuild import from_onnx
from femurkit.training.whole import predict_whole

SIZES = {
    "unet": {"channels": [8, 16, 32], "residual_units": 2},
    "paper": {"network": "paper", "box": "half", "patch": [1, 16, 16], "channels": [16, 32]},
}


@pytest.fixture(params=SIZES)
def both(request, tmp_path):
    """A configuration, and its network with the same weights in single and in half precision."""
    torch.manual_seed(0)
    state = {
        f"average.{k}": v for k, v in network(tiny(**SIZES[request.param])).state_dict().items()
    }
    torch.save({"state_dict": state, "global_step": 0}, tmp_path / "last.ckpt")
    for half in (False, True):
        config = tiny(**SIZES[request.param], half_weights=half)
        export(config, tmp_path / "last.ckpt", [], tmp_path / f"{half}.onnx")
    return config, tmp_path / "False.onnx", tmp_path / "True.onnx"


def test_weights_in_half_precision_give_the_same_answers_in_half_the_file(both):
    _, single, half = both
    assert half.stat().st_size < 0.65 * single.stat().st_size
    onnx.checker.check_model(onnx.load(str(half)))
    hu = np.random.default_rng(0).normal(100, 300, (16, 32, 32)).astype(np.float32)
    for device in devices():
        expected, got = (Network(p.read_bytes(), device=device)(hu) for p in (single, half))
        assert np.abs(got - expected).max() < 1e-3
        assert expected.std() > 0.01


def test_a_network_is_rebuilt_from_them(both, hips):
    config, _, half = both
    model = from_onnx(half, config, hips.labelled)
    hu = np.random.default_rng(0).normal(100, 300, (16, 16, 16)).astype(np.float32)
    mine = predict_whole(model, hu, config)
    assert np.abs(mine - Network(half.read_bytes(), device="cpu")(hu)).max() < 1e-3
