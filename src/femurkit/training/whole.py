"""A network on a whole hip, in torch: for validation and for pseudo labels."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from femurkit.training.config import Config
from femurkit.training.networks import windowed

HALF_EVERY = 4
"""Of a half body every fourth slice is validated: slices do not mix."""
SLICES = 16
"""Slices of a half body that the paper's network takes at once."""


@torch.no_grad()
def predict_whole(model: nn.Module, hu: np.ndarray, config: Config) -> np.ndarray:
    """Probabilities (classes, z, y, x) float32 of HU (z, y, x)."""
    return torch.softmax(whole_logits(model, hu, config).float(), 1)[0].cpu().numpy()


@torch.no_grad()
def whole_logits(model: nn.Module, hu: np.ndarray, config: Config) -> torch.Tensor:
    """Logits (1, classes, z, y, x); air is added up to the multiples that the network needs."""
    device = next(model.parameters()).device
    x = torch.from_numpy(hu.astype(np.float32))[None, None].to(device)
    step = 2 ** (len(config.channels) - 1)
    steps = (1 if config.box == "half" else step, step, step)
    pads = [v for n, s in zip(hu.shape[::-1], steps[::-1], strict=True) for v in (0, -n % s)]
    x = windowed(F.pad(x, pads, value=-1000.0), config)
    if config.box == "half":
        out = torch.cat([model(part) for part in x.split(SLICES, 2)], 2)
    else:
        out = model(x)
    z, y, x_ = hu.shape
    return out[..., :z, :y, :x_]
