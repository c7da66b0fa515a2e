"""What a training learns from: hips prepared from a manifest's scans, and drawn phantoms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from femurkit.dataset.manifest import read_manifest
from femurkit.dataset.prepare import Box, Prepared, prepared
from femurkit.errors import NothingToLearn
from femurkit.training.config import Config
from femurkit.training.examples import draw_examples
from femurkit.training.hard_examples import draw_hard_examples
from femurkit.training.trunk_examples import draw_trunk_examples

HELD_OUT = 8
"""Phantoms, a quarter at most, kept for validation where no manifest brings validation hips; of
whole scans one each is looked at."""


@dataclass(frozen=True)
class Material:
    """Files by their use. unlabelled: every hip of the train split, annotated in part or not."""

    labelled: list[Path]
    unlabelled: list[Path]
    validation: list[Path]


def material(config: Config, run: Path) -> Material:
    """Everything a configuration names, prepared in its cache unless it is there already."""
    cache = Path(config.cache) if config.cache else run / "cache"
    labelled: list[Path] = []
    unlabelled: list[Path] = []
    validation: list[Path] = []
    if config.manifest:
        if config.box in ("scan", "joint"):
            raise _nothing(f"a manifest for a network whose box is a {config.box}", "phantoms")
        for hip in _prepared(config, cache):
            if hip.split == "validation":
                validation += [hip.path] * hip.labelled
            elif hip.split == "train":
                labelled += [hip.path] * hip.labelled
                unlabelled.append(hip.path)
    if labelled and len(config.classes) > 2:
        raise _nothing("annotated hips for more than two classes", "labels of femurs only")
    if config.phantoms:
        kind = {"scan": "coarse", "joint": "joint"}.get(config.box, "fine")
        drawn = draw_examples(cache, config.phantoms, config.phantom_seed, config.tissue_maps, kind)
        train = config.phantoms - (0 if validation else _held(config.phantoms))
        taught, held = _parted(drawn, train)
        labelled += taught
        validation += [p for p in held if kind == "fine" or p.stem.endswith("-0")]
    others: list[Path] = []
    seed = config.phantom_seed
    if config.hard_phantoms:
        drawn = draw_hard_examples(cache, config.hard_phantoms, seed, config.tissue_maps)
        taught, others = _parted(drawn, config.hard_phantoms - _held(config.hard_phantoms))
        labelled += taught
    if config.trunk_phantoms:
        drawn = draw_trunk_examples(cache, config.trunk_phantoms, seed)
        taught, held = _parted(drawn, config.trunk_phantoms - _held(config.trunk_phantoms))
        labelled, others = labelled + taught, others + held
    if config.more_examples:
        more = sorted(Path(config.more_examples).glob("*.npz"))
        if not more:
            raise _nothing("no *.npz in the folder of more_examples", "hips made beforehand")
        for path in more:
            _require_example(path)
        labelled += more
    if not config.phantoms:  # the temperature is fitted on ordinary patients where there are any
        validation += others
    if not labelled:
        raise _nothing("no annotated hip in the train split", "labels for a study, or phantoms")
    return Material(labelled, unlabelled or labelled, validation)


def _require_example(path: Path) -> None:
    """Raises NothingToLearn if a file is no example."""
    try:
        with np.load(path) as data:
            names = set(data.files)
    except (OSError, ValueError):
        names = set()
    if "hu" not in names or not names & {"femur", "label"}:
        raise _nothing(f"{path.name}, which is no example", "arrays hu and femur in each file")


def _held(count: int) -> int:
    """Of so many phantoms, those kept for validation."""
    return min(HELD_OUT, count // 4)


def _parted(drawn: list[Path], train: int) -> tuple[list[Path], list[Path]]:
    """Files of the first `train` patients, and of the others."""
    first = [path for path in drawn if int(path.stem.split("-")[1]) < train]
    return first, [path for path in drawn if path not in first]


def _nothing(found: str, expected: str) -> NothingToLearn:
    return NothingToLearn(found, expected=expected, remedy="See docs/how-to/own-data.md.")


def _prepared(config: Config, cache: Path) -> list[Prepared]:
    assert config.manifest is not None
    manifest = read_manifest(Path(config.manifest))
    box: Box = "half" if config.box == "half" else "hip"
    return prepared(manifest, cache, spacing_mm=config.spacing_mm, box=box)
