"""The cohort: 18 synthetic patients like the paper's, scanned and annotated like them.

COHORT/P01/ct.nii, mask.nii.gz (1 left, 2 right), left.stl, right.stl, truth.json; and manifests
that differ only in what is annotated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from femurkit.dataset.manifest import Manifest, Study, write_manifest
from femurkit.images import write_image, write_mask
from femurkit.mesh import write_stl
from femurkit.phantom.patient import make_patient
from femurkit.phantom.person import Person
from femurkit.phantom.shapes import FemurFrame

SEED = 2024
GROUPS = {"man": (10, (66.0, 8.0), (82.2, 7.8)), "woman": (8, (67.9, 5.3), (69.7, 7.5))}
"""How many, mean and sd of age (years) and of weight (kg): PAPER.md step 1."""
SPLITS = {"train": 8, "validation": 4, "unseen": 6}
SPACING_MM = (1.0, 1.0, 1.0)
ABOVE_MM, BELOW_MM = 84.0, 258.0
"""Scanned above and below the head centres: 342 slices, of which 42 % are annotated."""
ANNOTATED = (145.0, 25.0, 88, 178)
"""Slices annotated a patient: mean, sd, least, most."""
BUDGET = (1, 2, 4)
"""Annotated training patients of the budget curve; 8 is the ablation itself."""
OVER_HEAD_MM = 15.0
"""The annotated slices begin this far above the head."""


@dataclass(frozen=True)
class Patient:
    """One of the cohort. number: 1..18."""

    number: int
    person: Person
    split: str

    @property
    def name(self) -> str:
        return f"P{self.number:02d}"


def patients() -> list[Patient]:
    """Who they are: groups whose means and sds are the paper's exactly, split at random."""
    rng = np.random.default_rng(SEED)
    people = []
    for sex, (count, age, weight) in GROUPS.items():
        drawn = [mean + sd * _standard(rng, count) for mean, sd in (age, weight)]
        people += [Person(sex, float(a), float(w)) for a, w in zip(*drawn, strict=True)]  # type: ignore[arg-type]
    splits = [name for name, count in SPLITS.items() for _ in range(count)]
    order = rng.permutation(len(people))
    return [
        Patient(n + 1, people[i], split)
        for n, (i, split) in enumerate(zip(order, splits, strict=True))
    ]


def _standard(rng: np.random.Generator, count: int) -> np.ndarray:
    z = rng.normal(size=count)
    return (z - z.mean()) / z.std(ddof=1)


def annotated_slices(
    frames: Iterable[FemurFrame], rng: np.random.Generator, origin_z: float, slices: int
) -> str:
    """Run of slice indices around the hip joint, as a manifest writes it."""
    mean, sd, least, most = ANNOTATED
    count = int(np.clip(round(rng.normal(mean, sd)), least, most))
    top = max(f.head[2] + f.head_radius for f in frames) + OVER_HEAD_MM
    last = min(int((top - origin_z) / SPACING_MM[0]), slices - 1)
    return f"{max(last - count + 1, 0)}-{last}"


def make(patient: Patient, cohort: Path) -> str:
    """Draw, scan and write one patient, unless it is there already."""
    folder = cohort / patient.name
    if (folder / "truth.json").exists():
        return patient.name
    folder.mkdir(parents=True, exist_ok=True)
    made = make_patient(
        SEED, number=patient.number, spacing_mm=SPACING_MM, person=patient.person,
        extent_mm=(ABOVE_MM, BELOW_MM),
    )  # fmt: skip
    grid = made.volume.grid
    write_image(made.volume, folder / "ct.nii")
    write_mask(made.labels, grid, folder / "mask.nii.gz")
    for side, mesh in made.meshes.items():
        write_stl(mesh, folder / f"{side.value}.stl")
    rng = np.random.default_rng([SEED, patient.number, 1])
    run = annotated_slices(made.frames.values(), rng, grid.bounds_mm()[0][2], grid.shape[0])
    truth = {**made.truth, "person": asdict(patient.person), "annotated": run}
    part = folder / "truth.part"
    part.write_text(json.dumps(truth, indent=1) + "\n")
    part.rename(folder / "truth.json")
    return patient.name


def cohort(folder: Path, *, workers: int = 2) -> Path:
    """Make what is missing of the cohort and its manifests; gives the folder."""
    everybody = patients()
    with ProcessPoolExecutor(workers) as pool:
        for name in pool.map(make, everybody, [folder] * len(everybody)):
            print("cohort:", name, flush=True)
    write_manifests(folder)
    return folder


def write_manifests(folder: Path) -> None:
    """What the trainings see; unseen patients stand in none of them.

    sparse: annotated like the paper's; full: throughout; budget-N: only the first N training
    patients; without-PNN: sparse, one training patient left out.
    """
    seen = [study(p, folder) for p in patients() if p.split != "unseen"]
    train = [s for s in seen if s.split == "train"]
    bare = {s.study: replace(s, labels=None, annotated="") for s in train}
    tables = {"sparse": seen, "full": [replace(s, annotated="all") for s in seen]}
    for count in BUDGET:
        keep = {s.study for s in train[:count]}
        tables[f"budget-{count}"] = [
            s if s not in train or s.study in keep else bare[s.study] for s in seen
        ]
    for left in train:
        tables[f"without-{left.study}"] = [s for s in seen if s is not left]
    for name, studies in tables.items():
        write_manifest(Manifest(tuple(studies)), folder / f"{name}.csv")


def study(patient: Patient, folder: Path) -> Study:
    """A patient's row. Validation and unseen patients are annotated throughout, to score on."""
    home = folder / patient.name
    run = json.loads((home / "truth.json").read_text())["annotated"]
    annotated = run if patient.split == "train" else "all"
    return Study(
        patient.name,
        patient.name,
        home / "ct.nii",
        home / "mask.nii.gz",
        annotated,
        patient.split,  # type: ignore[arg-type]
    )
