"""Every fault, made on purpose, is refused by its own name; what is right is not."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from femurkit.anatomy import Side
from femurkit.dataset.study import load_study
from femurkit.dicom import write_seg
from femurkit.errors import InputRefused
from femurkit.geometry import Grid
from femurkit.images import write_mask
from femurkit.volume import Mask


@pytest.fixture(autouse=True)
def found(monkeypatch, patient):
    """The hips of the one scan that all these tests read, found once."""
    monkeypatch.setattr("femurkit.dataset.study.find_hips", lambda _: patient.hips)


def with_mask(patient, tmp_path, labels, *, grid=None, **changes):
    grid = grid or patient.grid
    write_mask(labels.astype(np.uint8), grid, tmp_path / "mask.nii.gz")
    return patient.study(labels=tmp_path / "mask.nii.gz", **changes)


def refused(study, code):
    with pytest.raises(InputRefused) as caught:
        load_study(study)
    assert caught.value.code == code
    said = str(caught.value)
    assert said.startswith("row 2, study P001: ")
    assert str(study.ct.parent) not in said
    assert "PHANTOM" not in said
    return said


def test_the_truth_is_accepted_without_a_word(patient):
    loaded = load_study(patient.row)
    assert np.array_equal(loaded.labels, patient.labels)
    assert loaded.notes == ()
    assert all(loaded.annotated[side].all() for side in Side)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 2), (1, 2)], ids=str)
@pytest.mark.parametrize("values", ["left and right", "one value"])
@pytest.mark.parametrize("slices", ["all", "some"])
def test_labels_turned_round_are_mirrored(patient, tmp_path, axes, values, slices):
    labels = patient.labels.copy()
    if slices == "some":
        labels[np.arange(len(labels)) % 5 > 0] = 0
    labels = np.flip(labels, axes)
    study = with_mask(patient, tmp_path, labels > 0 if values == "one value" else labels)
    said = refused(study, "MirroredLabels")
    names = ("slices", "rows", "columns")
    assert " and ".join(names[axis] for axis in axes) + " run the other way" in said


def test_left_and_right_exchanged(patient, tmp_path):
    exchanged = np.array([0, 2, 1])[patient.labels]
    assert "exchanged" in refused(with_mask(patient, tmp_path, exchanged), "MirroredLabels")
    left_as_right = np.where(patient.labels == 1, 2, 0)
    assert "exchanged" in refused(with_mask(patient, tmp_path, left_as_right), "MirroredLabels")
    right = np.where(patient.labels == 2, 2, 0)
    assert load_study(with_mask(patient, tmp_path, right)).labels.max() == 2


@pytest.mark.parametrize(
    ("shift_mm", "said"),
    [((500, 0, 0), "inside the CT"), ((0, 0, -190), "inside the CT"), ((0, 45, 0), "on bone")],
)
def test_labels_elsewhere(patient, tmp_path, shift_mm, said):
    affine = patient.grid.affine.copy()
    affine[:3, 3] += shift_mm
    grid = Grid(patient.grid.shape, affine)
    assert said in refused(
        with_mask(patient, tmp_path, patient.labels, grid=grid), "LabelsElsewhere"
    )


@pytest.mark.parametrize(
    ("labels", "annotated", "said"),
    [
        (lambda right: right * 0, "all", "without a single voxel"),
        (lambda right: right * 0, "labelled", "without a single voxel"),
    ],
)
def test_empty_labels(patient, tmp_path, labels, annotated, said):
    study = with_mask(patient, tmp_path, labels(patient.labels), annotated=annotated)
    assert said in refused(study, "EmptyLabels")


def test_annotated_slices_without_any_label(patient, tmp_path):
    empty = np.flatnonzero(~patient.labels.any((1, 2)))[:2]
    study = with_mask(patient, tmp_path, patient.labels, annotated=";".join(map(str, empty)))
    assert "no label in the 2 annotated slices" in refused(study, "EmptyLabels")


def test_slices_beyond_the_scan(patient):
    count = len(patient.labels)
    said = refused(patient.study(annotated=f"10-{count}"), "BadManifest")
    assert f"slice {count} is annotated, the scan has 0 to {count - 1}" in said


def seg(patient, path, **changes):
    masks = {s: Mask(patient.labels == s.label, patient.grid) for s in Side}
    write_seg(patient.scan.series, masks, path, weights_hash="ab", version="9.9")
    header = dcmread(path)
    for keyword, value in changes.items():
        setattr(header, keyword, value)
    header.save_as(path)


def rtstruct(patient, path, formats, **changes):
    header = dcmread(next((patient.folder / "ct").iterdir()), stop_before_pixels=True)
    for keyword, value in changes.items():
        setattr(header, keyword, value)
    formats.rtstruct(path, patient.labels, patient.grid, header=header)


@pytest.mark.parametrize("kind", ["seg", "rtstruct"])
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PatientID": "PHANTOM-8"}, "PatientID"),
        ({"FrameOfReferenceUID": "1.2.3"}, "frame of reference"),
        ({"PatientID": ""}, ""),
    ],
    ids=["patient", "frame", "anonymous"],
)
def test_labels_of_another_patient(patient, formats, tmp_path, kind, changes, said):
    path = tmp_path / "labels.dcm"
    if kind == "seg":
        seg(patient, path, **changes)
    else:
        rtstruct(patient, path, formats, **changes)
    study = patient.study(labels=path)
    if said:
        assert said in refused(study, "WrongPatient")
    else:
        assert np.array_equal(load_study(study).labels, patient.labels)


def test_pictures_in_reverse_order_are_mirrored(patient, formats, tmp_path):
    formats.pictures(tmp_path / "masks", patient.labels[::-1])
    said = refused(patient.study(labels=tmp_path / "masks"), "MirroredLabels")
    assert "slices run the other way" in said


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (lambda labels: labels[:-1], "{} pictures (expected {}"),
        (lambda labels: labels[:, :, :-2], "picture 1 of "),
    ],
)
def test_pictures_of_another_scan_are_elsewhere(patient, formats, tmp_path, labels, said):
    formats.pictures(tmp_path / "masks", labels(patient.labels))
    said = said.format(len(patient.labels) - 1, len(patient.labels))
    assert said in refused(patient.study(labels=tmp_path / "masks"), "LabelsElsewhere")


def test_a_side_without_labels_is_not_annotated(patient, tmp_path):
    loaded = load_study(with_mask(patient, tmp_path, patient.labels == 1))
    assert loaded.annotated[Side.LEFT].all()
    assert not loaded.annotated[Side.RIGHT].any()
    assert loaded.notes == ("right femur: no label, taken as not annotated",)


def test_what_may_be_a_slip_is_said(patient, tmp_path):
    labels = patient.labels.copy()
    both = np.flatnonzero([set(np.unique(level)) >= {1, 2} for level in labels])
    middle = int(both[len(both) // 2])
    labels[middle : middle + 3] = 0
    notes = load_study(with_mask(patient, tmp_path, labels)).notes
    assert len(notes) == 2
    assert all("3 annotated slices without label" in note for note in notes)
    assert load_study(with_mask(patient, tmp_path, labels, annotated="labelled")).notes == ()
    notes = load_study(
        with_mask(patient, tmp_path, labels, annotated=f"{middle - 5}-{middle - 1}")
    ).notes
    assert len(notes) == 2
    assert all("labelled slices that are not annotated" in note for note in notes)


def test_a_scan_without_labels_is_fine(patient):
    loaded = load_study(patient.study(labels=None, annotated=""))
    assert loaded.labels is None
    assert not loaded.inside(Side.LEFT).any()
    assert not any(told.any() for told in loaded.annotated.values())


def test_no_ct_is_refused_by_row(patient, tmp_path):
    refused(patient.study(ct=tmp_path / "none"), "NothingReadable")
