"""The networks shipped with the package, or one of your own.

Each .onnx takes HU, float32 (1, 1, z, y, x) with every axis a multiple of `Network.steps`, and
gives the probability of each class, float32 (1, classes, z, y, x). Its metadata says what it
expects: spacing_mm, classes, step, and where they are not the usual ones, kind and step_z.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

import numpy as np

from femurkit.errors import NotWeights
from femurkit.segment.engines import engine

FINE = {"default": "fine", "paper": "paper"}
"""Recipe -> the shipped network that segments; the coarse one is the same for all."""
KINDS = ("hip", "half", "scan", "joint")
"""What a network sees: a box around one hip, the axial slices of half the body, a whole scan, or a
polar map around a femoral head."""
SPACING_RANGE_MM = (0.3, 5.0)


class Network:
    """One network, loaded once from the bytes of an .onnx. Raises NotWeights if they are none.

    spacing_mm: of the grid it works on; classes: names by channel; kind: one of KINDS; steps:
    the multiple of voxels that each axis (z, y, x) must have; sha256: of the bytes; device: where
    it runs.
    """

    def __init__(self, data: bytes, *, device: str = "auto") -> None:
        try:
            self._engine = engine(data, device)
        except Exception:  # the engines' exceptions have no base of their own
            _refuse("a file that is no network")
        self.device = self._engine.device
        self._read(self._engine.said)
        self.sha256 = hashlib.sha256(data).hexdigest()

    def _read(self, meta: Mapping[str, str]) -> None:
        try:
            self.spacing_mm = float(meta["spacing_mm"])
            self.classes: tuple[str, ...] = tuple(json.loads(meta["classes"]))
            step = int(meta["step"])
            self.steps = (int(meta.get("step_z", step)), step, step)
        except (KeyError, ValueError, TypeError):
            _refuse("a network whose metadata lacks spacing_mm, classes or step")
        self.kind = meta.get("kind", "hip")
        low, high = SPACING_RANGE_MM
        if self.kind not in KINDS or min(self.steps) < 1 or not low <= self.spacing_mm <= high:
            _refuse("a network of another kind, step or spacing")

    @property
    def femur(self) -> int:
        """Channel of the femur."""
        return self.classes.index("femur")

    def __call__(self, hu: np.ndarray) -> np.ndarray:
        """Probabilities (classes, z, y, x) float32 of HU (z, y, x)."""
        return self._engine(hu[None, None].astype(np.float32, copy=False))[0]


def shipped(name: str, device: str = "auto") -> Network:
    """A network of the package, loaded once: 'coarse', 'fine', 'joint' or 'paper'."""
    return _shipped(name, device)


@lru_cache(maxsize=4)
def _shipped(name: str, device: str) -> Network:
    return Network(shipped_bytes(name), device=device)


def shipped_bytes(name: str) -> bytes:
    """The .onnx of a network of the package."""
    return (files(__package__) / "weights" / f"{name}.onnx").read_bytes()


def fine_network(
    recipe: str = "default", *, weights: Path | None = None, device: str = "auto"
) -> Network:
    """The network that segments: that of a recipe, or the one in a file in its place.

    Raises NotWeights if the file is no network of ours.
    """
    if weights is not None:
        return _given(weights, device)
    return shipped(FINE[recipe], device)


def _given(path: Path, device: str) -> Network:
    """A network from a file, tried on the smallest block of air that it takes."""
    if not path.is_file():
        _refuse("no file where the weights were named")
    network = Network(path.read_bytes(), device=device)
    if network.classes.count("femur") != 1 or network.kind == "joint":
        _refuse(
            f"a network of kind {network.kind} and the classes "
            f"{', '.join(map(str, network.classes))}"
        )
    try:
        says = network(np.full(network.steps, -1000.0, np.float32))
    except Exception:
        _refuse("a network that does not take a block of HU")
    sound = says.shape == (len(network.classes), *network.steps) and np.isfinite(says).all()
    if not sound or says.min() < -1e-3 or says.max() > 1 + 1e-3:
        _refuse("a network that does not give one probability a class and voxel")
    return network


def _refuse(found: str) -> NoReturn:
    raise NotWeights(
        found,
        expected="an .onnx from femurkit train, one of its classes called 'femur'",
        remedy="Export the run again, or leave --weights out.",
    ) from None


def joint_network(
    recipe: str = "default", *, weights: Path | None = None, device: str = "auto"
) -> Network | None:
    """The network of the third pass, over the hip joint; None where another network than the
    default recipe's segments: it may follow another convention of the outline.
    """
    return shipped("joint", device) if recipe == "default" and weights is None else None


def weights_hash(fine: Network | None = None, joint: Network | None = None) -> str:
    """SHA-256 over the networks that make a result, the name of the model in run.json.

    fine: the network that segments, that of the default recipe if not given; joint: that of the
    third pass, if there is one.
    """
    hashes = [hashlib.sha256(shipped_bytes("coarse")).hexdigest(), (fine or fine_network()).sha256]
    hashes += [joint.sha256] if joint else []
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
