"""From a training run to the .onnx that the package ships.

python -m femurkit.training.export fine RUN src/femurkit/segment/weights/fine.onnx
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import onnx
import torch

from femurkit.training.config import RECIPES, Recipe
from femurkit.training.networks import network, windowed


class Deployed(torch.nn.Module):
    """HU in, class probabilities out: the window and the softmax travel with the weights."""

    def __init__(self, inner: torch.nn.Module, recipe: Recipe) -> None:
        super().__init__()
        self.inner, self.recipe = inner, recipe

    def forward(self, hu: torch.Tensor) -> torch.Tensor:
        """(1, 1, z, y, x) HU -> (1, classes, z, y, x) probabilities."""
        return torch.softmax(self.inner(windowed(hu, self.recipe)), 1)


def export(recipe: Recipe, run: Path, out: Path) -> None:
    """Write the averaged weights of a run as ONNX with its metadata."""
    state = torch.load(run / "last.pt", weights_only=True)
    model = network(recipe)
    model.load_state_dict(state["average"])
    deployed = Deployed(model, recipe).eval()
    axes = {2: "z", 3: "y", 4: "x"}
    torch.onnx.export(
        deployed,
        (torch.zeros(1, 1, *recipe.patch),),
        str(out),
        input_names=["hu"],
        output_names=["probability"],
        dynamic_axes={"hu": axes, "probability": axes},
        opset_version=17,
        dynamo=False,
    )
    graph = onnx.load(str(out))
    meta = {
        "spacing_mm": str(recipe.spacing_mm),
        "classes": json.dumps(recipe.classes),
        "step": str(2 ** (len(recipe.channels) - 1)),
        "steps_trained": str(state["step"]),
        "seed": str(recipe.seed),
    }
    onnx.helper.set_model_props(graph, meta)
    onnx.save(graph, str(out))


def main() -> None:
    """Command line of the export."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    export(RECIPES[args.recipe], args.run, args.out)


if __name__ == "__main__":
    main()
