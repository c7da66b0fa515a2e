"""The training loop, top to bottom.

    python -m femurkit.training.fit fine CACHE RUN [--steps N]

Resumes from RUN/last.pt. Order and augmentation of step n depend on the seed and n
alone, so a stopped and resumed run sees what an uninterrupted one sees. RUN/log.csv has one
line per 50 steps.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import math
import time
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from femurkit.training.config import RECIPES, Recipe
from femurkit.training.data import Examples, example_files, load
from femurkit.training.networks import network, windowed
from femurkit.training.supervised import loss

EMA = 0.995
HELD_OUT = 24
"""The last examples of the cache, at most a quarter, are never trained on."""
SAVE_EVERY = 50
SCORE_EVERY = 250
"""Steps between checkpoints, and between looks at the held-out examples."""


def fit(recipe: Recipe, cache: Path, run: Path) -> None:
    """Train one network on the examples in `cache`; leaves RUN/last.pt and RUN/log.csv."""
    run.mkdir(parents=True, exist_ok=True)
    files = example_files(cache, recipe)
    kept = min(HELD_OUT, len(files) // 4)
    train, held_out = files[: len(files) - kept], files[len(files) - kept :]
    if not train:
        raise FileNotFoundError(f"no {recipe.name} examples in the cache")
    torch.manual_seed(recipe.seed)
    model = network(recipe).to(memory_format=torch.channels_last_3d)
    average = copy.deepcopy(model).eval()
    optimizer = torch.optim.AdamW(model.parameters(), recipe.learning_rate, weight_decay=1e-4)
    step = 0
    if (run / "last.pt").exists():
        state = torch.load(run / "last.pt", weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    examples = Examples(train, recipe, step * recipe.batch, recipe.steps * recipe.batch)
    started, recent = time.time(), []
    for x, y in DataLoader(examples, recipe.batch, num_workers=1, prefetch_factor=4):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, recipe)
        x = x.to(memory_format=torch.channels_last_3d)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x)
        value = loss(logits, y)
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        follow(average, model, min(EMA, (step + 1) / (step + 10)))
        recent.append(value.item())
        step += 1
        if step % SAVE_EVERY == 0 or step == recipe.steps:
            seconds = (time.time() - started) / len(recent)
            report(run, step, sum(recent) / len(recent), seconds, average, recipe, held_out)
            save(run, model, average, optimizer, step, recipe)
            started, recent = time.time(), []


def rate(step: int, recipe: Recipe) -> float:
    """Linear warm-up over 100 steps, then a cosine down to one hundredth."""
    share = step / recipe.steps
    fall = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share))
    return recipe.learning_rate * min(1.0, (step + 1) / 100) * fall


@torch.no_grad()
def follow(average: torch.nn.Module, model: torch.nn.Module, keep: float) -> None:
    """Exponential moving average of weights and of batch norm statistics."""
    for kept, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new.to(kept.dtype), 1 - keep)
        else:
            kept.copy_(new)


@torch.no_grad()
def report(
    run: Path,
    step: int,
    train_loss: float,
    seconds: float,
    average: torch.nn.Module,
    recipe: Recipe,
    held_out: list[Path],
) -> None:
    """Append to the log; at times with the Dice of each class on held-out examples."""
    scores = ""
    if step % SCORE_EVERY == 0 or step == recipe.steps:
        total = torch.zeros(3, len(recipe.classes))
        for path in held_out[::3]:
            hu, target = load(path, recipe)
            whole = [16 * (n // 16) for n in hu.shape]
            hu, target = (t[..., : whole[0], : whole[1], : whole[2]] for t in (hu, target))
            with torch.autocast("cpu", torch.bfloat16):
                said = average(windowed(hu, recipe)[None, None]).float().argmax(1)[0]
            true = target.argmax(0)
            for c in range(len(recipe.classes)):
                p, t = said == c, true == c
                total[:, c] += torch.tensor([float((p & t).sum()), float(p.sum()), float(t.sum())])
        dice = 2 * total[0] / (total[1] + total[2]).clamp(min=1)
        scores = " ".join(f"{d:.4f}" for d in dice[1:])
    line = f"{step},{train_loss:.4f},{seconds:.3f},{scores}"
    with (run / "log.csv").open("a") as file:
        file.write(line + "\n")
    print(line, flush=True)


def save(
    run: Path,
    model: torch.nn.Module,
    average: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    step: int,
    recipe: Recipe,
) -> None:
    """Write the checkpoint beside the old one, then swap: a kill leaves one or the other."""
    state = {
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "recipe": dataclasses.asdict(recipe),
    }
    torch.save(state, run / "next.pt")
    (run / "next.pt").replace(run / "last.pt")


def main() -> None:
    """Command line of the loop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("cache", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    recipe = RECIPES[args.recipe]
    fit(dataclasses.replace(recipe, steps=args.steps or recipe.steps), args.cache, args.run)


if __name__ == "__main__":
    main()
