"""What a training leaves behind as it goes: a log, pictures, checkpoints that survive a kill."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import lightning
import numpy as np
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Callback
from PIL import Image
from scipy import ndimage

from femurkit.training.data import load
from femurkit.training.whole import HALF_EVERY, predict_whole


class AtomicIO(TorchCheckpointIO):
    """Checkpoints written beside the old one, then swapped: a kill leaves one or the other."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        """Write `path` whole or not at all."""
        part = Path(f"{path}.part")
        super().save_checkpoint(checkpoint, part, storage_options)
        part.replace(path)


class History(Callback):
    """RUN/log.csv, one line an epoch. It lives in the checkpoint, so a resumed run continues it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.rows = state["rows"]

    def on_train_epoch_end(self, trainer: lightning.Trainer, learner: Any) -> None:
        """Add a line and write the whole file, the first process alone."""
        metrics = {k: round(float(v), 6) for k, v in trainer.callback_metrics.items()}
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        self.rows.append(
            {"epoch": trainer.current_epoch, "step": trainer.global_step, "rate": rate, **metrics}
        )
        if not trainer.is_global_zero:
            return
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        with self.path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.rows)


class Overlays(Callback):
    """A coronal cut of one validation hip each epoch: truth green, the network's outline red."""

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder, self.path = folder, path

    def on_train_epoch_end(self, trainer: lightning.Trainer, learner: Any) -> None:
        """Write folder/epoch-NNN.png, the first process alone."""
        if not trainer.is_global_zero:
            return
        self.folder.mkdir(exist_ok=True)
        arrays = load(self.path, len(learner.config.classes))
        if learner.config.box == "half":
            arrays = arrays.every(HALF_EVERY)
        said = predict_whole(learner.average, arrays.hu, learner.config)[1] > 0.5
        true = arrays.shares[0] > 127
        row = int(np.median(np.argwhere(true)[:, 1])) if true.any() else true.shape[1] // 2
        gray = np.clip((arrays.hu[:, row].astype(float) + 200) / 1000, 0, 1) * 255
        picture = np.repeat(gray[..., None], 3, -1).astype(np.uint8)
        for mask, colour in ((true[:, row], (60, 220, 60)), (said[:, row], (230, 60, 40))):
            picture[mask & ~ndimage.binary_erosion(mask)] = colour
        out = Image.fromarray(picture[::-1]).resize((3 * picture.shape[1], 3 * picture.shape[0]), 0)
        out.save(self.folder / f"epoch-{trainer.current_epoch:03d}.png")
