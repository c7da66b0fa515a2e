import csv
import json

import numpy as np
import pytest

from femurkit.cli import run
from femurkit.geometry import Grid
from femurkit.images import write_mask

GRID = Grid.aligned((20, 40, 60), (3.0, 1.0, 1.0), (-30.0, -20.0, 0.0))


def boxes(shift=0):
    """Two boxes of 10 x 10 x 10 voxels, the left one moved along x."""
    labels = np.zeros(GRID.shape, np.uint8)
    labels[5:15, 10:20, 40 + shift : 50 + shift] = 1
    labels[5:15, 10:20, 10:20] = 2
    return labels


def test_a_box_moved_by_two_voxels(tmp_path, capsys):
    write_mask(boxes(2), GRID, tmp_path / "pred.nii.gz")
    write_mask(boxes(), GRID, tmp_path / "truth.nii.gz")
    files = [str(tmp_path / name) for name in ("pred.nii.gz", "truth.nii.gz")]
    assert run(["evaluate", *files, "-o", str(tmp_path / "out"), "--json"])[0] == 0
    out = capsys.readouterr().out
    told = json.loads(out.splitlines()[-1])
    rows = json.loads((tmp_path / "out" / "metrics.json").read_text())["rows"]
    assert told["femurs"] == rows
    left, right = rows
    assert (left["side"], right["side"]) == ("left", "right")
    assert left["dsc"] == pytest.approx(0.8)
    assert right["dsc"] == 1
    assert right["assd_mm"] == pytest.approx(0, abs=1e-6)
    assert left["volume_ml"] == pytest.approx(3.0)
    assert "0.800" in out
    assert "none: the best sphere has a radius of" in out
    with (tmp_path / "out" / "metrics.csv").open(newline="") as file:
        assert [float(row["dsc"]) for row in csv.DictReader(file)] == [left["dsc"], 1.0]


def test_figures_are_there_unless_refused(tmp_path):
    write_mask(boxes(2), GRID, tmp_path / "pred.nii.gz")
    write_mask(boxes(), GRID, tmp_path / "truth.nii.gz")
    files = [str(tmp_path / name) for name in ("pred.nii.gz", "truth.nii.gz")]
    assert run(["evaluate", *files, "-o", str(tmp_path / "a")])[0] == 0
    assert {p.stem for p in (tmp_path / "a" / "figures").iterdir()} == {
        "truth_left_areas", "truth_left_views", "truth_right_areas", "truth_right_views",
        "scores", "volumes", "areas",
    }  # fmt: skip
    assert run(["evaluate", *files, "-o", str(tmp_path / "b"), "--no-figures"])[0] == 0
    there = {p.name for p in (tmp_path / "b").iterdir()}
    assert there == {"metrics.csv", "metrics.json", "summary.json"}


def test_other_grids_are_refused_and_nothing_is_written(tmp_path):
    other = Grid.aligned(GRID.shape, (3.0, 1.0, 1.0), (-29.0, -20.0, 0.0))
    write_mask(boxes(), GRID, tmp_path / "truth.nii.gz")
    write_mask(boxes(), other, tmp_path / "pred.nii.gz")
    before = set(tmp_path.iterdir())
    files = [str(tmp_path / name) for name in ("pred.nii.gz", "truth.nii.gz")]
    code, reason, _ = run(["evaluate", *files, "-o", str(tmp_path / "out")])
    assert (code, reason) == (3, "BadGeometry")
    assert set(tmp_path.iterdir()) == before
