"""What inspect says of a scan without segmenting it; on the story's phantom and on refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread

from femurkit.cli import run
from femurkit.dicom import write_new_series
from femurkit.errors import NoFemurFound
from femurkit.geometry import Grid
from femurkit.images import write_image
from femurkit.inspection import inspect
from femurkit.locate.find import find_hips
from femurkit.phantom import make_patient
from femurkit.volume import Volume


@pytest.fixture(scope="module")
def scan():
    return make_patient(5, spacing_mm=(3.0, 1.5, 1.5)).volume


def verdicts(volume, tmp_path):
    write_image(volume, tmp_path / "ct.nii")
    told = inspect(tmp_path / "ct.nii")
    return told, {row.code: row.verdict for row in told.rows if row.verdict != "holds"}


def test_of_a_whole_scan_everything_holds(scan, tmp_path):
    told, found = verdicts(scan, tmp_path)
    assert told.refused is None
    assert found == {"NO_CONTRAST": "note"}, "this patient's vessels and bowel hold it"
    assert sum(row.claim.startswith("left:") for row in told.rows) == 3


def test_metal_and_thick_slices(scan, tmp_path):
    hu = scan.array.copy()
    hu[10:16, 40:60, 40:60] = 3000
    thick = Grid(scan.grid.shape, scan.grid.affine @ np.diag([1.2, 1, 1, 1]))
    assert verdicts(Volume(hu, thick), tmp_path)[1] == {
        "METAL_FREE": "warning", "SLICES_THIN": "warning", "NO_CONTRAST": "note"
    }  # fmt: skip


def test_a_scan_that_begins_at_the_head_and_ends_too_soon(scan, tmp_path):
    (hip, *_) = find_hips(scan)
    top = scan.grid.to_index(hip.box.to_world(np.array(hip.box.shape) - 1))[0] - 17
    low = int(top - 75 / scan.grid.spacing_mm[0])
    part = scan.grid.crop((low, 0, 0), (int(top), *scan.grid.shape[1:]))
    cut = Volume(scan.array[low : int(top)], part)
    _, found = verdicts(cut, tmp_path)
    assert found["HEAD_IN_SCAN"] == "warning"
    assert found["REACHES_SHAFT"] == "warning"


def test_a_field_of_view_that_cuts_the_femur(scan, tmp_path):
    (hip, *_) = find_hips(scan)
    femur = hip.probability.grid.to_world(np.argwhere(hip.probability.array >= 0.5))
    edge = int(scan.grid.to_index(femur.mean(0) + [20, 0, 0])[2])
    part = scan.grid.crop((0, 0, 0), (*scan.grid.shape[:2], edge))
    _, found = verdicts(Volume(scan.array[..., :edge], part), tmp_path)
    assert found["FEMUR_IN_VIEW"] == "warning"


def test_no_femur_is_an_error_in_the_table(scan, tmp_path):
    head = replace(scan, array=np.where(scan.array > 150, 40, scan.array).astype(np.int16))
    told, found = verdicts(head, tmp_path)
    assert isinstance(told.refused, NoFemurFound)
    assert found == {"NoFemurFound": "error"}


def test_every_usable_series_is_listed_and_an_error_printed_once(tmp_path, capsys):
    made = make_patient(5, spacing_mm=(4.0, 4.0, 4.0))
    for name, count in (("a", 40), ("b", 30), ("c", 1)):
        corner = Grid(made.volume.array[:count].shape, made.volume.grid.affine)
        part = Volume(made.volume.array[:count], corner)
        write_new_series(part, tmp_path / name, seed_text=name, patient={})
    run(["inspect", str(tmp_path), "--json"])
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {(s["description"], s["slices"], s["length_mm"]) for s in told["series"]} == {
        ("femurkit phantom", 40, 160.0), ("femurkit phantom", 30, 120.0),
    }  # fmt: skip
    assert run(["inspect", str(tmp_path / "c")])[:2] == (3, "TooShort")
    out, err = capsys.readouterr()
    assert (out + err).count("1 slice over") == 1


def test_a_refused_series_says_what_held_before(tmp_path):
    (tmp_path / "a.txt").write_text("nothing")
    told = inspect(tmp_path)
    assert told.refused is not None
    assert [row.verdict for row in told.rows] == ["error"]
    assert told.rows[0].code == "NothingReadable"


def test_of_a_series_that_is_refused_the_checks_before_it_hold(tmp_path):
    made = make_patient(5, spacing_mm=(4.0, 4.0, 4.0))
    write_new_series(made.volume, tmp_path, seed_text="a", patient={})
    for number, path in enumerate(sorted(tmp_path.iterdir())):
        ds = dcmread(path)
        x, y, z = ds.ImagePositionPatient
        ds.ImagePositionPatient = [x, y + 9 * (number > 9), z]
        ds.save_as(path)
    told = inspect(tmp_path)
    assert [row.verdict for row in told.rows] == [*["holds"] * 8, "error"]
    assert told.rows[-1].claim == "the slices are stacked along a straight line"
