"""From a folder of DICOM to two femurs, as a user meets it."""

import csv
import hashlib
import json
import re

import numpy as np
import pytest

from femurkit.evaluation.compare import compare
from femurkit.images import read_mask
from femurkit.mesh import read_stl
from femurkit.report.render import _volume_script
from femurkit.segment.engines import devices
from femurkit.solid import faces, uncut
from femurkit.volume import Mask

SIDES = ("left", "right")


def files(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def digest(folder):
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_out_holds_what_the_contract_says(both):
    out, _ = both
    slices = {name for name in files(out) if re.fullmatch(r"(left|right)/ct/[^/]+\.dcm", name)}
    assert files(out) - slices == {
        "run.json", "measurements.json", "measurements.csv", "report.html", "segmentation.dcm",
        *(f"{s}/{f}" for s in SIDES for f in (
            "mask.nii.gz", "femur.stl", "femur_hollow.stl", "cortex.vtp",
            "femur_stl.dcm", "femur_hollow_stl.dcm",
        )),
    }  # fmt: skip
    assert [p.name for p in out.parent.iterdir()] == [out.name]


def test_both_femurs_are_close_to_the_truth(both, patient):
    rows = compare(both[0], patient)
    assert [row["side"] for row in rows] == list(SIDES)
    for row in rows:
        assert row["dsc"] >= 0.95, row
        assert row["assd_mm"] <= 0.7, row
        assert abs(row["volume_error_percent"]) <= 5, row


@pytest.mark.parametrize("side", SIDES)
def test_mask_surface_and_measurements_agree(both, side):
    out, _ = both
    labels, grid = read_mask(out / side / "mask.nii.gz")
    assert set(np.unique(labels)) == {0, 1}
    solid, bone = (read_stl(out / side / f"{n}.stl") for n in ("femur", "femur_hollow"))
    assert solid.is_watertight
    assert bone.is_watertight
    volume = Mask(labels > 0, grid).volume_ml
    assert solid.volume_mm3 / 1000 == pytest.approx(volume, rel=0.01)
    row = next(r for r in load(out / "measurements.json") if r["side"] == side)
    assert row["volume_ml"] == pytest.approx(solid.volume_mm3 / 1000, rel=1e-4)
    assert row["surface_area_mm2"] == pytest.approx(uncut(solid, faces(grid)).area_mm2, rel=1e-4)
    assert row["surface_area_mm2"] + row["end_area_mm2"] == pytest.approx(solid.area_mm2, rel=1e-4)
    assert row["surfaces"]["femur"]["faces"] == len(solid.faces)
    assert row["surfaces"]["femur"]["crossings"] == 0
    assert row["hollow_volume_ml"] == pytest.approx(bone.volume_mm3 / 1000, rel=1e-4)
    lateral = solid.vertices[:, 0].mean()
    assert lateral > 0 if side == "left" else lateral < 0


def test_json_csv_and_last_line_say_the_same(both):
    out, told = both
    rows = load(out / "measurements.json")
    assert told.json["ok"] is True
    assert told.json["femurs"] == rows
    with (out / "measurements.csv").open(newline="", encoding="utf-8") as file:
        assert [(r["side"], float(r["volume_ml"])) for r in csv.DictReader(file)] == [
            (row["side"], row["volume_ml"]) for row in rows
        ]


def test_run_record_tells_how_but_not_who_or_where(both, patient):
    out, _ = both
    record = load(out / "run.json")
    assert re.fullmatch("[0-9a-f]{64}", record["weights_sha256"])
    assert record["settings"] == {
        "side": "both", "recipe": "default", "network": "shipped", "device": devices()[0],
        "slices": "touched", "gaps": "refuse", "anonymize": "no", "uncertainty": "no",
        "formats": "stl", "space": "LPS",
        "triangles": "as found", "smoothing": "as needed", "outline": "edge",
    }  # fmt: skip
    assert {"read", "find hips", "left: segment", "right: surfaces"} <= set(record["seconds"])
    longest, all_of = max(record["seconds"].values()), sum(record["seconds"].values())
    assert longest < record["total_seconds"] < all_of + 1  # left and right side by side
    pydicom = pytest.importorskip("pydicom")
    header = pydicom.dcmread(next((patient / "ct").iterdir()), stop_before_pixels=True)
    assert record["input"]["series_uid"] == header.SeriesInstanceUID
    words = (out / "run.json").read_text() + (out / "report.html").read_text()
    for secret in (str(header.PatientName), str(header.PatientID), str(patient.parent)):
        assert len(secret) > 3
        assert secret not in words


def test_report_opens_offline_and_is_small(both):
    text = (both[0] / "report.html").read_text(encoding="utf-8")
    assert len(text) < 5e6 + len(_volume_script())
    assert text.count("<svg") == 8
    assert text.count("<img") == 10
    assert not re.search(r"""(src|href)="(?!data:|#)""", text)


def test_a_line_a_step_when_piped(both):
    out, told = both
    steps = list(load(out / "run.json")["seconds"])
    said = [line for line in told.err.splitlines() if not line.startswith("note: ")]
    assert sorted(said[: len(steps)]) == sorted(steps)  # left and right side by side
    for side in ("left", "right"):
        mine = [name for name in steps if name.startswith(side)]
        assert [name for name in said if name in mine] == mine


def test_quiet_says_only_what_is_wrong(femurkit, patient, tmp_path):
    told = femurkit(
        "reconstruct", patient / "ct", "-o", tmp_path / "out", "--side", "left", "--quiet"
    )
    assert told.code == 0
    assert told.out == ""
    assert all(line.startswith("note: ") for line in told.err.splitlines())


def test_one_side_only_is_the_same_femur(femurkit, both, patient, tmp_path):
    before = digest(patient)
    told = femurkit("reconstruct", patient / "ct", "-o", tmp_path / "one", "--side", "right")
    assert told.code == 0, told.err
    assert not (tmp_path / "one" / "left").exists()
    assert digest(tmp_path / "one" / "right") == digest(both[0] / "right")
    assert digest(patient) == before


def test_the_same_input_gives_the_same_bytes(femurkit, both, patient, tmp_path):
    told = femurkit("reconstruct", patient / "ct", "-o", tmp_path / "again")
    assert told.code == 0, told.err
    # seconds are in these, and the time of its making in a DICOM object
    changing = {"run.json", "report.html", "segmentation.dcm"}
    first, second = digest(both[0]), digest(tmp_path / "again")
    assert first.keys() == second.keys()
    assert {k for k in first if first[k] != second[k]} <= changing


def test_the_segmentation_object_meshes_to_the_same_femurs(femurkit, both, tmp_path):
    out, _ = both
    told = femurkit("mesh", out / "segmentation.dcm", "-o", tmp_path / "mesh", "--json")
    assert told.code == 0, told.err
    rows = {row["side"]: row for row in load(out / "measurements.json")}
    assert [row["side"] for row in told.json["femurs"]] == list(rows)
    for row in told.json["femurs"]:
        assert row["mask_volume_ml"] == rows[row["side"]]["mask_volume_ml"]
        assert row["volume_ml"] == pytest.approx(rows[row["side"]]["volume_ml"], rel=0.01)


def test_a_ct_slice_is_no_mask(femurkit, patient, tmp_path):
    slice_ = next((patient / "ct").iterdir())
    told = femurkit("mesh", slice_, "-o", tmp_path / "mesh")
    assert told.code == 3
    assert told.err.splitlines()[-1].startswith(
        "InputRefused: a DICOM file that is no segmentation"
    )
    assert list(tmp_path.iterdir()) == []
