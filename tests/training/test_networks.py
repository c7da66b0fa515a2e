import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from tests.training.conftest import tiny

from femurkit.training.networks import network


def both(**changes):
    torch.manual_seed(0)
    plain = network(tiny(channels=[4, 6, 8], patch=[32, 32, 32], **changes)).eval()
    wide = network(tiny(channels=[4, 6, 8], patch=[32, 32, 32], context=True, **changes)).eval()
    state = {n.replace(".inner.", "."): n for n in wide.state_dict()}
    wide.load_state_dict({state[n]: v for n, v in plain.state_dict().items()}, strict=False)
    return plain, wide


def test_context_begins_without_effect():
    plain, wide = both()
    x = torch.randn(1, 1, 32, 32, 32)
    assert torch.equal(plain(x), wide(x))


def test_context_reaches_six_voxels_of_the_coarsest_level_to_each_side():
    _, wide = both()
    context = wide.model[1].submodule[1].submodule
    torch.nn.init.ones_(context.wide[-1].weight)
    x = torch.zeros(1, 6, 17, 1, 1)
    x[0, :, 8] = 1.0
    seen = context.wide(x)[0, 0, :, 0, 0] - context.wide(torch.zeros_like(x))[0, 0, :, 0, 0]
    assert torch.nonzero(seen).ravel().tolist() == [2, 4, 6, 8, 10, 12, 14]
