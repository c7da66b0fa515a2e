"""The networks shipped with the package, run by onnxruntime.

Each .onnx takes HU, float32 (1, 1, z, y, x) with every axis a multiple of `Network.step`, and
gives the probability of each class, float32 (1, classes, z, y, x). Its metadata says what it
expects.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import onnxruntime

PROVIDERS = {
    "cpu": ["CPUExecutionProvider"],
    "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"],
}


class Network:
    """One network, loaded once. spacing_mm: of the grid it works on; classes: names by channel."""

    def __init__(self, path: Path, *, device: str = "auto") -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # the arena would keep the peak of the largest box
        available = onnxruntime.get_available_providers()
        if device == "auto":
            device = "cuda" if "CUDAExecutionProvider" in available else "cpu"
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=[p for p in PROVIDERS[device] if p in available]
        )
        meta = self._session.get_modelmeta().custom_metadata_map
        self.spacing_mm = float(meta["spacing_mm"])
        self.classes: tuple[str, ...] = tuple(json.loads(meta["classes"]))
        self.step = int(meta["step"])

    def __call__(self, hu: np.ndarray) -> np.ndarray:
        """Probabilities (classes, z, y, x) float32 of HU (z, y, x)."""
        feed = {"hu": hu[None, None].astype(np.float32, copy=False)}
        return np.asarray(self._session.run(None, feed)[0][0])


@lru_cache(maxsize=4)
def shipped(name: str, device: str = "auto") -> Network:
    """A network of the package: 'coarse' or 'fine'."""
    with as_file(files("femurkit.segment") / "weights" / f"{name}.onnx") as path:
        return Network(path, device=device)


def weights_hash(recipe: str = "default") -> str:
    """SHA-256 over the networks of a recipe, the name of the model in run.json."""
    if recipe != "default":
        raise ValueError(f"no weights for recipe {recipe!r}")
    digest = hashlib.sha256()
    for file in sorted(
        files("femurkit.segment").joinpath("weights").iterdir(), key=lambda f: f.name
    ):
        if file.name.endswith(".onnx"):
            digest.update(file.read_bytes())
    return digest.hexdigest()
