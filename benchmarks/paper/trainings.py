"""Every training of the experiment, as data, and a queue that does those that are not done.

Each runs `femurkit train` in a process of its own; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.paper.cohort import BUDGET, SPLITS
from femurkit.training.config import Config, config_of

SEEDS = (1, 2, 3)
ARMS = ("supervised", "mean_teacher", "cross_pseudo", "self_training")
FULL = "fully_labelled"
SHIPPED = "shipped"
"""The package's own network, trained on other phantoms and never on this cohort."""
OURS = "self_training-1"
"""The recipe `default` at the experiment's scale; the first seed, whatever it scores."""
PAPER = "paper"
NETWORKS = (SHIPPED, OURS, PAPER)
"""Those of Table 1 and Table 3, scored by every metric on validation and unseen patients."""
FOLDS = tuple(range(1, SPLITS["train"] + 1))
SCARCE = 1
"""Annotated training patients of the second ablation: where labels are what is missing."""
BUDGET_ARMS = ("supervised", "self_training")
HERE = Path(__file__).parent


def seeded(arm: str, seed: int) -> str:
    """Name of one arm of the ablation with one seed."""
    return f"{arm}-{seed}"


def budgeted(count: int, arm: str, seed: int) -> str:
    """Name of a run on `count` annotated patients of the 8; the others' scans are unlabelled."""
    return f"budget-{count}-{arm}-{seed}" if count in BUDGET else seeded(arm, seed)


def budget_runs(count: int) -> list[tuple[str, int]]:
    """Arms and seeds that are trained on `count` annotated patients, 8 being the first ablation."""
    all_of_them = count in (SCARCE, SPLITS["train"])
    arms, seeds = (ARMS, SEEDS) if all_of_them else (BUDGET_ARMS, SEEDS[:1])
    return [(arm, seed) for seed in seeds for arm in arms]


def without(number: int) -> str:
    """Name of the fold of leave-one-patient-out that leaves out a training patient, 1..8."""
    return f"{PAPER}-without-P{number:02d}"


def recipe(name: str, *, full: bool) -> Config:
    """`ours` or `paper` at the scale of 2 cores, or at the paper's own (--full)."""
    return _read(f"{name}{'-full' if full else ''}")


def _read(name: str) -> Config:
    file = HERE / f"{name}.toml"
    values = tomllib.loads(file.read_text())
    return config_of({"manifest": "set by the queue", **values})


def trainings(cohort: Path, *, full: bool = False) -> dict[str, Config]:
    """All of them by name; the name is the run's folder. full: also networks like the one that
    ships as recipe `paper` (own_size.py).
    """
    ours, paper = recipe("ours", full=full), recipe("paper", full=full)
    sparse = str(cohort / "sparse.csv")
    out: dict[str, Config] = {}
    for seed in SEEDS:
        for arm in ARMS:
            out[seeded(arm, seed)] = replace(ours, objective=arm, manifest=sparse, seed=seed)
        everything = str(cohort / "full.csv")
        out[seeded(FULL, seed)] = replace(
            ours, objective="supervised", manifest=everything, seed=seed
        )
    out[PAPER] = replace(paper, manifest=sparse)
    if full:
        narrow = replace(_read("paper-narrow"), manifest=sparse)
        out |= {seeded(PAPER, seed): replace(narrow, seed=seed) for seed in SEEDS}
    for count in BUDGET:
        manifest = str(cohort / f"budget-{count}.csv")
        for arm, seed in budget_runs(count):
            out[budgeted(count, arm, seed)] = replace(
                ours, objective=arm, manifest=manifest, seed=seed
            )
    for fold in FOLDS:
        out[without(fold)] = replace(paper, manifest=str(cohort / f"without-P{fold:02d}.csv"))
    return out


def run_all(wanted: dict[str, Config], runs: Path, *, workers: int, threads: int) -> None:
    """Train what is not trained, `workers` at a time."""
    waiting = [name for name in wanted if not (runs / name / "model.onnx").exists()]
    with ThreadPoolExecutor(workers) as pool:
        for name in pool.map(lambda n: _train(n, wanted[n], runs, threads), waiting):
            print("trained", name, flush=True)


def _train(name: str, config: Config, runs: Path, threads: int) -> str:
    """One training, prepared hips shared by all through a common cache."""
    run = runs / name
    run.mkdir(parents=True, exist_ok=True)
    config_file = run / "config.toml"
    config_file.write_text(as_toml(replace(config, threads=threads, cache=str(runs / "cache"))))
    with (run / "output.txt").open("a") as out:
        subprocess.run(
            [sys.executable, "-m", "femurkit", "train", str(config_file), "-o", str(run)],
            check=True, stdout=out, stderr=out,
        )  # fmt: skip
    return name


def as_toml(config: Config) -> str:
    """A configuration as the file that gives it."""
    lines = []
    for name, value in asdict(config).items():
        if value is None:
            continue
        shown = list(value) if isinstance(value, tuple) else value
        text = str(shown).lower() if isinstance(value, bool) else repr(shown).replace("'", '"')
        lines.append(f"{name} = {text}")
    return "\n".join(lines) + "\n"
