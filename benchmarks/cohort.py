"""A cohort on one worker and on two, and killed: `python -m benchmarks.cohort [--studies 40]`.

Four phantoms stand again and again in a table; `femurkit cohort` does it with one worker, with two,
and with two that are killed with all their processes at random moments until it is done. Each
worker has one thread. The three must end with the same tables. Then many small studies, one hip on
coarse voxels each, by two workers that must be as fast and as small in the end as in the beginning,
within a tenth. Ends with 1 if any of this does not hold.
Writes docs/results/cohort.json and .md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from femurkit.geometry import Grid
from femurkit.images import write_image
from femurkit.phantom.patient import make_patient
from femurkit.volume import Volume

OUT = Path(__file__).parent.parent / "docs" / "results"
SEED, PATIENTS, SPACING_MM, SMALL_MM = 40, 4, (4.0, 2.0, 2.0), (5.0, 2.5, 2.5)
ENV = {**os.environ, "OMP_NUM_THREADS": "1"}
KILLS, WAIT_S = 5, (15.0, 45.0)
AFTER = (10, 20, 50, 100, 200)
"""Small studies after which the memory is told, and after all of them."""
TENTH = 1.1


def table(home: Path, count: int) -> Path:
    """The phantoms and a manifest in which each stands many times."""
    for number in range(1, PATIENTS + 1):
        scan = make_patient(SEED, number=number, spacing_mm=SPACING_MM).volume
        write_image(scan, home / f"{number}.nii.gz")
    rows = [f"S{k:03d},{k % PATIENTS + 1}.nii.gz" for k in range(count)]
    path = home / "scans.csv"
    path.write_text("\n".join(["study,ct", *rows]) + "\n")
    return path


def small_table(home: Path, count: int) -> Path:
    """One hip of each phantom on coarse voxels, again and again; each twice in a row, so that two
    workers soon have had them all and what grows then is not the next larger hip.
    """
    for number in range(1, PATIENTS + 1):
        scan = make_patient(SEED, number=number, spacing_mm=SMALL_MM).volume
        half = scan.grid.shape[2] // 2  # columns run to the patient's left
        part = scan.array[:, :, half:].copy()
        grid = Grid(part.shape, scan.grid.crop((0, 0, half), scan.grid.shape).affine)
        write_image(Volume(part, grid), home / f"small{number}.nii.gz")
    rows = [f"S{k:03d},small{k // 2 % PATIENTS + 1}.nii.gz" for k in range(count)]
    path = home / "small.csv"
    path.write_text("\n".join(["study,ct", *rows]) + "\n")
    return path


def flat(home: Path, count: int) -> dict[str, Any]:
    """Median seconds of a study among the first and the last tenth, and the workers' peak MiB by
    then.
    """
    out = home / "flat"
    assert begun(small_table(home, count), out, 2).wait() == 0
    runs = sorted(out.glob("studies/*/run.json"), key=lambda path: path.stat().st_mtime)
    assert len(runs) == count
    told = [json.loads(path.read_text()) for path in runs]
    tenth = max(10, count // 10)
    first, last = told[:tenth], told[-tenth:]
    peaks = [t["peak_memory_mb"] for t in told]

    def middle(some: list[dict[str, Any]]) -> float:
        return round(statistics.median(sum(t["seconds"].values()) for t in some), 2)

    return {
        "small_studies": count,
        "seconds_first": middle(first),
        "seconds_last": middle(last),
        "peak_mb_after": {str(n): max(peaks[:n]) for n in (*AFTER, count) if n <= count},
    }


def begun(scans: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "femurkit", "cohort", str(scans), "-o", str(out), "--quiet"]
    return subprocess.Popen([*command, "--workers", str(workers)], env=ENV)


def killed(process: subprocess.Popen[bytes]) -> None:
    """It and its workers, but not what tidies up after them."""
    family = psutil.Process(process.pid).children(recursive=True)
    for each in [c for c in family if "multiprocessing" in " ".join(c.cmdline())]:
        each.kill()
    process.kill()
    process.wait()


def digest(out: Path) -> str:
    names = ("cohort.csv", "cohort.parquet", "failures.csv")
    return hashlib.sha256(b"".join((out / name).read_bytes() for name in names)).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--small", type=int, default=500)
    args = parser.parse_args()
    chance, result = random.Random(SEED), {"studies": args.studies}
    with tempfile.TemporaryDirectory() as work:
        home = Path(work)
        scans = table(home, args.studies)
        tables = {}
        for workers in (1, 2):
            start = time.perf_counter()
            assert begun(scans, home / f"by{workers}", workers).wait() == 0
            result[f"seconds_{workers}"] = round(time.perf_counter() - start, 1)
            tables[workers] = digest(home / f"by{workers}")
            print(workers, result[f"seconds_{workers}"], flush=True)
        kills, code = 0, None
        while code is None:
            process = begun(scans, home / "killed", 2)
            try:
                wait = chance.uniform(*WAIT_S) if kills < KILLS else None
                code = process.wait(timeout=wait)
            except subprocess.TimeoutExpired:
                killed(process)
                kills += 1
        assert code == 0
        result["kills"] = kills
        result |= flat(home, args.small)
        result["same_tables"] = {tables[1], tables[2], digest(home / "killed")} == {tables[1]}
    result["times_faster"] = round(result["seconds_1"] / result["seconds_2"], 2)
    peaks = result["peak_mb_after"]
    (OUT / "cohort.json").write_text(json.dumps(result, indent=1) + "\n")
    (OUT / "cohort.md").write_text(f"""# A cohort
`python -m benchmarks.cohort`, on {len(os.sched_getaffinity(0))} cores: {args.studies} studies, one
thread a worker.

| | seconds |
|---|---|
| one worker | {result["seconds_1"]} |
| two workers | {result["seconds_2"]} |
| times faster | {result["times_faster"]} |

Killed with all its workers at {kills} random moments and begun again, the tables are
{"the same, byte for byte" if result["same_tables"] else "NOT THE SAME"}.

{args.small} small studies (one hip on coarse voxels) by two workers:

| | first tenth | last tenth |
|---|---|---|
| seconds a study, median | {result["seconds_first"]} | {result["seconds_last"]} |

| studies done | {" | ".join(peaks)} |
|---|{"---|" * len(peaks)}
| largest peak of a worker by then, MiB | {" | ".join(f"{peak:.0f}" for peak in peaks.values())} |
""")
    print(json.dumps(result))
    slower = result["seconds_last"] / result["seconds_first"]
    larger = max(peaks.values()) / min(peaks.values())
    sys.exit(not (result["same_tables"] and slower < TENTH and larger < TENTH))


if __name__ == "__main__":
    main()
