"""`femurkit mesh` on shapes whose volume is known."""

import csv
import json

import numpy as np
import pytest
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

from femurkit.cli import run
from femurkit.geometry import Grid
from femurkit.images import write_image, write_mask
from femurkit.mesh import read_stl
from femurkit.volume import Volume

GRID = Grid.aligned((80, 90, 190), (2.0, 1.0, 1.0), (-95.0, -40.0, 700.0))


def femur(sign):
    """A crude femur: head, neck, trochanter and a shaft out of the scan. (z, y, x) bool."""
    z, y, x = np.moveaxis(GRID.to_world(np.stack(np.indices(GRID.shape), -1)), -1, 0)[::-1]
    x = x * sign
    head = (x - 30) ** 2 + y**2 + (z - 825) ** 2 < 23**2
    along = np.clip((x - 30) / 40, 0, 1)
    neck = (np.abs(x - 50) < 22) & (y**2 + (z - (825 - 35 * along)) ** 2 < 14**2)
    trochanter = (x - 70) ** 2 + y**2 + (z - 790) ** 2 < 20**2
    shaft = ((x - 70) ** 2 + y**2 < 14**2) & (z < 790)
    return head | neck | trochanter | shaft


@pytest.fixture(scope="module")
def masks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("masks")
    left, right = femur(1), femur(-1)
    write_mask(left + 2 * right.astype(np.uint8), GRID, folder / "both.nii.gz")
    write_mask(7 * right.astype(np.uint8), GRID, folder / "one.nrrd")
    write_mask(left + 5 * right.astype(np.uint8), GRID, folder / "odd.mha")
    write_mask(left & False, GRID, folder / "empty.nii.gz")
    hu = np.where(left | right, 1200, 0).astype(np.int16)
    z, y, x = np.moveaxis(GRID.to_world(np.stack(np.indices(GRID.shape), -1)), -1, 0)[::-1]
    hu[((np.abs(x) - 70) ** 2 + y**2 < 8**2) & (z < 770)] = -50
    hu[:, :12] = -1000
    write_image(Volume(hu, GRID), folder / "ct.nii.gz")
    return folder


def read_vtp(path):
    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(path))
    reader.Update()
    return reader.GetOutput()


def volume_ml(mask):
    return np.count_nonzero(mask) * GRID.voxel_mm3 / 1000


def test_two_femurs_with_ct(masks, tmp_path):
    arguments = [str(masks / "both.nii.gz"), "-o", str(tmp_path / "out")]
    assert run(["mesh", *arguments, "--ct", str(masks / "ct.nii.gz")])[0] == 0
    rows = json.loads((tmp_path / "out" / "measurements.json").read_text())
    assert [row["side"] for row in rows] == ["left", "right"]
    for row, sign in zip(rows, (1, -1), strict=True):
        solid = read_stl(tmp_path / "out" / row["side"] / "femur.stl")
        bone = read_stl(tmp_path / "out" / row["side"] / "femur_hollow.stl")
        assert solid.is_watertight
        assert bone.is_watertight
        assert solid.volume_mm3 / 1000 == pytest.approx(volume_ml(femur(sign)), rel=0.01)
        assert row["volume_ml"] == pytest.approx(solid.volume_mm3 / 1000, rel=1e-4)
        # the canal: 8 mm in radius from the end of the scan to 770, less the rounding at its top
        canal = np.pi * 8**2 * (770 - 699) / 1000
        assert (solid.volume_mm3 - bone.volume_mm3) / 1000 == pytest.approx(canal, rel=0.15)
        assert np.sign(solid.vertices[:, 0].mean()) == sign
    with (tmp_path / "out" / "measurements.csv").open(newline="") as file:
        assert [float(line["volume_ml"]) for line in csv.DictReader(file)] == [
            row["volume_ml"] for row in rows
        ]


def test_one_femur_of_any_label_is_known_by_its_head(masks, tmp_path, capsys):
    assert run(["mesh", str(masks / "one.nrrd"), "-o", str(tmp_path / "out")])[0] == 0
    (row,) = json.loads((tmp_path / "out" / "measurements.json").read_text())
    assert row["side"] == "right"
    assert row["volume_ml"] == pytest.approx(volume_ml(femur(-1)), rel=0.01)
    assert not (tmp_path / "out" / "right" / "femur_hollow.stl").exists()
    assert "by where its head points" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--edge-mm", "3"], ["--within-mm", "0.2"], []])
def test_the_triangles_asked_for_are_written_and_told(masks, tmp_path, option):
    out = tmp_path / "out"
    assert run(["mesh", str(masks / "one.nrrd"), "-o", str(out), "--also", "vtp", *option])[0] == 0
    (row,) = json.loads((out / "measurements.json").read_text())
    told, solid = row["surfaces"]["femur"], read_stl(out / "right" / "femur.stl")
    assert told["faces"] == len(solid.faces)
    assert told["closed"]
    assert told["crossings"] == 0
    if "--edge-mm" in option:
        assert told["median_edge_mm"] == pytest.approx(3, rel=0.1)
        assert told["shortest_edge_mm"] > 0.5
    if "--within-mm" in option:
        assert told["away_mm"] <= 0.2
    assert ("away_mm" in told) == bool(option)
    cut = read_vtp(out / "right" / "femur.vtp").GetCellData().GetArray("cut")
    ends = solid.vertices[solid.faces][vtk_to_numpy(cut) > 0]
    assert len(ends) > 10
    np.testing.assert_allclose(ends[..., 2], 699, atol=1e-3)


def test_the_smoothing_asked_for_is_done_and_its_changes_are_told(masks, tmp_path):
    told = []
    for passes in (0, 200):
        out = tmp_path / f"out{passes}"
        wanted = ["--smooth-passes", str(passes), "--pass-band", "0.02"]
        assert run(["mesh", str(masks / "one.nrrd"), "-o", str(out), *wanted])[0] == 0
        (row,) = json.loads((out / "measurements.json").read_text())
        told.append((row["surfaces"]["femur"]["smoothing"], row["surface_area_mm2"]))
    (none, rough), (much, smooth) = told
    assert none == {"passes": 0, "pass_band": 0.02, "volume_percent": 0, "area_percent": 0}
    assert much["passes"] == 200
    assert abs(much["volume_percent"]) < 0.1, "the volume is given back"
    assert much["area_percent"] < -0.2
    assert smooth < rough


@pytest.mark.parametrize(("name", "found"), [("odd.mha", "labels 1, 5"), ("empty.nii.gz", "empty")])
def test_other_labels_are_refused(masks, tmp_path, name, found):
    code, reason, message = run(["mesh", str(masks / name), "-o", str(tmp_path / "a" / "out")])
    assert (code, reason) == (3, "InputRefused")
    assert found in message
    assert list(tmp_path.iterdir()) == []
