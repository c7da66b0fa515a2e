"""The synthetic patients of the confidence and verdict benchmarks: `python -m benchmarks.patients
FOLDER SET`.

Each is drawn once and kept as FOLDER/SET/P001 and so on; what is there already is not drawn again.
The set `limits` is for setting limits, the set `scores` for scoring: other seeds, other patients.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from femurkit.anatomy import Side
from femurkit.phantom import make_patient, write_patient
from femurkit.phantom.person import Person

SEEDS = {"limits": 77021, "scores": 77061}
COUNTS = {"limits": 32, "scores": 18}
SCORED_BEFORE = (14, 77041)
"""Patients of the set `limits` after the first so many are those of another seed that were scored
once: they have been seen, so they set limits now.
"""
SLICES_MM = {"limits": (1.0, 1.5, 2.0, 3.0, 1.25, 2.5, 5.0), "scores": (1.0, 1.5, 2.0, 3.0, 2.5)}
"""Slices above 3.5 mm carry a warning of their own, so no verdict on them can be "accept"."""
PEOPLE = (
    None, Person("woman", 75, 48), None, Person("man", 45, 115), None, Person("man", 60, 80),
)  # fmt: skip
"""Nobody in particular, and people at the ends of the range of size and weight, in turn."""
ONE_SIDED = {8: Side.LEFT, 23: Side.RIGHT}
"""Patients of the scored seeds without one femur."""
SHORT = (5, 12, 19, 26)
"""Patients whose scan ends 105 mm below the lower head: just enough femur."""
EXTENT_MM, SHORT_MM = (45.0, 130.0), (35.0, 105.0)
"""How far a scan reaches above the higher and below the lower head centre."""


def options_of(name: str, number: int) -> dict[str, Any]:
    """What is asked of make_patient for one patient of a set."""
    inplane = (0.8, 0.95, 0.7)[number % 3]
    thick = SLICES_MM[name][number % len(SLICES_MM[name])]
    return {
        "spacing_mm": (thick, inplane, inplane),
        "person": PEOPLE[number % len(PEOPLE)],
        "missing": ONE_SIDED.get(number) if name == "scores" else None,
        "extent_mm": SHORT_MM if number in SHORT else EXTENT_MM,
    }


def drawn_as(name: str, number: int) -> dict[str, Any]:
    """All that make_patient is told for one patient of a set."""
    first, seed = SCORED_BEFORE
    if name == "limits" and number > first:
        return {"seed": seed, "number": number - first, **options_of("scores", number - first)}
    return {"seed": SEEDS[name], "number": number, **options_of(name, number)}


def patient(folder: Path, name: str, number: int) -> Path:
    """The folder of one patient, drawn if it is not there yet."""
    out = folder / name / f"P{number:03d}"
    wanted = drawn_as(name, number)
    if not _is(out / "truth/truth.json", wanted):
        shutil.rmtree(out, ignore_errors=True)  # one that was begun and not ended
        made = make_patient(**wanted)
        write_patient(made, out, format="nifti")
    return out


def _is(truth: Path, wanted: dict[str, Any]) -> bool:
    """Whether a patient is there, and the one that is wanted."""
    if not truth.exists():
        return False
    told = json.loads(truth.read_text())
    return all(told[key] == wanted[key] for key in ("seed", "number"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("set", choices=SEEDS)
    args = parser.parse_args()
    for number in range(1, COUNTS[args.set] + 1):
        print(patient(args.folder, args.set, number), flush=True)


if __name__ == "__main__":
    main()
