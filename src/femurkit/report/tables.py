"""Results as files for other programs: JSON and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write_json(content: Any, path: Path) -> None:
    """Indented UTF-8 JSON. Not-a-number is refused: it is not JSON."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_csv(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """One line a row, columns in the order they first appear.

    A dict inside a row becomes one column an entry, named outer.inner; checks one column each,
    named by their code; other lists one column with spaces between the entries.
    """
    lines = [flat(row) for row in rows]
    columns = list(dict.fromkeys(name for row in lines for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(lines)


def flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """A row as write_csv writes it."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        if name == "checks":
            out.update({check["code"]: check["passed"] for check in value})
        elif isinstance(value, list | tuple):
            out[before + name] = " ".join(str(entry) for entry in value)
        elif isinstance(value, Mapping):
            out.update(flat(value, f"{before}{name}."))
        else:
            out[before + name] = value
    return out
