"""From a checkpoint to the .onnx that `reconstruct` runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch

from femurkit.segment.calibration import near_outline, temperature_of
from femurkit.training.config import Config
from femurkit.training.data import load
from femurkit.training.networks import network, windowed
from femurkit.training.whole import HALF_EVERY, whole_logits

FITTED_ON = 12
"""Validation hips, at most, on which the temperature is fitted."""
HALVED_FROM = 1024
"""Weights of fewer numbers stay in single precision: they would save nothing."""


class Deployed(torch.nn.Module):
    """HU in, class probabilities out: the window and the softmax travel with the weights."""

    def __init__(self, inner: torch.nn.Module, config: Config, temperature: float) -> None:
        super().__init__()
        self.inner, self.config, self.temperature = inner, config, temperature
        bias = torch.tensor(config.class_bias or (0.0,) * len(config.classes))
        self.register_buffer("bias", bias[:, None, None, None])

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        """(1, 1, z, y, x) HU -> (1, classes, z, y, x) probabilities."""
        logits = self.inner(windowed(hu, self.config)) / self.temperature
        return torch.softmax(logits + self.bias if self.config.class_bias else logits, 1)


def export(config: Config, checkpoint: Path, validation: Sequence[Path], out: Path) -> None:
    """Write the averaged weights of a checkpoint as ONNX with its metadata.

    validation: hips on which the temperature is fitted that makes probabilities true.
    """
    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    model = network(config).eval()
    prefix = "average."
    model.load_state_dict(
        {k.removeprefix(prefix): v for k, v in state["state_dict"].items() if k.startswith(prefix)}
    )
    temperature = fitted_temperature(model, config, validation)
    axes = {2: "z", 3: "y", 4: "x"}
    part = out.with_suffix(".part")
    torch.onnx.export(
        Deployed(model, config, temperature).eval(),
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
        "temperature": f"{temperature:.4f}",
        "class_bias": json.dumps(config.class_bias),
    }
    onnx.helper.set_model_props(graph, meta)
    onnx.save(in_half(graph) if config.half_weights else graph, str(part))
    part.replace(out)


def in_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose large weights are stored in half precision, and cast back to single as it is
    loaded. It computes in single precision as before.
    """
    out = onnx.ModelProto()
    out.CopyFrom(model)
    casts = []
    for stored in out.graph.initializer:
        values = onnx.numpy_helper.to_array(stored)
        if values.dtype != np.float32 or values.size < HALVED_FROM:
            continue
        name, half = stored.name, f"{stored.name}.half"
        stored.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(onnx.helper.make_node("Cast", [half], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *out.graph.node]
    del out.graph.node[:]
    out.graph.node.extend(nodes)
    return out


def fitted_temperature(model: torch.nn.Module, config: Config, files: Sequence[Path]) -> float:
    """Median over hips of the temperature that fits each; 1 without hips to fit it on."""
    found = []
    for path in files[:FITTED_ON]:
        arrays = load(path, len(config.classes))
        if config.box == "half":
            arrays = arrays.every(HALF_EVERY)
        logits = whole_logits(model, arrays.hu, config)[0].float().numpy()
        share = arrays.shares[0] / np.float32(255)
        chosen = near_outline(share)
        if arrays.known is not None:
            chosen &= arrays.known > 0
        if chosen.any():
            found.append(temperature_of(logits[:, chosen], share[chosen]))
    return float(np.median(found)) if found else 1.0
