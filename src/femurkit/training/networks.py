"""The networks: the default one, truly 3D, and the paper's, slice by slice."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from monai.networks.nets import UNet
from torch import nn

from femurkit.training.config import Config

PAPER_KERNEL = (1, 6, 3)
"""Taller than wide, as the halves of 512x256 are; in a 3D tensor whose slices do not mix."""


def network(config: Config) -> nn.Module:
    """The network of a configuration: (n, 1, z, y, x) in -1..1 to logits (n, classes, z, y, x)."""
    if config.network == "paper":
        return PaperNet(config.channels, config.dropout)
    # Batch norm, because instance norm ties the answer to the field of view: with fixed
    # statistics a whole box, a tile and a long shaft all give the same voxels the same answer.
    net = UNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=len(config.classes),
        channels=config.channels,
        strides=(2,) * (len(config.channels) - 1),
        num_res_units=config.residual_units,
        norm="batch",
        act="prelu",
        dropout=config.dropout,
    )
    if config.context:
        _widen(net, config.channels[-2], config.channels[-1])
    return net


def _widen(net: UNet, inside: int, out: int) -> None:
    """Put Context around the lowest level of a UNet, in place."""
    level = net.model[1]
    while isinstance(level.submodule, nn.Sequential):
        level = level.submodule[1]
    level.submodule = Context(level.submodule, inside, out)


class Context(nn.Module):
    """A layer, and what lies far around each of its voxels added to it; nothing at the start.

    Two dilated convolutions see six voxels to each side.
    """

    def __init__(self, inner: nn.Module, inside: int, out: int) -> None:
        super().__init__()
        self.inner = inner
        self.wide = nn.Sequential(
            nn.Conv3d(inside, inside, 3, padding=2, dilation=2),
            nn.BatchNorm3d(inside),
            nn.PReLU(),
            nn.Conv3d(inside, inside, 3, padding=4, dilation=4),
            nn.BatchNorm3d(inside),
            nn.PReLU(),
            nn.Conv3d(inside, out, 1),
        )
        nn.init.zeros_(self.wide[-1].weight)
        nn.init.zeros_(self.wide[-1].bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inside, z, y, x) -> (n, out, z, y, x)."""
        return self.inner(x) + self.wide(x)


def windowed(hu: torch.Tensor, config: Config) -> torch.Tensor:
    """HU to the network's -1..1."""
    low, high = config.window_hu
    return (hu.clamp(low, high) - low) * (2 / (high - low)) - 1


class PaperNet(nn.Module):
    """The paper's U-Net: 6x3 kernels, He-normal, ReLU, max pooling, dropout at the bottleneck,
    transposed convolutions up, 1x1 sigmoid out. Each slice is treated by itself.

    Its one logit z leaves as (0, z), so that softmax is the sigmoid and cross entropy is BCE.
    Source: Sultana, Naznin and Faisal, Med Biol Eng Comput, 2024.
    """

    def __init__(self, channels: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        pairs = list(zip((1, *channels[:-1]), channels, strict=True))
        self.down = nn.ModuleList(_twice(a, b) for a, b in pairs)
        self.dropout = nn.Dropout(dropout)
        back = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose3d(a, b, (1, 2, 2), (1, 2, 2)) for a, b in back)
        self.join = nn.ModuleList(_twice(2 * b, b) for _, b in back)
        self.out = nn.Conv3d(channels[0], 1, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv3d | nn.ConvTranspose3d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, 1, z, y, x) -> (n, 2, z, y, x)."""
        skips = []
        for level, block in enumerate(self.down):
            x = block(F.max_pool3d(x, (1, 2, 2)) if level else x)
            skips.append(x)
        x = self.dropout(x)
        for up, join, skip in zip(self.up, self.join, skips[-2::-1], strict=True):
            x = join(torch.cat([skip, up(x)], 1))
        z = self.out(x)
        return torch.cat([torch.zeros_like(z), z], 1)


class _Same(nn.Conv3d):
    """A convolution that keeps the size; an even kernel is padded one more behind."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pads = [v for k in reversed(PAPER_KERNEL) for v in ((k - 1) // 2, k // 2)]
        return super().forward(F.pad(x, pads))


def _twice(inside: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        _Same(inside, out, PAPER_KERNEL), nn.ReLU(), _Same(out, out, PAPER_KERNEL), nn.ReLU()
    )
