"""Small files of hips for the loop: balls of bone in muscle, femur above and other bone below."""

import numpy as np
import pytest

from femurkit.training.config import config_of
from femurkit.training.sources import Material

TINY = {
    "name": "tiny",
    "manifest": "made by the fixture",
    "channels": [4, 8],
    "residual_units": 1,
    "patch": [16, 16, 16],
    "epochs": 6,
    "steps_per_epoch": 4,
    "learning_rate": 1e-2,
    "workers": 0,
    "threads": 1,
    "begin": 0.2,
    "ramp": 0.2,
}


def tiny(**changes):
    """A configuration that trains in seconds."""
    return config_of(TINY | changes)


def write_hip(path, seed, *, annotated):
    """One file as femurkit.dataset.prepare writes it; half of its slices annotated, or none."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices((24, 24, 24))
    centre = rng.uniform(8, 16, 2)
    away = np.sqrt((z - 15) ** 2 + (y - centre[0]) ** 2 + (x - centre[1]) ** 2)
    ball, slab = np.clip(6 - away, 0, 1), (z < 4).astype(float)
    hu = 40 + 600 * np.maximum(ball, slab) + rng.normal(0, 10, z.shape)
    known = ((z > 11) & annotated).astype(np.uint8)
    np.savez_compressed(
        path,
        hu=hu.astype(np.int16),
        femur=np.rint(255 * ball * known).astype(np.uint8),
        known=known,
    )
    return path


@pytest.fixture(scope="module")
def hips(tmp_path_factory):
    """Four annotated hips, two that nobody annotated, one for validation."""
    folder = tmp_path_factory.mktemp("hips")
    labelled = [write_hip(folder / f"a{n}.npz", n, annotated=True) for n in range(4)]
    bare = [write_hip(folder / f"b{n}.npz", 10 + n, annotated=False) for n in range(2)]
    validation = [write_hip(folder / "v.npz", 20, annotated=True)]
    return Material(labelled, labelled + bare, validation)


@pytest.fixture
def on_hips(hips, monkeypatch):
    """Let the loop find these hips, whatever the configuration names."""
    from femurkit.training import run as loop

    monkeypatch.setattr(loop, "material", lambda config, run: hips)
    return hips
