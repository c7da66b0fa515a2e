"""From a checkpoint to the .onnx that `reconstruct` runs."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import torch

from femurkit.training.config import Config
from femurkit.training.networks import network, windowed


class Deployed(torch.nn.Module):
    """HU in, class probabilities out: the window and the softmax travel with the weights."""

    def __init__(self, inner: torch.nn.Module, config: Config) -> None:
        super().__init__()
        self.inner, self.config = inner, config

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        """(1, 1, z, y, x) HU -> (1, classes, z, y, x) probabilities."""
        return torch.softmax(self.inner(windowed(hu, self.config)), 1)


def export(config: Config, checkpoint: Path, out: Path) -> None:
    """Write the averaged weights of a checkpoint as ONNX with its metadata."""
    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    model = network(config)
    prefix = "average."
    model.load_state_dict(
        {k.removeprefix(prefix): v for k, v in state["state_dict"].items() if k.startswith(prefix)}
    )
    axes = {2: "z", 3: "y", 4: "x"}
    part = out.with_suffix(".part")
    torch.onnx.export(
        Deployed(model, config).eval(),
        (torch.zeros(1, 1, *config.patch),),
        str(part),
        input_names=["hu"],
        output_names=["probability"],
        dynamic_axes={"hu": axes, "probability": axes},
        opset_version=17,
        dynamo=False,
    )
    graph = onnx.load(str(part))
    step = 2 ** (len(config.channels) - 1)
    meta = {
        "spacing_mm": str(config.spacing_mm),
        "classes": json.dumps(config.classes),
        "kind": config.box,
        "step": str(step),
        "step_z": str(1 if config.box == "half" else step),
        "name": config.name,
        "objective": config.objective,
        "steps_trained": str(state["global_step"]),
        "seed": str(config.seed),
    }
    onnx.helper.set_model_props(graph, meta)
    onnx.save(graph, str(part))
    part.replace(out)
