"""Score coarse networks on held-out trunks.

    python -m benchmarks.coarse_held_out EXAMPLES --weights A.onnx B.onnx

EXAMPLES holds coarse-*.npz of patients that no network was trained on (femurkit train keeps the
last eight). Prints, for each network, DSC by class, pooled over all scans; how many proximal femora
of at least MIN_FEMUR_ML it marks (a third of their voxels, right side, at probability 0.25 and
0.5); and how much it marks where no proximal femur is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from femurkit.segment.weights import Network

MIN_FEMUR_ML, MARKED, MULTIPLE = 15.0, 1 / 3, 16
VOXEL_ML = 0.064
NAMES = ("left", "right", "other femur", "other bone")


def answer(network: Network, hu: np.ndarray) -> np.ndarray:
    """Probabilities (classes, z, y, x) of a scan of any size."""
    z, y, x = hu.shape
    pads = [(0, -n % MULTIPLE) for n in hu.shape]
    return network(np.pad(hu.astype(np.float32), pads, constant_values=-1000))[:, :z, :y, :x]


def score(network: Network, files: list[Path]) -> str:
    """Lines of the table for one network."""
    overlap, sizes = np.zeros(4), np.zeros(4)
    there = 0
    found = {0.25: 0, 0.5: 0}
    false_ml: list[float] = []
    for path in files:
        data = np.load(path)
        p, label = answer(network, data["hu"]), data["label"]
        best = p.argmax(0)
        for c in range(1, 5):
            overlap[c - 1] += 2 * ((best == c) & (label == c)).sum()
            sizes[c - 1] += (best == c).sum() + (label == c).sum()
        femora = [label == side for side in (1, 2)]
        for side, femur in zip((1, 2), femora, strict=True):
            if femur.sum() * VOXEL_ML >= MIN_FEMUR_ML:
                there += 1
                for limit in found:
                    found[limit] += bool((p[side][femur] > limit).mean() >= MARKED)
        if not (femora[0] | femora[1]).any():
            false_ml.append(float((p[1] + p[2] > 0.5).sum()) * VOXEL_ML)
    dice = ", ".join(
        f"{n} {o / max(s, 1):.3f}" for n, o, s in zip(NAMES, overlap, sizes, strict=True)
    )
    many = sum(ml > 3 for ml in false_ml)
    return (
        f"DSC {dice}\nfemora marked: {found[0.5]} ({found[0.25]} at 0.25) of {there}\n"
        f"{len(false_ml)} scans without: {np.mean(false_ml):.1f} ml each, {many} above 3 ml, "
        f"most {max(false_ml):.0f} ml"
    )


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", type=Path)
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--patients", type=int, nargs=2, default=(72, 80), help="first, last + 1")
    args = parser.parse_args()
    files = sorted(
        path for n in range(*args.patients) for path in args.examples.glob(f"coarse-{n:04d}-*.npz")
    )
    for path in args.weights:
        print(f"{path.name}, {len(files)} scans\n{score(Network(path.read_bytes()), files)}")


if __name__ == "__main__":
    main()
