"""Other kinds of input, and inputs that lack what is looked for."""

import json

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.evaluation.compare import compare
from femurkit.geometry import Grid
from femurkit.images import write_image
from femurkit.phantom.patient import make_patient
from femurkit.phantom.write import write_patient
from femurkit.volume import Volume


@pytest.fixture(scope="module")
def one_legged(tmp_path_factory):
    """A patient without right femur, as NIfTI."""
    folder = tmp_path_factory.mktemp("one") / "P001"
    made = make_patient(7, spacing_mm=(2.0, 1.0, 1.0), missing=Side.RIGHT)
    write_patient(made, folder, format="nifti")
    return folder


def test_one_hip_missing_the_other_is_done_and_it_is_said(femurkit, one_legged, tmp_path):
    out = tmp_path / "out"
    told = femurkit("reconstruct", one_legged / "ct.nii.gz", "-o", out, "--json")
    assert told.code == 0, told.err
    assert [row["side"] for row in told.json["femurs"]] == ["left"]
    (row,) = compare(out, one_legged)
    assert row["dsc"] >= 0.95
    note = "o right femur was found"
    assert note in told.err
    assert any(note in said for said in json.loads((out / "run.json").read_text())["warnings"])
    assert note in (out / "report.html").read_text()
    assert not (out / "right").exists()
    # what only DICOM input gives
    assert not (out / "segmentation.dcm").exists()
    assert not (out / "left" / "ct").exists()


def test_a_missing_femur_comes_first_and_strict_refuses_it(femurkit, one_legged, tmp_path):
    out = tmp_path / "out"
    told = femurkit("reconstruct", one_legged / "ct.nii.gz", "-o", out, "--json", "--quiet")
    assert told.code == 0
    assert told.err.splitlines()[0].startswith("warning: No right femur was found, although")
    run = json.loads((out / "run.json").read_text())
    assert run["femurs"]["made"] == ["left"]
    assert run["femurs"]["missing"] == told.json["missing"]
    assert [(m["side"], m["expected"]) for m in told.json["missing"]] == [("right", True)]
    assert run["remarks"][0]["code"] == "FEMUR_MISSING"
    assert "Right: not found" in (out / "report.html").read_text()
    strict = tmp_path / "strict"
    told = femurkit("reconstruct", one_legged / "ct.nii.gz", "-o", strict, "--strict")
    assert told.code == 4 and "Leave --strict out" in told.err
    assert not strict.exists()


def test_the_missing_side_alone_is_4(femurkit, one_legged, tmp_path):
    out = tmp_path / "out"
    told = femurkit("reconstruct", one_legged / "ct.nii.gz", "-o", out, "--side", "right")
    assert told.code == 4
    assert told.err.splitlines()[-1].startswith("NoFemurFound: ")
    assert list(tmp_path.iterdir()) == []


def test_a_body_without_femur_is_4(femurkit, tmp_path):
    grid = Grid.aligned((70, 110, 150), (3.0, 3.0, 3.0), (-225.0, -165.0, 0.0))
    x, y, _ = np.moveaxis(grid.to_world(np.stack(np.indices(grid.shape), -1)), -1, 0)
    radius = np.hypot(x / 170, y / 120)
    hu = np.where(radius < 1, -100, -1000)
    hu[radius < 0.85] = 40
    noise = np.random.default_rng(0).normal(0, 12, grid.shape)
    write_image(Volume((hu + noise).astype(np.int16), grid), tmp_path / "belly.nii.gz")
    told = femurkit("reconstruct", tmp_path / "belly.nii.gz", "-o", tmp_path / "out")
    assert told.code == 4, told
    assert told.err.splitlines()[-1].startswith("NoFemurFound: ")
    assert [p.name for p in tmp_path.iterdir()] == ["belly.nii.gz"]
