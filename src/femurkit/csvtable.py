"""Tables that a person wrote: CSV with commas, or with semicolons as Excel writes it in Europe."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from femurkit.errors import NothingReadable


def read_csv(path: Path, *, remedy: str) -> csv.DictReader[str]:
    """The rows of a table in UTF-8; its header line tells whether commas or semicolons part them.

    Names of columns have no space around them; what a row has too much of stands under "more".
    remedy: what is said to mend it. Raises NothingReadable.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise NothingReadable(
            "no table at the path given", expected="a CSV file in UTF-8", remedy=remedy
        ) from None
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="more", delimiter=delimiter)
    reader.fieldnames = [str(name).strip() for name in reader.fieldnames or ()]
    return reader
