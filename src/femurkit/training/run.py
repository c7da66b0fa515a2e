"""The whole of a training, top to bottom: data, learner, loop, weights."""

from __future__ import annotations

import dataclasses
import json
import logging
import warnings
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader

from femurkit.errors import RunDiffers
from femurkit.training.config import Config
from femurkit.training.data import Draws, Stream
from femurkit.training.export import export
from femurkit.training.learner import Learner
from femurkit.training.sources import Material, material
from femurkit.training.watch import AtomicIO, History, Overlays

LAST, BEST = "last.ckpt", "best.ckpt"
LEAST_GAIN = 1e-4
"""A better validation DSC is better by more than this (the paper's min delta)."""


def train(config: Config, run: Path, *, progress: bool = False) -> Path:
    """Train one network; RUN/model.onnx at the end, which is returned.

    Goes on where RUN left off, after kill -9 too: what is drawn in step n depends on the seed and
    n alone, and a checkpoint holds all the rest. Raises RunDiffers if RUN has another config.
    """
    claim(config, run)
    torch.set_num_threads(config.threads)
    _quiet()
    found = material(config, run)
    learner = Learner(config, found.unlabelled, run / "guesses")
    if config.start_from:
        start = torch.load(config.start_from, weights_only=True, map_location="cpu")
        learner.load_state_dict(start["state_dict"], strict=False)
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        precision=config.precision,
        gradient_clip_val=5.0,
        callbacks=callbacks(config, run, found, progress=progress),
        logger=TensorBoardLogger(run, name="", version="tensorboard"),
        plugins=[AtomicIO()],
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_progress_bar=progress,
        enable_model_summary=False,
        log_every_n_steps=config.steps_per_epoch,
    )
    last = run / LAST
    trainer.fit(learner, *loaders(config, run, found), ckpt_path=last if last.exists() else None)
    out = run / "model.onnx"
    export(config, run / (BEST if config.keep == "best" else LAST), found.validation, out)
    return out


def claim(config: Config, run: Path) -> None:
    """Make RUN and note the configuration in it, or see that it is the same."""
    run.mkdir(parents=True, exist_ok=True)
    noted = run / "config.json"
    mine = json.loads(json.dumps(dataclasses.asdict(config)))
    if noted.exists() and json.loads(noted.read_text()) != mine:
        other = json.loads(noted.read_text())
        fields = [name for name in mine if mine[name] != other.get(name)]
        raise RunDiffers(
            f"a training with other {', '.join(fields)}",
            expected="the configuration this run began with",
            remedy="Choose another -o.",
        )
    noted.write_text(json.dumps(mine, indent=1) + "\n")


def loaders(config: Config, run: Path, found: Material) -> tuple[DataLoader, DataLoader]:
    """Training patches and whole validation hips."""
    draws = Draws(found.labelled, found.unlabelled, config, run / "guesses")
    training = DataLoader(
        draws,
        config.batch,
        sampler=Stream(draws.per_epoch),
        num_workers=config.workers,
        persistent_workers=config.workers > 0,
        prefetch_factor=4 if config.workers else None,
    )
    validation = DataLoader(found.validation, batch_size=None, collate_fn=lambda path: path)
    return training, validation


def callbacks(config: Config, run: Path, found: Material, *, progress: bool) -> list[Callback]:
    """What happens around the loop, in this order."""
    out: list[Callback] = [History(run / "log.csv")]
    if found.validation:
        out.append(Overlays(run / "pictures", found.validation[0]))
    if config.patience is not None:
        out.append(EarlyStopping("val_dsc", LEAST_GAIN, config.patience, mode="max", strict=True))
    kept = {"dirpath": run, "enable_version_counter": False, "save_on_train_epoch_end": True}
    if config.keep == "best":
        out.append(ModelCheckpoint(filename="best", monitor="val_dsc", mode="max", **kept))
    out.append(ModelCheckpoint(filename="last", **kept))
    return out + [TQDMProgressBar()] * progress


def _quiet() -> None:
    """Lightning's advice about workers and hardware is not for a user of femurkit."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
