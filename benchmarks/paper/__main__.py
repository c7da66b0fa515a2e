"""The whole experiment: `python -m benchmarks.paper [--full] [--work FOLDER] [--only STEP ...]`.

Steps, each of which leaves out what is done: cohort (synthetic patients and manifests), train
(every run of trainings.py), score (every run on the patients it never saw), tables (numbers,
figures and the page in docs/results/paper, linked from docs/results). Stopped at any moment it goes
on where it was. At the experiment's scale everything takes a few hours on 2 cores; --full is the
paper's own, for a GPU.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.paper.cohort import Patient, cohort, patients
from benchmarks.paper.plan import WHOLE, runs_for
from benchmarks.paper.portrait import sit
from benchmarks.paper.publish import publish
from benchmarks.paper.score import score_patient, weights_of
from benchmarks.paper.trainings import NETWORKS, run_all, trainings
from benchmarks.tables import page

ROOT = Path(__file__).parent.parent.parent
STEPS = ("cohort", "train", "score", "tables")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the paper's own sizes, for a GPU")
    parser.add_argument("--work", type=Path, help="folder of the experiment (out/paper)")
    parser.add_argument("--out", type=Path, help="folder of the page (docs/results/paper)")
    parser.add_argument("--only", nargs="+", choices=STEPS, default=STEPS, metavar="STEP")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="at a time")
    parser.add_argument("--threads", type=int, default=1, help="of each training")
    args = parser.parse_args()
    scale = "paper-full" if args.full else "paper"
    runs = (args.work or ROOT / "out" / scale).resolve()
    if "cohort" in args.only:
        cohort(runs / "cohort", workers=args.workers)
    if "train" in args.only:
        wanted = trainings(runs / "cohort", full=args.full)
        run_all(wanted, runs, workers=args.workers, threads=args.threads)
    if "score" in args.only:
        score(runs, workers=args.workers)
    if "tables" in args.only:
        results = ROOT / "docs/results"
        publish(runs, args.out or results / scale, full=args.full)
        if not args.out:
            (results / "README.md").write_text(page(results))


def score(runs: Path, *, workers: int) -> None:
    """Score every trained run, then make the portraits; runs not trained are told and left out."""
    everybody = patients()
    wanted = {name for patient in everybody for name in runs_for(patient)}
    for name in sorted(n for n in wanted if not weights_of(n, runs)):
        print(f"not trained, so not scored: {name}", flush=True)
    with ProcessPoolExecutor(workers) as pool:
        for name in pool.map(_score_one, everybody, [runs] * len(everybody)):
            print(f"{name}: every trained run is scored", flush=True)
    sit(runs / "cohort", runs, [n for n in NETWORKS if weights_of(n, runs)])


def _score_one(patient: Patient, runs: Path) -> str:
    names = [name for name in runs_for(patient) if weights_of(name, runs)]
    score_patient(patient, runs / "cohort", runs, names, whole=WHOLE)
    return patient.name


if __name__ == "__main__":
    main()
