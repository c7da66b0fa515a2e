"""A checkpoint to start a training from, out of the weights of an .onnx of the same UNet.

    python scripts/start_from_onnx.py OLD.onnx CONFIG.toml EXAMPLES -o start.ckpt

Batch norms that the export folded into convolutions are unfolded again: their statistics are those
of the convolutions' answers to examples (a folder of coarse-*.npz), so that the network says what
it said. What CONFIG adds to the old network (`context`) starts without effect.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from femurkit.training.config import Config, read_config
from femurkit.training.data import load
from femurkit.training.networks import network, windowed

PREFIX = "inner."
EPSILON = 1e-5
EXAMPLES = 24


def named(graph: onnx.GraphProto) -> tuple[dict[str, torch.Tensor], list[list[torch.Tensor]]]:
    """Weights that kept their names, and the folded (weight, bias) of convolutions in order."""
    values = {i.name: torch.tensor(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    kept = {n.removeprefix(PREFIX): v for n, v in values.items() if n.startswith(PREFIX)}
    folded = [
        [values[n] for n in node.input if n in values] for node in graph.node
        if node.op_type in ("Conv", "PRelu")
        and any(n in values and not n.startswith(PREFIX) for n in node.input)
    ]  # fmt: skip
    return kept, folded


def unfold(net: nn.Module, path: Path) -> list[tuple[nn.Conv3d, nn.BatchNorm3d]]:
    """Lay an .onnx into a network; gives the convolutions whose batch norm is yet to be set."""
    kept, folded = named(onnx.load(str(path)).graph)
    own = {name.replace(".inner.", "."): name for name in net.state_dict()}
    state = {own[n]: v for n, v in kept.items() if n in own}
    net.load_state_dict(state, strict=False)
    convolutions = [f for f in folded if len(f) == 2]
    slopes = [f[0].reshape(-1) for f in folded if len(f) == 1]
    units = [m for name, m in net.named_modules() if hasattr(m, "adn") and ".wide" not in name]
    pairs = [
        (m.conv, m.adn.N) for m in units if isinstance(m.conv, nn.Conv3d) and hasattr(m.adn, "N")
    ]
    for (conv, _), (weight, bias) in zip(pairs, convolutions, strict=True):
        conv.weight.data, conv.bias.data = weight, bias
    with_slope = [m for m in units if hasattr(m.adn, "A")]
    for unit, slope in zip(with_slope, slopes, strict=True):
        unit.adn.A.weight.data = slope
    return pairs


@torch.no_grad()
def calibrate(net: nn.Module, pairs, examples: list[torch.Tensor]) -> None:
    """Batch norms that change nothing: their statistics, and the same as scale and shift."""
    sums = {bn: [0.0, 0.0, 0] for _, bn in pairs}

    def listen(bn):
        def hook(module, inputs, output):
            rows = output.transpose(0, 1).flatten(1).double()
            sums[bn][0] += rows.sum(1)
            sums[bn][1] += (rows**2).sum(1)
            sums[bn][2] += rows.shape[1]

        return hook

    hooks = [conv.register_forward_hook(listen(bn)) for conv, bn in pairs]
    for _, bn in pairs:
        bn.weight.data.fill_(1), bn.bias.data.zero_()
        bn.running_mean.zero_(), bn.running_var.fill_(1 - EPSILON)
    for x in examples:
        net.eval()(x)
    for hook in hooks:
        hook.remove()
    for bn, (total, squares, count) in sums.items():
        mean = total / count
        var = squares / count - mean**2
        bn.running_mean, bn.running_var = mean.float(), var.float()
        bn.bias.data, bn.weight.data = mean.float(), (var + EPSILON).sqrt().float()


def inputs(config: Config, folder: Path) -> list[torch.Tensor]:
    step = 2 ** (len(config.channels) - 1)
    out = []
    for path in sorted(folder.glob("coarse-*.npz"))[:EXAMPLES]:
        hu = load(path, len(config.classes)).hu.astype(np.float32)
        hu = np.pad(hu, [(0, -n % step) for n in hu.shape], constant_values=-1000)
        out.append(windowed(torch.from_numpy(hu)[None, None], config))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("config", type=Path)
    parser.add_argument("examples", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    torch.manual_seed(1)
    config = read_config(args.config)
    net = network(config)
    pairs = unfold(net, args.onnx)
    examples = inputs(config, args.examples)
    calibrate(net, pairs, examples)
    from femurkit.segment.weights import Network

    old, hu = Network(args.onnx.read_bytes(), device="cpu"), None
    low, high = config.window_hu
    hu = ((examples[0][0, 0].numpy() + 1) * (high - low) / 2 + low).astype(np.float32)
    with torch.no_grad():
        new = torch.softmax(net.eval()(examples[0]), 1)[0].numpy()
    print(f"greatest difference of a probability: {np.abs(new - old(hu)).max():.1e}")
    state = net.state_dict()
    both = {f"{part}.{n}": v for part in ("model", "average") for n, v in state.items()}
    torch.save({"state_dict": both}, args.out)


if __name__ == "__main__":
    main()
