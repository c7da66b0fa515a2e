"""Training examples from real scans that nobody annotated, outlined by femurkit itself.

    python scripts/outlined_examples.py DATA RESULTS OUT

DATA: the folder of the scans of benchmarks/real_scans.csv. RESULTS: NAME/ of each scan that
`femurkit reconstruct` was run on. OUT: a folder for real-*.npz, which `more_examples` of a training
configuration names. The outline of the whole pipeline, third pass included, teaches the
fine network; other bone is what that network says itself. Left out: a femur that was rejected or
has an implant, and pelvic-ref-002.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from femurkit.anatomy import Side
from femurkit.errors import InputRefused
from femurkit.geometry import Grid, resample
from femurkit.images import read_image
from femurkit.mesh import Mesh, read_stl
from femurkit.phantom.distance import depth_below
from femurkit.segment.weights import shipped
from femurkit.sources import load
from femurkit.training.config import FINE_MM
from femurkit.training.examples import FINE_SHAPE, HEAD_MM, save
from femurkit.volume import Volume

TABLE = Path(__file__).parent.parent / "benchmarks/real_scans.csv"
VALIDATION = "pelvic-ref-002"
TOP_MM = 30.0
"""Where a head is not in the scan, the middle of so much of the top stands for its centre."""
MIN_OTHER = 0.1


def example(volume: Volume, mesh: Mesh, side: Side, centre: np.ndarray) -> dict[str, np.ndarray]:
    """One hip: arrays as of training.examples.fine_example. centre: (3,) LPS mm, of the head."""
    corner = centre + np.array(HEAD_MM) * [side.sign, 1, 1]
    box = Grid.aligned(FINE_SHAPE, (FINE_MM,) * 3, corner, mirrored=side is Side.RIGHT)
    hu = resample(volume.array, volume.grid, box, outside=-1000.0)
    seen = resample(np.ones(volume.array.shape, np.float32), volume.grid, box, outside=0.0) > 0.5
    depth = depth_below(mesh, box, margin_mm=4.0, spacing_mm=FINE_MM)
    assert depth is not None, "the outline lies in the box"
    deep = resample(depth.depth_mm, depth.grid, box, outside=-9.0)
    femur = np.clip(0.5 + deep / FINE_MM, 0, 1) * seen
    network = shipped("fine")
    pads = [(0, -n % step) for n, step in zip(box.shape, network.steps, strict=True)]
    says = network(np.pad(hu, pads, constant_values=-1000.0))
    other = says[network.classes.index("other bone")][tuple(slice(n) for n in box.shape)]
    other = np.minimum(np.where(other < MIN_OTHER, 0, other), 1 - femur) * seen
    return {
        "hu": np.rint(hu).astype(np.int16),
        "femur": np.rint(femur * 255).astype(np.uint8),
        "other": np.rint(other * 255).astype(np.uint8),
    }


def rows(data: Path, results: Path) -> list[tuple[Path, Path, dict[str, Any]]]:
    """(scan, its results, its measurements.json) of every scan that may teach."""
    out = []
    for row in csv.DictReader(TABLE.open()):
        done = results / row["scan"] / "measurements.json"
        if row["scan"] != VALIDATION and done.exists():
            out.append((data / row["file"], done.parent, json.loads(done.read_text())))
    return out


def main() -> None:
    data, results, out = map(Path, sys.argv[1:4])
    out.mkdir(parents=True, exist_ok=True)
    for number, (scan, home, femora) in enumerate(rows(data, results)):
        try:
            volume = load(scan).volume
        except InputRefused:  # a part of the body that is too small for a whole hip
            volume = read_image(scan)
        for femur in femora:
            side = Side(femur["side"])
            if femur["verdict"] == "reject" or (home / side.value / "implant.stl").exists():
                continue
            mesh = read_stl(home / side.value / "femur.stl")
            top = mesh.vertices[mesh.vertices[:, 2] > mesh.vertices[:, 2].max() - TOP_MM]
            centre = femur["head_centre_lps_mm"] or top.mean(0)
            arrays = example(volume, mesh, side, np.asarray(centre, float))
            save(out / f"real-{number:04d}-{side.value}.npz", arrays)
            print(home.name, side.value, flush=True)


if __name__ == "__main__":
    main()
