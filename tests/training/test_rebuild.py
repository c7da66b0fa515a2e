import numpy as np
import pytest
import torch
from tests.training.conftest import tiny

from femurkit.errors import NotWeights
from femurkit.segment.weights import Network
from femurkit.training.export import export
from femurkit.training.networks import network, windowed
from femurkit.training.rebuild import from_onnx


@pytest.fixture(scope="module")
def exported(hips, tmp_path_factory):
    """An .onnx of a network whose batch norms are not those of a fresh one."""
    torch.manual_seed(0)
    model = network(tiny(residual_units=2)).train()
    for _ in range(4):
        model(2 * torch.randn(2, 1, 16, 16, 16) + 0.3)
    state = {f"average.{k}": v for k, v in model.state_dict().items()}
    folder = tmp_path_factory.mktemp("exported")
    torch.save({"state_dict": state, "global_step": 4}, folder / "last.ckpt")
    export(tiny(residual_units=2), folder / "last.ckpt", [], folder / "model.onnx")
    return folder / "model.onnx"


def test_it_answers_as_the_onnx_does_and_normalises_again(exported, hips):
    config = tiny(residual_units=2)
    model = from_onnx(exported, config, hips.labelled)
    hu = np.random.default_rng(0).normal(100, 300, (16, 16, 16)).astype(np.float32)
    with torch.no_grad():
        mine = torch.softmax(model(windowed(torch.from_numpy(hu)[None, None], config)), 1)[
            0
        ].numpy()
    assert np.abs(mine - Network(exported.read_bytes(), device="cpu")(hu)).max() < 1e-4
    norm = dict(model.named_modules())["model.0.conv.unit0.adn.N"]
    assert not torch.allclose(norm.running_mean, torch.zeros(()))


def test_another_network_is_refused(exported, hips):
    with pytest.raises(NotWeights):
        from_onnx(exported, tiny(residual_units=2, channels=[8, 8]), hips.labelled)
