"""A manifest made from a folder of patients, split by chance with every patient whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from femurkit.dataset.manifest import SPLITS, Manifest, Split, Study
from femurkit.dataset.slices import ALL, LABELLED, NONE
from femurkit.errors import BadManifest, NothingReadable

IMAGES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd", ".nhdr")
CT = ("ct", "ct.zip", *(f"ct{suffix}" for suffix in IMAGES))
LABEL_NAMES = ("labels", "label", "mask", "masks", "segmentation", "rtstruct")
LABEL_SUFFIXES = (".seg.nrrd", *IMAGES, ".dcm", "")
LABELS = tuple(f"{name}{suffix}" for name in LABEL_NAMES for suffix in LABEL_SUFFIXES)
"""What a patient's labels may be called, the first that is there; without suffix it is a folder."""
TRUTH = "truth/mask.nii.gz"
"""As `femurkit phantom` writes it: every slice is annotated."""

NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]|^[^A-Za-z0-9]")
"""What a study's name may not hold; its patient keeps it."""


def collect(folder: Path, *, validation: int = 0, unseen: int = 0, seed: int = 0) -> Manifest:
    """One study for each sub-folder that holds a CT, patient and study named as the sub-folder.

    A CT is named ct (a folder, a zip or an image), labels by one of LABELS or TRUTH. Labels count
    as annotated in the slices that hold any, a phantom's in all. validation, unseen: how many
    labelled patients to draw for these splits; the seed and the names alone decide which.
    Raises NothingReadable or BadManifest.
    """
    entries = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    found = [(p, ct) for p in entries if (ct := _first(p, CT)) is not None]
    if not found:
        raise NothingReadable(
            "no patient folder with a CT",
            expected="sub-folders that each hold ct/, ct.zip or an image such as ct.nii.gz",
            remedy="Arrange the scans so, or write the manifest by hand.",
        )
    labels = {p.name: _first(p, (*LABELS, TRUTH)) for p, _ in found}
    splits = _drawn(
        [name for name, path in labels.items() if path],
        {"unseen": unseen, "validation": validation},
        seed,
    )
    studies = []
    for row, (place, ct) in enumerate(found, start=2):
        mine = labels[place.name]
        truth = mine is not None and mine == place / TRUTH
        annotated = NONE if mine is None else ALL if truth else LABELLED
        split = splits.get(place.name, SPLITS[0])
        name = NOT_PLAIN.sub("_", place.name)
        studies.append(Study(place.name, name, ct, mine, annotated, split, row))
    return Manifest(tuple(studies))


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).exists()), None)


def _drawn(patients: list[str], wanted: dict[Split, int], seed: int) -> dict[str, Split]:
    """Which labelled patients do not train, by split."""
    total = sum(wanted.values())
    if total > len(patients):
        raise BadManifest(
            f"{len(patients)} labelled patients",
            expected=f"at least the {total} to be drawn for validation and unseen",
            remedy="Draw fewer, or annotate more.",
        )
    order = np.random.default_rng(seed).permutation(len(patients))
    drawn = iter(sorted(patients)[i] for i in order)
    return {next(drawn): split for split, count in wanted.items() for _ in range(count)}
