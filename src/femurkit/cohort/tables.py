"""What a cohort amounts to: a row a femur, and a row for each study that has none."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from femurkit.cohort.work import Ended, place_of
from femurkit.report.tables import flat, write_csv

WITHOUT = ("study", "ct", "state", "code", "message")


def write_tables(ended: Sequence[Ended], out: Path, *, ct: Mapping[str, str]) -> None:
    """OUT/cohort.csv and cohort.parquet, a row a femur; OUT/failures.csv, a row a study without.

    ct: where each study's scan is, as failures.csv says it. The same results give the same tables,
    whenever and wherever they were made.
    """
    rows: list[Mapping[str, Any]] = []
    for each in ended:
        if each.state == "done":
            path = place_of(out, each.study) / "measurements.json"
            femurs = json.loads(path.read_text(encoding="utf-8"))
            rows += [{"study": each.study, **femur} for femur in femurs]
    write_csv(rows, out / "cohort.csv")
    _write_parquet([flat(row) for row in rows], out / "cohort.parquet")
    with (out / "failures.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, WITHOUT, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(
            {**asdict(each), "ct": ct[each.study]} for each in ended if each.state != "done"
        )


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
