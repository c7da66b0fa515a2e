"""From an exported .onnx back to a network that can be trained on.

The export folds each batch norm into the convolution before it. Here the convolution keeps the
folded weights, and its batch norm gets the statistics that the convolution has on some examples,
with the scale and shift that undo them: the network answers as the .onnx does, and normalises by
batch statistics as soon as it is trained. Folding can leave weights of a ten-thousandth, which one
step of an optimiser would overwrite; so they are first brought to the size of trained ones, which
a batch norm behind them does not notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from femurkit.errors import NotWeights
from femurkit.training.config import Config
from femurkit.training.data import load
from femurkit.training.networks import network, windowed

EXAMPLES = 12
"""Hips that the statistics are taken over."""
TRAINED = 2.0
"""Spread of trained weights as a multiple of that of fresh ones, 1 / sqrt(3 fan-in), about."""


def from_onnx(path: Path, config: Config, examples: Sequence[Path]) -> nn.Module:
    """The network of a configuration with the weights of an .onnx exported from one like it.

    examples: files of hips (training.data) for the statistics of batch norm. Raises NotWeights if
    the .onnx holds another network.
    """
    graph = onnx.load(str(path)).graph
    model = network(config).eval()
    modules = dict(model.named_modules())
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    for node in graph.node:  # equal values are stored once, others in half precision
        if node.op_type in ("Identity", "Cast") and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]].astype(np.float32)
    normed = {n.input[0] for n in graph.node if n.op_type == "BatchNormalization"}
    folded = []
    for node in graph.node:
        if node.op_type not in ("Conv", "ConvTranspose", "BatchNormalization", "PRelu"):
            continue
        name = _module_name(node.name)
        if name not in modules:
            raise _other(f"a layer {name} that the configuration does not have")
        _fill(modules[name], [values[i] for i in node.input[1:]], name)
        norm = modules.get(f"{name.removesuffix('.conv')}.adn.N")
        if name.endswith(".conv") and norm is not None and node.output[0] not in normed:
            folded.append((modules[name], norm))
    _undo(model, folded, config, examples)
    return model


def _module_name(node: str) -> str:
    """The torch module of a node: each part of its scope that repeats the one before it replaces
    it.
    """
    kept: list[str] = []
    for part in node.strip("/").split("/")[1:-1]:
        if kept and part.startswith(kept[-1] + "."):
            kept[-1] = part
        else:
            kept.append(part)
    return ".".join(kept)


@torch.no_grad()
def _fill(module: nn.Module, values: list[np.ndarray], name: str) -> None:
    """Set a layer's weights from a node's inputs, in the order ONNX has them."""
    order = ("weight", "bias", "running_mean", "running_var")
    for part, value in zip(order, values, strict=False):
        mine = getattr(module, part)
        if mine.numel() != value.size:
            raise _other(f"{name}.{part} of {value.shape} in place of {tuple(mine.shape)}")
        mine.copy_(torch.from_numpy(value.copy()).reshape(mine.shape))


@torch.no_grad()
def _undo(
    model: nn.Module,
    folded: list[tuple[nn.Module, nn.Module]],
    config: Config,
    examples: Sequence[Path],
) -> None:
    """Give each batch norm that was folded away the statistics of its convolution, and make it
    do nothing as long as they stand.
    """
    for _, norm in folded:
        assert isinstance(norm, nn.BatchNorm3d) and norm.running_var is not None
        norm.running_var.fill_(1 - norm.eps)
    moments = [_Moments(conv) for conv, _ in folded]
    step = 2 ** (len(config.channels) - 1)
    for path in examples[:EXAMPLES]:
        hu = load(path, len(config.classes)).hu
        z, y, x = (n - n % step for n in hu.shape)
        part = torch.from_numpy(hu[:z, :y, :x].astype(np.float32))[None, None]
        model(windowed(part, config))
    for (layer, norm), found in zip(folded, moments, strict=True):
        assert isinstance(norm, nn.BatchNorm3d) and isinstance(layer, nn.Conv3d)
        mean, variance = found.taken()
        fresh = (3 * layer.weight[0].numel()) ** -0.5
        scale = TRAINED * fresh / float(layer.weight.std().clamp(min=1e-12))
        layer.weight.mul_(scale)
        if layer.bias is not None:
            layer.bias.mul_(scale)
        norm.load_state_dict(
            {
                "running_mean": mean * scale,
                "running_var": variance * scale**2,
                "weight": (variance + norm.eps / scale**2).sqrt(),
                "bias": mean,
                "num_batches_tracked": torch.tensor(0),
            }
        )


class _Moments:
    """Mean and variance of each channel that leaves a layer, over all that it is given."""

    def __init__(self, layer: nn.Module) -> None:
        self.count, self.total, self.squares = 0, torch.zeros(1), torch.zeros(1)
        self.hook = layer.register_forward_hook(self.add)

    def add(self, layer: nn.Module, given: object, out: torch.Tensor) -> None:
        """Called by the layer."""
        flat = out.transpose(0, 1).flatten(1).double()
        self.count += flat.shape[1]
        self.total = self.total + flat.sum(1)
        self.squares = self.squares + (flat**2).sum(1)

    def taken(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and variance (channels,); nothing is counted any more."""
        self.hook.remove()
        mean = self.total / self.count
        return mean.float(), (self.squares / self.count - mean**2).clamp(min=1e-8).float()


def _other(found: str) -> NotWeights:
    return NotWeights(
        found,
        expected="an .onnx that femurkit train exported from a configuration like this one",
        remedy="Start from it with the configuration that its model card names.",
    )
