"""The whole command beside the least it could take: `python -m benchmarks.speed [--runs 3]`.

A phantom of 512 x 512 x 377 voxels of 1 mm, as a DICOM folder, goes through `femurkit
reconstruct` in a process of its own; seconds and peak memory are those of the process. The floor,
measured in turn with it, reads the same folder and writes the same files with the same functions,
and does nothing between. What the report costs is the difference to the same command with neither
pictures nor report. Writes docs/results/speed.json and .md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

from femurkit import femur, pipeline
from femurkit.anatomy import Side
from femurkit.dicom import write_new_series, write_seg, write_segmented_series
from femurkit.dicom.write_stl import KINDS, write_encapsulated_stl
from femurkit.geometry import Grid
from femurkit.images import read_mask, write_mask
from femurkit.memory import keep_freed
from femurkit.phantom.patient import make_patient
from femurkit.report.content import FemurPage
from femurkit.sources import load
from femurkit.volume import Mask, Volume

OUT = Path(__file__).parent.parent / "docs" / "results"
SHAPE, SPACING_MM, SEED = (377, 512, 512), (1.0, 1.0, 1.0), 377
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
"""What the command sets for itself, given to what it is compared with too."""
ABOVE_MM, BELOW_MM = 110.0, 267.0
LIMIT_S, LIMIT_MB, LIMIT_FLOORS = 10.0, 1536.0, 3.0


def phantom(folder: Path) -> None:
    """Write the series; a scan smaller than SHAPE is filled up with air."""
    scan = make_patient(SEED, spacing_mm=SPACING_MM, extent_mm=(ABOVE_MM, BELOW_MM)).volume
    array = np.full(SHAPE, -1000, np.int16)
    part = tuple(slice(0, min(a, b)) for a, b in zip(SHAPE, scan.array.shape, strict=True))
    array[part] = scan.array[part]
    volume = Volume(array, Grid(SHAPE, scan.grid.affine))
    write_new_series(volume, folder, seed_text="speed", patient={"PatientID": "speed"})
    print(f"phantom of {scan.array.shape} in {SHAPE}")


def floor(source: Path, made: Path, to: Path) -> None:
    """Read the input and write what an earlier run made of it."""
    scan = load(source)
    assert scan.series is not None
    masks = {}
    for side in Side:
        labels, grid = read_mask(made / side.value / "mask.nii.gz")
        masks[side] = Mask(labels > 0, grid)
        folder = to / side.value
        folder.mkdir(parents=True)
        write_mask(labels, grid, folder / "mask.nii.gz")
        write_segmented_series(scan.series, masks[side], folder / "ct", side=side)
        for name in ("femur", "femur_hollow"):
            stl = (made / side.value / f"{name}.stl").read_bytes()
            shutil.copy(made / side.value / f"{name}.stl", folder)
            write_encapsulated_stl(
                scan.series, stl, folder / f"{name}_stl.dcm", side=side, kind=KINDS[name]
            )
        shutil.copy(made / side.value / "cortex.vtp", folder)
    write_seg(scan.series, masks, to / "segmentation.dcm", weights_hash="0" * 64, version="0")
    for name in ("report.html", "measurements.json", "measurements.csv", "run.json"):
        shutil.copy(made / name, to)


def without_report(source: Path, to: Path) -> None:
    """The command, but for the pictures and the report."""
    keep_freed()
    with (
        patch.object(
            femur, "femur_page", lambda volume, side, **_: FemurPage(side, (), (), (), ())
        ),
        patch.object(pipeline, "write_report", lambda report, path: None),
    ):
        pipeline.reconstruct(source, to, overwrite=True)


def timed(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak MiB of a command.

    A process is never said to be smaller than the one that begins it, so this one must stay small:
    what is large is made in processes of their own.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, f"{' '.join(command)} ended with {status}"
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def made_elsewhere(*arguments: object) -> None:
    """What this module does with these arguments, in a process of its own."""
    subprocess.run([sys.executable, "-m", "benchmarks.speed", *map(str, arguments)], check=True)


def command(source: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "femurkit", "reconstruct", str(source), "-o", str(out), *more]


def measured(runs: int, work: Path) -> dict[str, object]:
    """The series in work/ct; what the last run made of it stays in work/out."""
    source, out, again, bare = (work / name for name in ("ct", "out", "floor", "bare"))
    mine = [sys.executable, "-m", "benchmarks.speed"]
    least = [*mine, "--floor", str(source), str(out), str(again)]
    reportless = [*mine, "--without-report", str(source), str(bare)]
    seconds, memory, floors, bares, bare_memory, steps = [], [], [], [], [], []
    by_cpu = []
    for _ in range(runs):
        shutil.rmtree(out, ignore_errors=True)
        took, peak = timed(command(source, out))
        seconds.append(took)
        memory.append(peak)
        run = json.loads((out / "run.json").read_text())
        steps.append(run["seconds"])
        took, peak = timed(reportless)
        bares.append(took)
        bare_memory.append(peak)
        shutil.rmtree(bare)
        floors.append(timed(least)[0])
        shutil.rmtree(again)
        by_cpu.append(timed(command(source, bare, "--device", "cpu"))[0])
        shutil.rmtree(bare)
    names = dict.fromkeys(name for each in steps for name in each)
    return {
        "device": run["settings"]["device"],
        "cpu_seconds": [round(s, 2) for s in by_cpu],
        "shape": SHAPE,
        "cores": len(os.sched_getaffinity(0)),
        "seconds": [round(s, 2) for s in seconds],
        "floor_seconds": [round(s, 2) for s in floors],
        "peak_mb": round(max(memory)),
        "report_seconds": round(statistics.median(seconds) - statistics.median(bares), 2),
        "report_mb": round(max(memory) - max(bare_memory)),
        "peak_mb_by_the_end_of": {
            n: round(m) for n, m in run["peak_memory_mb_by_the_end_of"].items()
        },
        "steps": {n: round(statistics.median(s.get(n, 0) for s in steps), 2) for n in names},
    }


def page(result: dict[str, object]) -> str:
    seconds, floors = result["seconds"], result["floor_seconds"]
    by_cpu = result["cpu_seconds"]
    assert isinstance(seconds, list) and isinstance(floors, list) and isinstance(by_cpu, list)
    steps = result["steps"]
    assert isinstance(steps, dict)
    median, least = statistics.median(seconds), statistics.median(floors)
    cpu = statistics.median(by_cpu)
    peaks = result["peak_mb_by_the_end_of"]
    assert isinstance(peaks, dict)
    rows = "\n".join(
        f"| {name} | {s:.2f} | {peaks[name]} |"
        for name, s in sorted(steps.items(), key=lambda item: -item[1])
    )
    said = f"**{median:.1f}** ({min(seconds):.1f} to {max(seconds):.1f})"
    return f"""# How fast
`python -m benchmarks.speed`, {len(seconds)} runs in turn on {result["cores"]} cores. Phantom of
512 x 512 x 377 voxels of 1 mm, DICOM folder to all outputs of both femurs.

| | seconds (least to most) | peak MiB |
|---|---|---|
| `femurkit reconstruct`, networks run by {result["device"]} | {said} | {result["peak_mb"]} |
| with `--device cpu` (onnxruntime) | {cpu:.1f} ({min(by_cpu):.1f} to {max(by_cpu):.1f}) | |
| floor: read the same, write the same | {least:.1f} ({min(floors):.1f} to {max(floors):.1f}) | |
| times the floor | {median / least:.1f} | |
| of it, pictures and report | {result["report_seconds"]:.1f} | {max(0, result["report_mb"])} |

| step, slowest first | seconds (median) | peak MiB by its end |
|---|---|---|
{rows}

Steps of the two sides run side by side, each on a core: their seconds overlap.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--floor", nargs=3, type=Path, metavar=("CT", "MADE", "TO"))
    parser.add_argument("--phantom", type=Path, metavar="TO")
    parser.add_argument("--without-report", nargs=2, type=Path, metavar=("CT", "TO"))
    args = parser.parse_args()
    if args.phantom:
        phantom(args.phantom)
        return
    if args.floor:
        floor(*args.floor)
        return
    if args.without_report:
        without_report(*args.without_report)
        return
    with tempfile.TemporaryDirectory() as work:
        made_elsewhere("--phantom", Path(work) / "ct")
        result = measured(args.runs, Path(work))
    (OUT / "speed.json").write_text(json.dumps(result, indent=1) + "\n")
    (OUT / "speed.md").write_text(page(result))
    print(page(result))


if __name__ == "__main__":
    main()
