"""Does 0.7 mean seven in ten? `python -m benchmarks.calibration PHANTOMS [--weights F] [--write]`.

The probability of the fine network on fresh phantoms (those of `benchmarks.confidence`), near the
true outline, against the share of each voxel that really lies inside; the expected calibration
error, and the temperature that would serve best: 1 once `femurkit train` has baked it in.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from benchmarks.confidence import ROOT, patient
from femurkit.geometry import Grid, resample
from femurkit.images import read_image
from femurkit.locate.boxes import hips_for
from femurkit.mesh import Mesh, read_stl
from femurkit.segment.calibration import (
    at_temperature,
    calibration_error,
    near_outline,
    reliability,
    temperature_of,
)
from femurkit.segment.weights import Network, fine_network
from femurkit.solid import voxelise

matplotlib.use("Agg")
from matplotlib import pyplot

NUMBERS = (9, 10, 11, 12, 13, 14, 15, 16)
"""Never used in training. The best temperature is found and judged on the same ones."""


def share_inside(mesh: Mesh, grid: Grid) -> np.ndarray:
    """Share of each voxel inside a closed surface, by eight points in it."""
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world((-0.25,) * 3)
    affine[:3, :3] /= 2
    z, y, x = (2 * n for n in grid.shape)
    fine = voxelise(mesh, Grid((z, y, x), affine))
    split = fine.reshape(z // 2, 2, y // 2, 2, x // 2, 2)
    return np.asarray(split.mean((1, 3, 5)))


def near(folder: Path, number: int, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Answers (classes, n) and true shares (n,) near the outlines of both femurs."""
    place = patient(folder, number)
    volume = read_image(place / "ct.nii.gz")
    says, shares = [], []
    for hip in hips_for(network, volume).hips:
        hu = resample(volume.array, volume.grid, hip.box, outside=-1000.0)
        pad = [(0, -n % step) for n, step in zip(hu.shape, network.steps, strict=True)]
        answer = network(np.pad(hu, pad, constant_values=-1000.0))
        z, y, x = hu.shape
        truth = share_inside(read_stl(place / "truth" / f"{hip.side.value}.stl"), hip.box)
        chosen = near_outline(truth)
        says.append(answer[:, :z, :y, :x][:, chosen])
        shares.append(truth[chosen])
    return np.concatenate(says, 1), np.concatenate(shares)


def draw(tables: dict[str, list[dict[str, Any]]], out: Path) -> None:
    """The reliability figure."""
    figure, axis = pyplot.subplots(figsize=(5, 5))
    axis.plot([0, 1], [0, 1], color="#999999", lw=1, label="as it should be")
    for name, table in tables.items():
        axis.plot(
            [b["mean_probability"] for b in table],
            [b["true_share"] for b in table],
            "o-",
            label=name,
        )
    axis.set(xlabel="probability of femur", ylabel="true share", xlim=(0, 1), ylim=(0, 1))
    axis.set_aspect("equal")
    axis.legend(loc="upper left")
    figure.tight_layout()
    figure.savefig(out, dpi=90)
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("phantoms", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--write", action="store_true", help="into docs/results")
    args = parser.parse_args()
    network = fine_network(weights=args.weights)
    parts = [near(args.phantoms, number, network) for number in NUMBERS]
    says, truth = np.concatenate([p[0] for p in parts], 1), np.concatenate([p[1] for p in parts])
    best = temperature_of(says, truth, femur=network.femur)
    tables, told = {}, {"weights_sha256": network.sha256, "phantoms": NUMBERS}
    for name, temperature in (("as exported", 1.0), (f"at temperature {best:.2f}", best)):
        table = reliability(at_temperature(says, temperature)[network.femur], truth)
        tables[name] = [asdict(b) for b in table]
        print(f"{name}: expected calibration error {calibration_error(table):.4f}")
        for b in table:
            said = f"{b.mean_probability:.3f}  {b.true_share:.3f}"
            print(f"  {b.low:.1f}-{b.high:.1f}  {b.count:9}  {said}")
        told[name] = {"expected_calibration_error": calibration_error(table), "bins": tables[name]}
    told["best_temperature"] = best
    if args.write:
        out = ROOT / "docs/results"
        (out / "calibration.json").write_text(json.dumps(told, indent=1) + "\n")
        draw(tables, out / "calibration.png")


if __name__ == "__main__":
    main()
