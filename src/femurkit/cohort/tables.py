"""What a cohort amounts to: a row a femur, and a row for each study that has none."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from femurkit.cohort.work import Ended, place_of
from femurkit.locate.missing import CODE
from femurkit.report.tables import flat, write_csv

WITHOUT = ("study", "ct", "state", "code", "message")


def write_tables(ended: Sequence[Ended], out: Path, *, ct: Mapping[str, str]) -> None:
    """OUT/cohort.csv and cohort.parquet, a row a femur; OUT/failures.csv, a row for each study
    without one and for each femur that is missing though its scan should show it.

    ct: where each study's scan is, as failures.csv says it. The same results give the same tables,
    whenever and wherever they were made.
    """
    rows: list[Mapping[str, Any]] = []
    failures = [asdict(each) for each in ended if each.state != "done"]
    for each in ended:
        if each.state == "done":
            path = place_of(out, each.study) / "measurements.json"
            femurs = json.loads(path.read_text(encoding="utf-8"))
            rows += [{"study": each.study, **femur} for femur in femurs]
            failures += _missing(each.study, out)
    write_csv(rows, out / "cohort.csv")
    _write_parquet([flat(row) for row in rows], out / "cohort.parquet")
    with (out / "failures.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, WITHOUT, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**row, "ct": ct[row["study"]]} for row in failures)


def _missing(study: str, out: Path) -> list[dict[str, Any]]:
    """A row for each femur that the scan of a study should show and that was not found."""
    run = json.loads((place_of(out, study) / "run.json").read_text(encoding="utf-8"))
    lost = [m for m in run.get("femurs", {}).get("missing", []) if m["expected"]]
    return [
        {"study": study, "state": "missing", "code": CODE, "message": f"{m['side']}: {m['reason']}"}
        for m in lost
    ]


def _write_parquet(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Columns of one type each: a number is a float unless all are whole."""
    import pyarrow
    from pyarrow import parquet

    columns = dict.fromkeys(name for row in rows for name in row)
    table = pyarrow.table({name: _column([row.get(name) for row in rows]) for name in columns})
    parquet.write_table(table, path)


def _column(values: Sequence[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    if len(kinds) > 1:
        return [None if value is None else str(value) for value in values]
    return list(values)
