"""The whole command beside its peers, in one run: `python -m benchmarks.bench` (10 minutes).

On the scan of benchmarks.speed: femurkit, what others would do (benchmarks.peers, by the Python of
--peers, which has their packages), ways to read the series, and femurkit again with the same body
in 100 to 1500 slices. Writes docs/results/bench.json, .md and .svg; speed.json and .md on the way.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from benchmarks import speed
from femurkit.dicom import write_new_series
from femurkit.geometry import Grid, resample
from femurkit.sources import load
from femurkit.volume import Volume

matplotlib.use("Agg")
from matplotlib import pyplot

OUT = speed.OUT
PEERS = Path(__file__).parent.parent / ".venv-peers/bin/python"
NAMES = {
    "nnunet": "nnU-Net's default network, 1.5 mm",
    "totalsegmentator": "TotalSegmentator's fast plan, 3 mm",
    "paper": "the paper's surfaces by vedo, masks given",
}
READERS = {
    "read_femurkit": "femurkit: checked grid, HU, headers kept",
    "read_pydicom": "pydicom, file by file",
    "read_simpleitk": "SimpleITK (GDCM), no headers kept",
    "read_dicom2nifti": "dicom2nifti, to a NIfTI file",
}
READS = 3
SLICES = (100, 377, 750, 1500)
WHOLE = ("nnunet", "totalsegmentator")
"""What segments, as femurkit does."""


def peer(python: Path, name: str, ct: Path, made: Path) -> dict[str, Any]:
    """What one way says of itself, and its peak memory in MiB."""
    command = [str(python), "-m", "benchmarks.peers", name, str(ct), str(made)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    said = process.stdout.read().decode().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, f"{name} ended with {status}"
    return {**json.loads(said[-1]), "peak_mb": round(usage.ru_maxrss / 1024)}


def cut_anew(source: Path, count: int, to: Path) -> None:
    """Write the same body in so many slices."""
    scan = load(source).volume
    affine = scan.grid.affine.copy()
    affine[:3, 0] *= scan.grid.shape[0] / count
    grid = Grid((count, *scan.grid.shape[1:]), affine)
    array = np.rint(resample(scan.array, scan.grid, grid)).astype(np.int16)
    write_new_series(Volume(array, grid), to, seed_text="growth", patient={})


def growth(work: Path) -> list[dict[str, float]]:
    """Seconds and peak MiB of the same body in more and more slices."""
    out = []
    for count in SLICES:
        folder, made = work / f"ct{count}", work / f"out{count}"
        again = [sys.executable, "-m", "benchmarks.bench", "--cut", str(work / "ct"), str(count)]
        subprocess.run([*again, str(folder)], check=True)
        seconds, peak = speed.timed(speed.command(folder, made))
        out.append({"slices": count, "seconds": round(seconds, 1), "peak_mb": round(peak)})
        print(out[-1], flush=True)
    return out


def chart(rows: list[tuple[str, float]]) -> None:
    figure, axes = pyplot.subplots(figsize=(7, 0.5 + 0.45 * len(rows)), layout="constrained")
    names, seconds = zip(*reversed(rows), strict=True)
    bars = axes.barh(names, seconds, color=["#7a8ca0"] * (len(rows) - 1) + ["#0b5fa5"])
    axes.bar_label(bars, [f"{s:.1f} s" if s < 100 else f"{s:.0f} s" for s in seconds], padding=3)
    axes.set_xscale("log")
    axes.set_xlim(1, 4 * max(seconds))
    axes.set_xlabel("seconds")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(OUT / "bench.svg", metadata={"Date": None})
    pyplot.close(figure)


def page(result: dict[str, Any]) -> str:
    ours, peers = result["femurkit"], result["peers"]
    mine = statistics.median(ours["seconds"])
    rows = [f"| `femurkit reconstruct`, whole | {mine:.1f} | {ours['peak_mb']} | |"]
    for name, said in peers.items():
        times = f"{said['seconds'] / mine:.1f}" if name in WHOLE else ""
        rows.append(f"| {NAMES[name]} | {said['seconds']:.1f} | {said['peak_mb']} | {times} |")
    reads = [
        f"| {READERS[name]} | {statistics.median(said['seconds']):.2f} | {said['peak_mb']} |"
        for name, said in result["reading"].items()
    ]
    grown = [f"| {g['slices']} | {g['seconds']} | {g['peak_mb']} |" for g in result["growth"]]
    net = peers["nnunet"]
    return "\n".join([
        "# femurkit beside its peers",
        "`make bench` (`python -m benchmarks.bench`), one run on "
        f"{ours['cores']} cores, on a phantom of 512 x 512 x 377 voxels of 1 mm. femurkit: DICOM "
        "folder to masks, segmented DICOM, surfaces, measurements and report of both femurs, "
        f"median of {len(ours['seconds'])} ([its steps](speed.md)).", "",
        "![seconds](bench.svg)", "",
        "| | seconds | peak MiB | femurkit is so many times faster |", "|---|---:|---:|---:|",
        *rows, "",
        "The networks are theirs, rebuilt and untrained, for the time alone: no mask, surface or "
        f"DICOM is made of them. Of nnU-Net's {net['patches']} patches {net['timed']} are run, at "
        f"{net['a_patch']:.1f} s, and no mirroring is counted; TotalSegmentator's "
        f"{peers['totalsegmentator']['patches']} are all run. The paper states 85 s after loading, "
        "on another machine.", "",
        "## Reading the series",
        f"| | seconds, median of {READS} | peak MiB |", "|---|---:|---:|", *reads, "",
        "## The same body in more slices", "| slices | seconds | peak MiB |", "|---:|---:|---:|",
        *grown, "", "Surfaces beside vtk and dicom2stl: [surfaces](surfaces.md). Many scans: "
        "[a cohort](cohort.md).", "",
    ])  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=PEERS)
    parser.add_argument("--cut", nargs=3, metavar=("CT", "SLICES", "TO"))
    args = parser.parse_args()
    if args.cut:
        source, count, to = args.cut
        cut_anew(Path(source), int(count), Path(to))
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        speed.made_elsewhere("--phantom", work / "ct")
        ours = speed.measured(3, work)
        (OUT / "speed.json").write_text(json.dumps(ours, indent=1) + "\n")
        (OUT / "speed.md").write_text(speed.page(ours))
        print(ours["seconds"], flush=True)
        peers = {}
        for name in NAMES:
            peers[name] = peer(args.peers, name, work / "ct", work / "out")
            print(name, peers[name], flush=True)
        reading: dict[str, Any] = {name: {"seconds": [], "peak_mb": 0} for name in READERS}
        for _ in range(READS):
            for name, said in reading.items():
                one = peer(args.peers, name, work / "ct", work / "out")
                said["seconds"].append(round(one["seconds"], 2))
                said["peak_mb"] = max(said["peak_mb"], one["peak_mb"])
        grown = growth(work)
    result = {"femurkit": ours, "peers": peers, "reading": reading, "growth": grown}
    (OUT / "bench.json").write_text(json.dumps(result, indent=1) + "\n")
    (OUT / "bench.md").write_text(page(result))
    mine = statistics.median(ours["seconds"])
    chart([
        ("femurkit, whole command", mine), *((NAMES[n], s["seconds"]) for n, s in peers.items()),
    ])  # fmt: skip
    print(page(result))


if __name__ == "__main__":
    main()
