"""What one training is made of, as data. `femurkit train CONFIG.toml` reads it from a file."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from femurkit.errors import ConfigRefused

FINE_MM, COARSE_MM, JOINT_MM = 1.5, 4.0, 0.5
"""Grids on which phantoms are drawn: of one hip, of a whole scan, of one hip joint (of a polar map,
about its step along the radius)."""

Objective = Literal["supervised", "mean_teacher", "cross_pseudo", "self_training"]


@dataclass(frozen=True)
class Config:
    """One network and how it is trained. Every field may stand in CONFIG.toml; paths in it are
    relative to the file.
    """

    name: str
    """What the network is called in its metadata and model card."""

    manifest: str | None = None
    """CSV of scans (`femurkit dataset`): labelled, partly annotated, or not labelled at all."""
    phantoms: int = 0
    """Synthetic patients drawn as fully labelled examples, beside the manifest or without one."""
    hard_phantoms: int = 0
    """Further synthetic patients with implants, fractures, tumours and the like, for one hip."""
    trunk_phantoms: int = 0
    """Further synthetic people, whole trunks seen coarsely in any view and posture, for one hip."""
    more_examples: str | None = None
    """Folder of examples made by other means (scripts/outlined_examples.py)."""
    phantom_seed: int = 3
    tissue_maps: str | None = None
    """Folder of label maps that lend the phantoms real muscles, skin and bones."""
    cache: str | None = None
    """Folder of prepared hips and drawn examples, which runs may share; RUN/cache if not given."""
    box: Literal["hip", "half", "scan", "joint"] = "hip"
    """What the network sees: a box around one hip, half a body slice by slice, a whole scan, or a
    polar map around one femoral head."""
    spacing_mm: float = 1.5
    """Voxel edge of the grid the network works on."""

    network: Literal["unet", "paper"] = "unet"
    classes: tuple[str, ...] = ("background", "femur")
    channels: tuple[int, ...] = (16, 32, 64, 128, 224)
    """Feature maps per level; every level after the first halves the resolution once more."""
    residual_units: int = 2
    context: bool = False
    """Dilated convolutions on the coarsest level: each voxel knows six of its voxels around it."""
    window_hu: tuple[float, float] = (-200.0, 1000.0)
    """HU mapped linearly to -1..1 and clipped."""

    objective: Objective = "supervised"
    loss: Literal["dice_ce", "bce"] = "dice_ce"
    """Voxel loss on annotated slices: soft Dice and cross entropy, or the paper's BCE alone."""
    patch: tuple[int, int, int] = (112, 80, 96)
    """Voxels (z, y, x) of one training example."""
    batch: int = 2
    """Labelled patches a step; a semi-supervised objective adds as many unlabelled ones."""
    accumulate: int = 1
    """Batches whose mean gradient makes a step, done in turn or by as many processes."""
    epochs: int = 50
    steps_per_epoch: int = 100
    """Steps between looks at the validation hips, and between checkpoints."""
    learning_rate: float = 2e-3
    schedule: Literal["cosine", "plateau"] = "cosine"
    """Cosine to one hundredth, or x0.2 when the validation loss stops falling, down to 1e-5."""
    patience: int | None = None
    """Epochs without a better validation DSC (by 1e-4) before training stops; None: never."""
    keep: Literal["last", "best"] = "last"
    """Which weights leave: the last, or those of the best validation DSC."""
    average: float = 0.995
    """Decay of the moving average of the weights, which is validated and exported; 0: none."""
    augment: bool = True
    turn_deg: float | None = None
    """Standard deviation of the turns of augmentation; None: 6 for a hip, 7 for a whole scan."""
    dropout: float = 0.0
    weight_decay: float = 1e-4
    clip: float = 5.0
    """Greatest norm of the gradient; 0: no limit."""
    class_bias: tuple[float, ...] = ()
    """Added to the logit of each class in the exported network: how readily it names a class,
    chosen on held-out scans. Empty: nothing."""
    half_weights: bool = False
    """Whether the exported network stores its weights in half precision, in half the file."""
    seed: int = 1

    begin: float = 0.1
    """Share of the training before unlabelled patches are drawn at all."""
    ramp: float = 0.3
    """Share of the training over which their weight then grows."""
    consistency: float = 1.0
    """Its final value."""
    start_from: str | None = None
    """Weights of an earlier run (its last.ckpt), or an .onnx exported from one, to start from."""

    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    workers: int = 1
    """Processes that prepare patches; 0: the training process itself."""
    threads: int = 2

    @property
    def steps(self) -> int:
        """Length of the whole training."""
        return self.epochs * self.steps_per_epoch

    def unlabelled_weight(self, step: int) -> float:
        """Weight of the unlabelled term: 0, then a Gaussian ramp up (Laine and Aila, 2017)."""
        share = step / self.steps - self.begin
        if self.objective == "supervised" or share < 0:
            return 0.0
        return self.consistency * math.exp(-5 * (1 - min(share / max(self.ramp, 1e-9), 1.0)) ** 2)


def read_config(path: Path) -> Config:
    """CONFIG.toml, paths made absolute. Raises ConfigRefused with the field that is wrong."""
    try:
        values = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise _refused(f"no readable TOML ({type(error).__name__})") from None
    for name in ("manifest", "tissue_maps", "more_examples", "cache", "start_from"):
        if values.get(name) and isinstance(values[name], str):
            values[name] = str((path.parent / values[name]).resolve())
    return config_of(values)


def config_of(values: dict[str, Any]) -> Config:
    """A Config from plain values. Raises ConfigRefused."""
    known = {field.name: field for field in dataclasses.fields(Config)}
    strange = sorted(set(values) - set(known))
    if strange:
        raise _refused(f"unknown settings {', '.join(strange)}")
    if "name" not in values:
        raise _refused("no name")
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    config = Config(**plain)
    _check(config)
    return config


def _check(config: Config) -> None:
    hints = get_type_hints(Config)
    for field in dataclasses.fields(Config):
        if not _fits(getattr(config, field.name), hints[field.name]):
            raise _refused(f"{field.name} = {getattr(config, field.name)!r}")
    drawn_mm = {"hip": FINE_MM, "scan": COARSE_MM, "joint": JOINT_MM}.get(config.box)
    others = (config.hard_phantoms, config.trunk_phantoms, config.more_examples)
    drawn = config.phantoms or any(others)
    if drawn and config.spacing_mm != drawn_mm:
        raise _refused(f"phantoms at {config.spacing_mm} mm for a {config.box}")
    if any(others) and config.box != "hip":
        raise _refused(f"hard_phantoms, trunk_phantoms or more_examples for a {config.box}")
    if config.class_bias and len(config.class_bias) != len(config.classes):
        raise _refused(f"{len(config.class_bias)} biases for {len(config.classes)} classes")
    if min(config.phantoms, config.hard_phantoms, config.trunk_phantoms) < 0:
        raise _refused("a negative number of phantoms")
    if config.accumulate < 1:
        raise _refused(f"accumulate = {config.accumulate}")
    if not config.manifest and not drawn:
        raise _refused("neither a manifest nor phantoms to learn from")
    if config.box == "half" and config.patch[0] != 1:
        raise _refused("a patch of several slices for the slice-by-slice network")
    step = 2 ** (len(config.channels) - 1)
    if any(n % step for n in config.patch[1 if config.box == "half" else 0 :]):
        raise _refused(f"a patch of {config.patch} voxels, not multiples of {step}")
    if (config.box == "half") != (config.network == "paper"):
        raise _refused(f"network {config.network} with box {config.box}")
    if config.network == "paper" and config.classes != ("background", "femur"):
        raise _refused("more than two classes for the paper's network")


def _fits(value: Any, hint: Any) -> bool:
    """Whether a plain value is of a field's type."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind is Literal:
        return value in parts
    if kind is UnionType:
        return any(_fits(value, part) for part in parts)
    if kind is tuple:
        hints = [parts[0]] * len(value) if parts[-1] is ... else parts
        whole = isinstance(value, tuple) and len(value) == len(hints)
        return whole and all(_fits(v, h) for v, h in zip(value, hints, strict=True))
    if hint is float:
        return isinstance(value, float | int) and not isinstance(value, bool)
    return value is None if hint is NoneType else type(value) is hint


def _refused(found: str) -> ConfigRefused:
    return ConfigRefused(
        found,
        expected="the fields of femurkit.training.config.Config",
        remedy="See configs/default.toml.",
    )
