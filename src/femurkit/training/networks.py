"""The networks."""

from __future__ import annotations

import torch
from monai.networks.nets import UNet

from femurkit.training.config import Recipe


def network(recipe: Recipe) -> torch.nn.Module:
    """Residual 3D U-Net with batch norm.

    Batch norm, because instance norm ties the answer to the field of view: with fixed statistics a
    whole box, a tile and a long shaft all give the same voxels the same answer.
    """
    return UNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=len(recipe.classes),
        channels=recipe.channels,
        strides=(2,) * (len(recipe.channels) - 1),
        num_res_units=recipe.residual_units,
        norm="batch",
        act="prelu",
    )


def windowed(hu: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """HU to the network's -1..1."""
    low, high = recipe.window_hu
    return (hu.clamp(low, high) - low) * (2 / (high - low)) - 1
