"""A network of one's own in place of the shipped one."""

import json
from importlib.resources import files

import pytest
from scipy import ndimage

from femurkit.images import read_mask


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "mine.onnx"
    shipped = files("femurkit.segment") / "weights" / "fine.onnx"
    # A comment more in the file: the same network, other bytes.
    path.write_bytes(shipped.read_bytes() + b"\x32\x04mine")
    return path


def test_the_same_network_in_a_file_gives_the_same_femur(femurkit, patient, both, weights):
    out = weights.parent / "out"
    told = femurkit(
        "reconstruct", patient / "ct", "-o", out, "--side", "left", "--weights", weights,
        "--uncertainty",
    )  # fmt: skip
    assert told.code == 0, told.err
    for name in ("mask.nii.gz", "femur.stl"):
        assert (out / "left" / name).read_bytes() == (both[0] / "left" / name).read_bytes()
    mine, shipped = (json.loads((run / "run.json").read_text()) for run in (out, both[0]))
    assert mine["weights_sha256"] != shipped["weights_sha256"]
    assert mine["settings"]["network"] == "given"
    assert str(weights.parent) not in (out / "run.json").read_text()
    doubt, grid = read_mask(out / "left" / "uncertainty.nii.gz")
    mask, its_grid = read_mask(out / "left" / "mask.nii.gz")
    assert grid.same_as(its_grid)
    assert not (both[0] / "left" / "uncertainty.nii.gz").exists()
    edge = (mask > 0) ^ ndimage.binary_erosion(mask)
    assert 30 < doubt[edge].mean() < 100
    core = ndimage.distance_transform_edt(mask, grid.spacing_mm) > 5
    far = ndimage.distance_transform_edt(mask == 0, grid.spacing_mm) > 5
    assert doubt[core].mean() < 2 and doubt[far].mean() < 2


def test_a_file_that_is_no_network_is_refused(femurkit, patient, weights):
    weights.write_text("not a network")
    out = weights.parent / "deep" / "out"
    told = femurkit("reconstruct", patient / "ct", "-o", out, "--weights", weights)
    assert told.code == 3
    assert told.err.startswith("NotWeights: ")
    assert "(expected " in told.err
    assert not out.parent.exists()
