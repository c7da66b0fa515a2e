"""The whole of a training, top to bottom: data, learner, loop, weights."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import warnings
from pathlib import Path

import lightning
import torch
from filelock import FileLock
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy
from torch.utils.data import DataLoader

from femurkit.errors import NothingToLearn, RunDiffers
from femurkit.training.config import Config
from femurkit.training.data import Draws
from femurkit.training.export import export
from femurkit.training.learner import Learner
from femurkit.training.rebuild import from_onnx
from femurkit.training.sources import Material, material
from femurkit.training.spread import Share, Stream, parted
from femurkit.training.watch import AtomicIO, History, Overlays

LAST, BEST, LOCK = "last.ckpt", "best.ckpt", "prepare.lock"
OF_THE_MACHINE = ("threads", "workers", "cache")
"""Fields that may change when a run is taken up again."""
LEAST_GAIN = 1e-4
"""A better validation DSC is better by more than this (the paper's min delta)."""


def train(
    config: Config, run: Path, *, progress: bool = False, devices: int = 1, nodes: int = 1
) -> Path | None:
    """Train one network; RUN/model.onnx at the end, which is returned.

    Goes on where RUN left off, after kill -9 too: what is drawn in step n depends on the seed and
    n alone, and a checkpoint holds all the rest. devices: processes on each of so many nodes, that
    share the batches of a step; each begins the same command, under torchrun or SLURM, or is begun
    by the first; all but the first return None. Raises RunDiffers if RUN has another config,
    ConfigRefused if its batches cannot be shared out.
    """
    parted(config, devices * nodes)
    run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    _quiet()
    with FileLock(run / LOCK):  # one process prepares, the others find it done
        claim(config, run)
        found = material(config, run)
    if not found.validation and (config.keep == "best" or config.patience is not None):
        raise NothingToLearn(
            "no annotated validation hip to choose the best weights by",
            expected="one study at least of split validation",
            remedy="Add one to the manifest, or leave out keep and patience.",
        )
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        devices=devices,
        num_nodes=nodes,
        strategy=DDPStrategy(broadcast_buffers=False) if devices * nodes > 1 else "auto",
        accumulate_grad_batches=config.accumulate // (devices * nodes),
        precision=config.precision,
        gradient_clip_val=config.clip or None,
        callbacks=callbacks(config, run, found, progress=progress),
        logger=TensorBoardLogger(run, name="", version="tensorboard"),
        plugins=[AtomicIO()],
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_progress_bar=progress,
        enable_model_summary=False,
        log_every_n_steps=config.steps_per_epoch,
    )
    share = Share(trainer.global_rank, trainer.world_size, config.accumulate)
    learner = Learner(config, found.unlabelled, run / "guesses", share)
    last = run / LAST
    if config.start_from and not last.exists():
        start_from(learner, Path(config.start_from), found)
    if not _stopped_early(last, config):
        resumed = last if last.exists() else None
        trainer.fit(learner, *loaders(config, run, found, share), ckpt_path=resumed)
    if not trainer.is_global_zero:
        return None
    out = run / "model.onnx"
    export(config, run / (BEST if config.keep == "best" else LAST), found.validation, out)
    shutil.rmtree(run / "guesses", ignore_errors=True)
    (run / LOCK).unlink(missing_ok=True)
    return out


def start_from(learner: Learner, path: Path, found: Material) -> None:
    """Give a learner the weights of a checkpoint or of an exported .onnx."""
    if path.suffix == ".onnx":
        weights = from_onnx(path, learner.config, found.labelled).state_dict()
        learner.model.load_state_dict(weights)
        learner.average.load_state_dict(weights)
        return
    start = torch.load(path, weights_only=True, map_location="cpu")
    learner.load_state_dict(start["state_dict"], strict=False)


def claim(config: Config, run: Path) -> None:
    """Make RUN and note the configuration in it, or see that it is the same."""
    run.mkdir(parents=True, exist_ok=True)
    noted = run / "config.json"
    mine = json.loads(json.dumps(dataclasses.asdict(config)))
    if not noted.exists():
        part = run / "config.part"
        part.write_text(json.dumps(mine, indent=1) + "\n")
        part.replace(noted)
    other = json.loads(noted.read_text())
    usual = {f.name: f.default for f in dataclasses.fields(Config)}  # for fields that are newer
    fields = [n for n in mine if n not in OF_THE_MACHINE and mine[n] != other.get(n, usual[n])]
    if fields:
        raise RunDiffers(
            f"a training with other {', '.join(fields)}",
            expected="the configuration this run began with",
            remedy="Choose another -o.",
        )


def loaders(
    config: Config, run: Path, found: Material, share: Share
) -> tuple[DataLoader, DataLoader]:
    """Training patches and whole validation hips, this process's share of both."""
    draws = Draws(found.labelled, found.unlabelled, config, run / "guesses")
    stream = Stream(config, share)
    if (run / LAST).exists():  # workers draw before the trainer tells the stream its epoch
        stream.set_epoch(torch.load(run / LAST, weights_only=True)["epoch"] + 1)
    training = DataLoader(
        draws,
        config.batch,
        sampler=stream,
        num_workers=config.workers,
        persistent_workers=config.workers > 0,
        prefetch_factor=4 if config.workers else None,
    )
    validation = DataLoader(
        found.validation[share.rank :: share.processes],
        batch_size=None,
        collate_fn=lambda path: path,
    )
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


def _stopped_early(last: Path, config: Config) -> bool:
    """Whether a run ended for want of a better validation DSC, so that it must not go on."""
    if config.patience is None or not last.exists():
        return False
    states = torch.load(last, weights_only=True)["callbacks"]
    waits = [s["wait_count"] for name, s in states.items() if name.startswith("EarlyStopping")]
    return any(wait >= config.patience for wait in waits)


def _quiet() -> None:
    """Lightning's advice about workers and hardware is not for a user of femurkit."""
    for part in ("pytorch", "fabric"):
        logging.getLogger(f"lightning.{part}").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    for message in (".*does not have many workers.*", "Grad strides do not match.*"):
        warnings.filterwarnings("ignore", message=message)
