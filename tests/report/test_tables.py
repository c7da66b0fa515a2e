import csv
import json

import pytest

from femurkit.report.tables import write_csv, write_json

ROWS = [
    {"side": "left", "volume_ml": 1.5, "head_radius_mm": None, "centre": [1, 2.5, 3],
     "missing": {"head": "cut off"}, "checks": [{"code": "CLOSED", "passed": True, "text": "x"}]},
    {"side": "right", "volume_ml": 2.5, "head_radius_mm": 24.0, "centre": [4, 5, 6],
     "missing": {}, "checks": [{"code": "CLOSED", "passed": False, "text": "y"}], "more": "a,b"},
]  # fmt: skip


def test_csv_is_one_flat_line_a_femur(tmp_path):
    write_csv(ROWS, tmp_path / "m.csv")
    with (tmp_path / "m.csv").open(newline="", encoding="utf-8") as file:
        left, right = csv.DictReader(file)
    assert left == {"side": "left", "volume_ml": "1.5", "head_radius_mm": "", "centre": "1 2.5 3",
                    "missing.head": "cut off", "CLOSED": "True", "more": ""}  # fmt: skip
    assert (right["CLOSED"], right["more"], right["missing.head"]) == ("False", "a,b", "")


def test_json_comes_back_as_it_was(tmp_path):
    write_json(ROWS, tmp_path / "m.json")
    assert json.loads((tmp_path / "m.json").read_text(encoding="utf-8")) == ROWS


def test_json_refuses_what_is_not_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json({"a": float("nan")}, tmp_path / "m.json")
    assert not (tmp_path / "m.json").exists()
