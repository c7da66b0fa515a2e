"""`femurkit dataset`: the table, exit codes, JSON."""

import json

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.cli import run
from femurkit.geometry import Grid
from femurkit.images import write_image, write_mask
from femurkit.locate.hip import Hip
from femurkit.volume import Volume

GRID = Grid.aligned((40, 50, 110), (4.0, 4.0, 4.0), (-218.0, -98.0, 700.0))


def femur(sign):
    x, y, z = np.moveaxis(GRID.to_world(np.stack(np.indices(GRID.shape), -1)), -1, 0)
    head = (x * sign - 60) ** 2 + (y + 20) ** 2 + (z - 815) ** 2 < 23**2
    return head | (((x * sign - 95) ** 2 + y**2 < 15**2) & (z < 800))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two patients of simple shapes, and hips found where they are."""
    boxes = [
        Grid.aligned((100, 64, 64), (1.5,) * 3, (side.sign * 77 - 47, -60, 700)) for side in Side
    ]
    hips = [Hip(side, box, 90.0) for side, box in zip(Side, boxes, strict=True)]
    monkeypatch.setattr("femurkit.dataset.study.find_hips", lambda _: hips)
    left, right = femur(1), femur(-1)
    for number in (1, 2):
        place = tmp_path / f"P{number}"
        place.mkdir()
        tissue = np.random.default_rng(number).normal(30, 10, GRID.shape)
        hu = np.where(left | right, 700 + number, tissue).astype(np.int16)
        hu[:, :5] = -1000
        write_image(Volume(hu, GRID), place / "ct.nii.gz")
        write_mask(left + 2 * right.astype(np.uint8), GRID, place / "mask.nii.gz")
    return tmp_path


def test_from_a_folder_to_prepared_hips(folder, capsys):
    table = folder / "m.csv"
    code, _, _ = run(["dataset", "--from", str(folder), "-o", str(table), "--validation", "1"])
    assert code == 0
    assert len(table.read_text().splitlines()) == 3
    capsys.readouterr()
    cache = folder / "cache"
    arguments = ["--prepare", str(cache), "--spacing", "3", "--json"]
    assert run(["dataset", str(table), *arguments])[0] == 0
    out = capsys.readouterr().out
    told = json.loads(out.splitlines()[-1])
    assert told["ok"]
    assert [row["study"] for row in told["studies"]] == ["P1", "P2"]
    for row in told["studies"]:
        assert row["slices"] == 40
        assert row["hips"] == ["left", "right"]
        assert row["labels_ml"]["left"] == pytest.approx(femur(1).sum() * 0.064, abs=1e-3)
        assert any(note.startswith("Slices of 4 mm") for note in row["notes"])
    assert {hip["file"] for hip in told["prepared"]} == {p.name for p in cache.glob("*.npz")}
    assert len(told["prepared"]) == 4
    for word in ("study", "split", "slices", "annotated", "labels ml", "hips", "notes"):
        assert word in out


def test_every_refusal_is_told_and_the_exit_code_is_3(folder, capsys):
    write_mask(femur(1) * np.uint8(2) + femur(-1), GRID, folder / "P1" / "mask.nii.gz")
    write_mask(np.zeros(GRID.shape, np.uint8), GRID, folder / "P2" / "mask.nii.gz")
    table = folder / "m.csv"
    run(["dataset", "--from", str(folder), "-o", str(table)])
    code, reason, message = run(["dataset", str(table), "--prepare", str(folder / "cache")])
    assert (code, reason) == (3, "MirroredLabels")
    assert "row 2, study P1" in message
    err = capsys.readouterr().err
    assert "EmptyLabels: row 3, study P2" in err
    assert not (folder / "cache").exists()


def test_an_existing_table_is_kept(folder):
    table = folder / "m.csv"
    table.write_text("mine")
    arguments = ["dataset", "--from", str(folder), "-o", str(table)]
    assert run(arguments)[:2] == (3, "OutputExists")
    assert table.read_text() == "mine"
    assert run([*arguments, "--overwrite"])[0] == 0
    assert table.read_text().startswith("patient,")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["m.csv", "--from", "x", "-o", "y"],
        ["--from", "x"],
        ["m.csv", "-o", "y"],
        ["--from", "x", "-o", "y", "--prepare", "z"],
        ["m.csv", "--box", "third"],
        ["m.csv", "--spacing", "0"],
    ],
    ids=" ".join,
)
def test_usage_is_2(arguments):
    assert run(["dataset", *arguments])[0] == 2
