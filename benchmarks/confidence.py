"""What tells a bad result without a truth: `python -m benchmarks.confidence PATIENTS [--write]`.

Takes the 32 patients of the set `limits` (benchmarks.patients) as the network leaves them, scanned
with other kernels and doses too, each femur damaged in some ways of benchmarks.damage, and one
patient's scan spoilt in every way of benchmarks.spoilt. Prints the signs of doubt, the limits that
follow, and whom CONFIDENT catches.
--write puts the limits into src/femurkit/measure/limits.py, the figures into docs/results.
Real scans in ../shared/data, never pelvic-ref-002, count among the good ones for the signs that are
not of the head. Patients, the network's answers and the rows are kept in the folder PATIENTS, until
the network changes or --again is said; with --only several runs can share the work.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.damage import ANSWERS
from benchmarks.hips import (
    Case,
    Patient,
    Row,
    kept_answers,
    kept_rows,
    of_third_pass,
    scores,
    third_pass,
)
from benchmarks.limits import HARMLESS, confidence_of, limits_of, tell
from benchmarks.patients import COUNTS, SEEDS, patient
from benchmarks.rescans import rescanned
from benchmarks.spoilt import WAYS
from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.measure.confidence import signs_of
from femurkit.measure.head_surface import head_signs
from femurkit.segment.weights import Network, fine_network
from femurkit.sources import load
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import to_mask
from femurkit.surface.head import fit_head
from femurkit.surface.periosteal import periosteal
from femurkit.volume import Mask, Volume

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared/data"
REAL = (
    "pelvic-ref-003/ct.zip", "real-more/medimages_ct.nii.gz", "real-more/tcga-ay-4070_ct.nii.gz",
    "sarcoma-hips/STS_044_ct.nii.gz",
)  # fmt: skip
SPOILT = (4,)
"""Patients whose scans are spoilt."""
EACH = 3
"""Ways of damage each femur takes in turn."""
RESCANS = 2
"""Harmless rescans of each patient."""
NO_SIGN = ("wrong side", "humerus in its place", "piece of pelvis", "empty", "step below the neck")
"""Damage that other checks are for."""
MOVED = (
    "lost_slices", "clipped_head", "upside_down", "rolled_40", "tilted_40", "repeated_slices",
    "shuffled_slices",
)  # fmt: skip
"""Ways of spoiling after which the true surface is no longer where it was."""


def row_of(case: Case) -> Row:
    """Signs and scores of one femur."""
    try:
        ready = outlined(case.answer, case.volume)
        mask, outline = to_mask(ready), periosteal(ready).mesh
    except DegenerateShape:
        return {"side": case.side.value, "refused": "DegenerateShape"}
    head = fit_head(outline, case.side)
    of_head, _ = head_signs(outline, case.side, head, case.volume)
    of_head |= of_third_pass(case)
    row: Row = {"side": case.side.value, **signs_of(case.says, mask, case.volume), **of_head}
    if head.missing is not None:
        row["no_head"] = head.missing
    return row | (scores(outline, mask, case) if case.truth.array.any() else {})


def rows_of(place: Path, number: int, network: Network) -> Iterator[Row]:
    """One patient's femora, as they are, damaged, and in spoilt scans."""
    one = Patient.read(place)
    start = {"case": f"patient {number}", "slice_mm": one.scan.grid.slices[1]}
    for row in _rows_of(one, number, network):
        yield start | row


def _rows_of(one: Patient, number: int, network: Network) -> Iterator[Row]:
    ways = [way for way in ANSWERS if way not in NO_SIGN]
    for k, case in enumerate(one.cases(network)):
        yield {"way": "none", **row_of(case)}
        for turn in range(EACH):
            way = ways[(EACH * (2 * number + k) + turn) % len(ways)]
            rng = np.random.default_rng([SEEDS["limits"], number, k, turn])
            yield {"way": way, **row_of(ANSWERS[way](case, rng))}
    for turn in range(RESCANS):
        way = HARMLESS[(number + turn) % len(HARMLESS)]
        rng = np.random.default_rng([SEEDS["limits"], number, turn])
        volume, labels, moved = rescanned(way, one, rng)
        for case in one.cases_of(way, volume, labels, network, moved=moved):
            yield {"way": way, **row_of(case)}
    for way in WAYS if number in SPOILT else ():
        rng = np.random.default_rng([SEEDS["limits"], number])
        hu = one.scan.array.astype(np.float32)
        made, labels = WAYS[way](hu, one.labels, one.scan.grid.spacing_mm, rng)
        made = np.clip(np.rint(made), -1024, 3071).astype(np.int16)
        volume = Volume(made, Grid(made.shape, one.scan.grid.affine))
        for case in one.cases_of(way, volume, labels, network, moved=way in MOVED):
            if way != "none":
                yield {"way": way, **row_of(case)}


def real_rows(folder: Path, network: Network) -> Iterator[Row]:
    """The real scans, which have no scores."""
    for name in REAL:
        if not (DATA / name).exists():
            continue
        volume = load(DATA / name).volume
        short = name.replace("/", "_")
        for side, answer in kept_answers(folder / short, volume, network).items():
            none = Mask(np.zeros(volume.grid.shape, bool), volume.grid)
            done = third_pass(answer, volume, side)
            case = Case(
                volume, side, done.field, answer, np.zeros(3), 24.0, none, None, done.undecided
            )
            yield {"case": name.partition("_ct")[0], "way": "real", **row_of(case)}


def collect(folder: Path, network: Network, only: list[int], *, again: bool) -> list[Row]:
    """All cases, one row a femur. only: the patients to take."""
    rows: list[Row] = []
    for number in only:
        place = patient(folder, "limits", number)
        make = partial(rows_of, place, number, network)
        rows += kept_rows(place, "signs", network, make, again=again)
        print(f"patient {number} done", flush=True)
    place = folder / "real"
    place.mkdir(exist_ok=True)
    make = partial(real_rows, place, network)
    return rows + kept_rows(place, "signs", network, make, again=again)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patients", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--again", action="store_true", help="measure what is kept anew")
    parser.add_argument("--only", type=int, nargs="*", help="patients to measure and keep")
    args = parser.parse_args()
    numbers = args.only or list(range(1, COUNTS["limits"] + 1))
    rows = collect(args.patients, fine_network(weights=args.weights), numbers, again=args.again)
    if args.only:
        return
    limits = limits_of(rows)
    for row in rows:
        if "refused" not in row:
            row["confidence"] = confidence_of(row, limits)
    tell(rows)
    text = "".join(f'    "{name}": {pair},\n' for name, pair in limits.items())
    print(text)
    if args.write:
        target = ROOT / "src/femurkit/measure/limits.py"
        head = target.read_text().partition("] = {\n")[0]
        target.write_text(f"{head}] = {{\n{text}}}\n")
        figures = [
            {key: round(v, 4) if isinstance(v, float) else v for key, v in row.items()}
            for row in rows
        ]
        lines = ",\n".join(" " + json.dumps(row) for row in figures)
        (ROOT / "docs/results/confidence.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
