"""What is cut for training, against the truth of the phantom."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.dataset import prepare
from femurkit.dataset.boxes import outer_bounds_mm
from femurkit.dataset.manifest import Manifest
from femurkit.dataset.prepare import prepared
from femurkit.dataset.study import load_study
from femurkit.errors import InputRefused, NoFemurFound
from femurkit.geometry import Grid
from femurkit.images import write_mask


@pytest.fixture
def hips_seen(monkeypatch, patient):
    """How often the hips were looked for, which are found without the network."""
    calls = []

    def find(_):
        calls.append(1)
        return patient.hips

    monkeypatch.setattr("femurkit.dataset.study.find_hips", find)
    return calls


def opened(hip):
    with np.load(hip.path) as data:
        arrays = {name: data[name] for name in ("hu", "femur", "known")}
        meta = json.loads(data["meta"].item())
    return arrays, meta, Grid(arrays["hu"].shape, np.array(meta["affine"]))


def test_both_hips_are_cut_as_the_truth_has_them(patient, hips_seen, tmp_path):
    # the shafts run out of the scan, so with a margin the boxes do too
    hips = prepared(Manifest((patient.row,)), tmp_path, spacing_mm=1.5, margin_mm=10.0)
    assert [(h.side, h.study, h.patient, h.split, h.labelled) for h in hips] == [
        (side, "P001", "P001", "train", True) for side in Side
    ]
    truth = json.loads((patient.folder / "truth" / "truth.json").read_text())["femurs"]
    for hip, found in zip(hips, patient.hips, strict=True):
        arrays, meta, grid = opened(hip)
        assert {k: v.dtype.name for k, v in arrays.items()} == {
            "hu": "int16", "femur": "uint8", "known": "uint8",
        }  # fmt: skip
        assert np.sign(grid.affine[0, 2]) == hip.side.sign
        assert all(n % 16 == 0 for n in grid.shape)
        low, high = outer_bounds_mm(grid)
        low_found, high_found = outer_bounds_mm(found.box)
        assert (low <= low_found + 1e-6).all()
        assert (high >= high_found - 1e-6).all()
        ml = arrays["femur"].sum() / 255 * grid.voxel_mm3 / 1000
        assert ml == pytest.approx(truth[hip.side.value]["volume_ml"], rel=0.015)
        assert set(np.unique(arrays["known"])) <= {0, 1}
        femur, inside = arrays["femur"] > 127, arrays["known"] > 0
        assert not (femur & ~inside).any()
        slice_voxels = int(np.ceil(patient.grid.spacing_mm[0] / 1.5))
        beyond = ~ndimage.binary_dilation(inside, iterations=slice_voxels)
        assert beyond.any()
        assert (arrays["hu"][beyond] == -1000).all()
        # the shell of a femur is bone, which a hip cut elsewhere or not mirrored would miss
        shell = femur & ~ndimage.binary_erosion(femur, iterations=2)
        assert np.median(arrays["hu"][shell]) > 150
        assert (meta["patient"], meta["study"], meta["side"]) == ("P001", "P001", hip.side.value)


def test_nothing_is_prepared_twice(patient, hips_seen, tmp_path):
    told = []
    manifest = Manifest((patient.row,))

    def again(**changes):
        told.clear()
        options = {"spacing_mm": 3.0, **changes}
        return prepared(manifest, tmp_path, listener=told.append, **options)

    first = again()
    assert told == ["P001"]
    stamps = {hip.path: hip.path.stat().st_mtime_ns for hip in first}
    assert again() == first
    assert told == []
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    manifest = Manifest((patient.study(split="unseen", patient="other"),))
    assert again() == [replace(hip, split="unseen", patient="other") for hip in first]
    assert told == []
    for changes in ({"margin_mm": 10.0}, {"spacing_mm": 4.0}, {"box": "half"}):
        assert {h.path for h in again(**changes)}.isdisjoint(stamps)
        assert told == ["P001"]
    manifest = Manifest((patient.study(annotated="labelled"),))
    assert {h.path for h in again()}.isdisjoint(stamps)
    first[0].path.unlink()
    manifest = Manifest((patient.row,))
    assert again() == first
    assert told == ["P001"]
    assert not list(tmp_path.glob("*.part"))


def test_other_bytes_are_other_hips(patient, hips_seen, tmp_path):
    labels = patient.labels.copy()
    names = []
    for _ in range(2):
        write_mask(labels, patient.grid, tmp_path / "m.nii.gz")
        study = patient.study(labels=tmp_path / "m.nii.gz")
        names += [h.path.name for h in prepared(Manifest((study,)), tmp_path, spacing_mm=4.0)]
        labels[20] = 0
    assert len(set(names)) == 4


def test_half_a_body(patient, hips_seen, tmp_path):
    left, right = prepared(Manifest((patient.row,)), tmp_path, spacing_mm=4.0, box="half")
    for hip in (left, right):
        arrays, _, grid = opened(hip)
        length_mm = patient.grid.shape[0] * patient.grid.spacing_mm[0]
        assert grid.shape == (round(length_mm / 4), 128, 64)
        ml = arrays["femur"].sum() / 255 * grid.voxel_mm3 / 1000
        true_ml = (patient.labels == hip.side.label).sum() * patient.grid.voxel_mm3 / 1000
        assert ml == pytest.approx(true_ml, rel=0.02)


def test_a_scan_without_labels_is_unknown(patient, hips_seen, tmp_path):
    study = patient.study(labels=None, annotated="")
    hips = prepared(Manifest((study,)), tmp_path, spacing_mm=3.0)
    assert [hip.labelled for hip in hips] == [False, False]
    for hip in hips:
        arrays, _, _ = opened(hip)
        assert not arrays["known"].any()
        assert not arrays["femur"].any()
        assert arrays["hu"].max() > 500


def test_only_annotated_slices_are_known(patient, hips_seen, tmp_path):
    study = patient.study(annotated="20-29")
    for hip in prepared(Manifest((study,)), tmp_path, spacing_mm=1.5):
        arrays, _, grid = opened(hip)
        assert hip.labelled
        z_mm = grid.to_world(np.argwhere(arrays["known"]))[:, 2]
        ends = sorted(patient.grid.to_world((i, 0, 0))[2] for i in (19.5, 29.5))
        assert [z_mm.min(), z_mm.max()] == pytest.approx(ends, abs=1.5)
        assert not arrays["femur"][arrays["known"] == 0].any()


def test_labels_place_a_hip_that_is_not_found(patient, monkeypatch, tmp_path):
    def none(_):
        raise NoFemurFound("none")

    monkeypatch.setattr("femurkit.dataset.study.find_hips", none)
    for hip in prepared(Manifest((patient.row,)), tmp_path, spacing_mm=3.0):
        arrays, meta, grid = opened(hip)
        assert any("placed by its labels" in note for note in meta["notes"])
        true_ml = (patient.labels == hip.side.label).sum() * patient.grid.voxel_mm3 / 1000
        ml = arrays["femur"].sum() / 255 * grid.voxel_mm3 / 1000
        assert ml == pytest.approx(true_ml, rel=0.02)
    study = patient.study(labels=None, annotated="")
    with pytest.raises(InputRefused, match="row 2, study P001: no hip found and no labels"):
        prepared(Manifest((study,)), tmp_path, spacing_mm=3.0)


def test_labels_beyond_the_box_extend_it(patient, monkeypatch, tmp_path):
    loaded = load_study(patient.row)
    short = [replace(hip, box=hip.box.crop((40, 0, 0), hip.box.shape)) for hip in loaded.hips]
    settings = prepare.Settings(1.5, 0.0, "hip")
    for side, (box, notes) in prepare.boxes(replace(loaded, hips=tuple(short)), settings).items():
        at = patient.grid.to_world(np.argwhere(patient.labels == side.label))
        low, high = outer_bounds_mm(box)
        assert (low < at.min(0)).all()
        assert (high > at.max(0)).all()
        assert any("extended" in note for note in notes)
