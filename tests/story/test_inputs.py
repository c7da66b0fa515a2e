"""Other kinds of input, and inputs that lack what is looked for."""

import json

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.images import read_image, write_image
from femurkit.volume import Volume


@pytest.fixture(scope="module")
def nifti(femurkit, tmp_path_factory):
    """The same kind of patient as NIfTI."""
    out = tmp_path_factory.mktemp("nifti") / "made"
    told = femurkit("phantom", "-o", out, "--seed", 7, "--spacing", "2,1,1", "--format", "nifti")
    assert told.code == 0, told.err
    return out / "P001" / "ct.nii.gz"


def test_one_hip_missing_the_other_is_done_and_it_is_said(femurkit, nifti, tmp_path):
    whole = read_image(nifti)
    centre = whole.grid.to_index([0.0, 0.0, 0.0])
    keep = slice(int(centre[2]) + 10, None)  # the patient's left half
    start = (0, 0, keep.start)
    half = Volume(
        np.ascontiguousarray(whole.array[:, :, keep]), whole.grid.crop(start, whole.grid.shape)
    )
    write_image(half, tmp_path / "left_half.nii.gz")
    out = tmp_path / "out"
    told = femurkit("reconstruct", tmp_path / "left_half.nii.gz", "-o", out, "--json")
    assert told.code == 0, told.err
    assert [row["side"] for row in told.json["femurs"]] == ["left"]
    note = "no right femur was found"
    assert note in told.err
    assert any(note in said for said in json.loads((out / "run.json").read_text())["warnings"])
    assert note in (out / "report.html").read_text()
    assert not (out / "right").exists()
    # what only DICOM input gives
    assert not (out / "segmentation.dcm").exists()
    assert not (out / "left" / "ct").exists()

    told = femurkit(
        "reconstruct", tmp_path / "left_half.nii.gz", "-o", tmp_path / "none", "--side", "right"
    )
    assert told.code == 4
    assert told.err.startswith("NoFemurFound: ")
    assert not (tmp_path / "none").exists()


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
    assert told.err.startswith("NoFemurFound: ")
    assert [p.name for p in tmp_path.iterdir()] == ["belly.nii.gz"]
