"""What the coarse network says of every real scan: `python -m benchmarks.coarse_probe`.

One line a scan and network: ml called left and right proximal femur, other femur, and the largest
connected parts of proximal femur with where they lie. A check, not a benchmark: nobody has drawn
the truth. Several --weights are put side by side; scans read once are kept in --kept.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from scipy import ndimage

from femurkit.errors import InputRefused
from femurkit.geometry import Grid, resample
from femurkit.images import read_image
from femurkit.segment.weights import Network
from femurkit.sources import load

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
STEP_MM, MULTIPLE = 4.0, 16
LEFT, RIGHT, OTHER_FEMUR = 1, 2, 3


def scans(data: Path) -> list[tuple[str, Path, str]]:
    """(name, path, what is known to be there) of every real scan."""
    out = [
        ("002", data / "pelvic-ref-002/ct.zip", "both"),
        ("003", data / "pelvic-ref-003/ct.zip", "both"),
    ]
    known = {"lidc-chest": "none", "tcga-ay-4070": "both", "medimages": "both"}
    for path in sorted((data / "real-more").glob("*_ct.nii.gz")):
        name = path.name.removesuffix("_ct.nii.gz")
        out.append((name, path, known.get(name, "?")))
    out.append(("totalsegmentator", data / "totalsegmentator-example/ct.nii.gz", "both"))
    rows = list(csv.DictReader((data / "sarcoma-hips/manifest.csv").open()))
    for row in sorted(rows, key=lambda r: r["class"] == "other"):
        what = "none" if row["class"] == "other" else f"{row['class']} {row['side_if_LPS_trusted']}"
        out.append((f"{row['case']} {row['position']}", data / "sarcoma-hips" / row["file"], what))
    return out


def at_4_mm(path: Path, kept: Path) -> tuple[np.ndarray, Grid]:
    """A scan as the coarse network gets it."""
    kept.mkdir(parents=True, exist_ok=True)
    file = kept / (path.parent.name + "-" + path.name.split(".")[0] + ".npz")
    if not file.exists():
        try:
            volume = load(path).volume
        except InputRefused:
            volume = read_image(path)
        low, high = volume.grid.bounds_mm()
        shape = np.ceil((high - low)[::-1] / STEP_MM).astype(int) + 1
        shape += -shape % MULTIPLE
        grid = Grid.aligned(tuple(shape), (STEP_MM,) * 3, low)
        hu = resample(volume.array, volume.grid, grid, outside=-1000.0)
        np.savez_compressed(file, hu=hu.astype(np.int16), low=low)
    data = np.load(file)
    return data["hu"].astype(np.float32), Grid.aligned(
        data["hu"].shape, (STEP_MM,) * 3, data["low"]
    )


def say(name: str, what: str, hu: np.ndarray, grid: Grid, network: Network) -> str:
    """One line of the table."""
    p = network(hu)
    ml = grid.voxel_mm3 / 1000
    left, right, rest = (float((p[c] > 0.5).sum()) * ml for c in (LEFT, RIGHT, OTHER_FEMUR))
    proximal = p[LEFT] + p[RIGHT] > 0.5
    names, count = ndimage.label(proximal)
    sizes = ndimage.sum_labels(proximal, names, range(1, count + 1)) * ml
    parts = []
    for n in np.argsort(-np.asarray(sizes))[:4]:
        if sizes[n] < 2:
            continue
        at = grid.to_world(np.argwhere(names == n + 1)).mean(0)
        side = "L" if p[LEFT][names == n + 1].sum() > p[RIGHT][names == n + 1].sum() else "R"
        parts.append(f"{side}{sizes[n]:.0f}@{at[0]:.0f},{at[1]:.0f},{at[2]:.0f}")
    return f"{name:24s} {what:6s} {left:6.0f} {right:6.0f} {rest:6.0f}  {' '.join(parts)}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--kept", type=Path, default=Path("/tmp/coarse-probe"))
    args = parser.parse_args()
    networks = [Network(path.read_bytes()) for path in args.weights]
    print(f"{'scan':24s} {'there':6s} {'left':>6s} {'right':>6s} {'other':>6s}  parts (ml @ x,y,z)")
    for name, path, what in scans(args.data):
        hu, grid = at_4_mm(path, args.kept)
        for network in networks:
            print(say(name, what, hu, grid, network), flush=True)


if __name__ == "__main__":
    main()
