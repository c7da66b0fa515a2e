"""The table that says which scans there are, what of them is annotated, and what they are for.

patient,study,ct,labels,annotated,split
P001,P001,P001/ct,P001/truth/mask.nii.gz,all,train
P002,P002a,P002/ct.zip,P002/femurs.seg.nrrd,12-80;95,validation
P003,P003,P003/ct,,,train
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, get_args

from femurkit.csvtable import read_csv
from femurkit.dataset.slices import ALL, LABELLED, NONE, parse
from femurkit.errors import BadManifest, InputRefused, PatientInTwoSplits

Split = Literal["train", "validation", "unseen"]
COLUMNS = ("patient", "study", "ct", "labels", "annotated", "split")
SPLITS: tuple[Split, ...] = get_args(Split)
STUDY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""A study names files of the cache, so it must be a plain name."""


@dataclass(frozen=True)
class Study:
    """One scan: a row of the manifest.

    ct: anything that sources.load reads. labels: anything that labels.read_labels reads, or None.
    annotated: "all", "labelled", runs of slice indices such as "12-80;95", or "" without labels.
    row: its line in the table, the first below the header being 2.
    """

    patient: str
    study: str
    ct: Path
    labels: Path | None
    annotated: str
    split: Split
    row: int = 0

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Within it, a refusal says which row and study it is about."""
        try:
            yield
        except InputRefused as error:
            found = f"row {self.row}, study {self.study}: {error.found}"
            raise type(error)(found, expected=error.expected, remedy=error.remedy) from error


@dataclass(frozen=True)
class Manifest:
    """All studies, valid once built: no study or CT twice, no patient in two splits."""

    studies: tuple[Study, ...]

    def __post_init__(self) -> None:
        for study in self.studies:
            with study.naming():
                _check(study)
        _unique(self.studies)
        _one_split_each(self.studies)

    def of(self, split: Split) -> tuple[Study, ...]:
        """The studies of one split, in the order of the table."""
        return tuple(study for study in self.studies if study.split == split)


def read_manifest(path: Path) -> Manifest:
    """The manifest in a CSV file; its paths count from the folder it lies in.

    Raises NothingReadable, BadManifest or PatientInTwoSplits; whether the scans and labels are
    sound is for `study.load_study` to say.
    """
    reader = read_csv(path, remedy=_SEE)
    names = reader.fieldnames or ()
    if sorted(names) != sorted(COLUMNS):
        _refuse(f"the columns {', '.join(names) or '(none)'}", "exactly " + ", ".join(COLUMNS))
    studies = []
    for line in reader:
        if "more" in line or None in line.values():
            _refuse(f"row {reader.line_num} with too many or too few cells", f"{len(COLUMNS)}")
        studies.append(_study({k: v.strip() for k, v in line.items()}, path, reader.line_num))
    if not studies:
        _refuse("a manifest without rows", "one row a study")
    return Manifest(tuple(studies))


def write_manifest(manifest: Manifest, path: Path) -> None:
    """The manifest as CSV, paths relative to the file's folder where they lie below it."""
    part = path.with_name(path.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        for s in manifest.studies:
            ct, labels = (_relative(p, path.parent) for p in (s.ct, s.labels))
            out.writerow([s.patient, s.study, ct, labels, s.annotated, s.split])
    part.replace(path)


def _study(cells: dict[str, str], path: Path, row: int) -> Study:
    home = path.parent
    labels = home / cells["labels"] if cells["labels"] else None
    return Study(
        cells["patient"], cells["study"], home / cells["ct"] if cells["ct"] else Path(),
        labels, cells["annotated"], cells["split"], row,  # type: ignore[arg-type]
    )  # fmt: skip


def _relative(path: Path | None, home: Path) -> str:
    if path is None:
        return ""
    full, home = Path(os.path.abspath(path)), Path(os.path.abspath(home))  # noqa: PTH100
    # Not resolve(): a link inside the folder stays what the user named.
    return full.relative_to(home).as_posix() if full.is_relative_to(home) else str(full)


def _check(study: Study) -> None:
    """Refuse a row that cannot be right whatever its files hold."""
    if not study.patient or study.ct == Path():
        _refuse("no patient or no CT", "a name and a path")
    if not STUDY_NAME.fullmatch(study.study):
        _refuse("a study that is no plain name", "letters, digits, dots, dashes, underscores")
    if study.split not in SPLITS:
        _refuse("an unknown split", " or ".join(SPLITS))
    if study.labels is None and study.annotated != NONE:
        _refuse("annotated slices, but no labels", "both or neither")
    if study.labels is not None and study.annotated == NONE:
        _refuse("labels, but no annotated slices", '"all", "labelled" or slices such as 12-80;95')
    if study.annotated not in (ALL, LABELLED, NONE):
        try:
            parse(study.annotated)
        except ValueError as error:
            _refuse(str(error), '"all", "labelled" or slices such as 12-80;95')


def _unique(studies: Sequence[Study]) -> None:
    """Refuse a study or a CT that stands in two rows."""
    seen: dict[object, Study] = {}
    for study in studies:
        ct = os.path.abspath(study.ct)  # noqa: PTH100
        for key, what in ((study.study.lower(), "one study"), (ct, "one CT")):
            if key in seen:
                rows = _rows((seen[key], study))
                _refuse(f"{what} in {rows}", "each study and each CT once")
            seen[key] = study


def _one_split_each(studies: Sequence[Study]) -> None:
    """Refuse a patient of whom one scan would teach and another would test."""
    first: dict[str, Study] = {}
    for study in studies:
        other = first.setdefault(study.patient, study)
        if other.split != study.split:
            raise PatientInTwoSplits(
                f"{_rows((other, study))} are one patient, in {other.split} and {study.split}",
                expected="all scans of a patient in one split",
                remedy="Give both rows the same split.",
            )


def _rows(studies: Iterable[Study]) -> str:
    return "rows " + " and ".join(f"{s.row} (study {s.study})" for s in studies)


_SEE = "Mend the table; docs/how-to/own-data.md shows one."


def _refuse(found: str, expected: str) -> NoReturn:
    raise BadManifest(found, expected=expected, remedy=_SEE)
