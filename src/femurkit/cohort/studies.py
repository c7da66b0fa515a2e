"""The table that says which scans a cohort has.

study,ct
A01,A01/dicom
A02,A02/ct.nii.gz
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from femurkit.csvtable import read_csv
from femurkit.errors import BadManifest

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Study:
    """name: of its folder of results; ct: anything that `reconstruct` takes, an absolute path;
    given: the same as the table has it.
    """

    name: str
    ct: Path
    given: str


def read_studies(path: Path) -> tuple[Study, ...]:
    """The studies of a CSV file in UTF-8 with the columns study and ct; others are left alone.

    Paths count from the folder of the file. Raises NothingReadable or BadManifest.
    """
    reader = read_csv(path, remedy=REMEDY)
    columns = reader.fieldnames or ()
    if not {"study", "ct"} <= set(columns):
        _refuse(f"the columns {', '.join(columns) or '(none)'}", "study and ct")
    home, studies, seen = path.absolute().parent, [], {"": 0}
    for line in reader:
        name, ct = (str(line[column] or "").strip() for column in ("study", "ct"))
        row = f"row {reader.line_num}"
        if not NAME.fullmatch(name):
            _refuse(f"{row}: a study that is no plain name", "letters, digits, . - _")
        if not ct:
            _refuse(f"{row}: no ct", "the path of a scan")
        if (first := seen.setdefault(name.lower(), reader.line_num)) != reader.line_num:
            _refuse(f"one study in rows {first} and {reader.line_num}", "each study once")
        studies.append(Study(name, home / ct, ct))
    if not studies:
        _refuse("a table without rows", "one row a study")
    return tuple(studies)


REMEDY = "Mend the table; docs/how-to/cohort.md shows one."


def _refuse(found: str, expected: str) -> NoReturn:
    raise BadManifest(found, expected=expected, remedy=REMEDY)
