"""Every kind of label gives the same labels on the grid of the CT."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from femurkit.anatomy import Side
from femurkit.dataset.labels import on_scan, read_labels
from femurkit.dicom import write_seg
from femurkit.geometry import Grid
from femurkit.images import write_mask
from femurkit.volume import Mask


def read(path, patient):
    return on_scan(read_labels(path, patient.grid), patient.scan, patient.hips)


def dsc(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def seg(path, patient, labels, _):
    masks = {side: Mask(labels == side.label, patient.grid) for side in Side}
    masks = {side: mask for side, mask in masks.items() if mask.array.any()}
    write_seg(patient.scan.series, masks, path, weights_hash="ab", version="9.9")
    return path


def slicer(path, patient, labels, formats):
    """Cropped to the label, as Slicer saves it, the sides by name only, in one layer."""
    at = np.argwhere(labels)
    low, high = at.min(0), at.max(0) + 1
    part = labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    values = np.array([0, 5, 3], np.uint8)[part]
    segments = [("Right femur", 3, 0), ("Left femur", 5, 0), ("pelvis", 9, 0)]
    return formats.slicer(path, values[None], patient.grid.crop(low, high), segments)


def turned(path, patient, labels, _):
    """A NIfTI whose axes are x, z, -y: other order, same place."""
    array = labels.transpose(2, 0, 1)[:, :, ::-1]
    affine = patient.grid.affine.copy()
    affine[:3, 3] = patient.grid.to_world((0, labels.shape[1] - 1, 0))
    affine[:3, :3] = affine[:3, [2, 0, 1]] * [1, 1, -1]
    write_mask(array, Grid(array.shape, affine), path)
    return path


KINDS = {
    "nifti": ("m.nii.gz", lambda path, p, labels, f: write_mask(labels, p.grid, path)),
    "metaimage": ("m.mha", lambda path, p, labels, f: write_mask(labels, p.grid, path)),
    "nrrd": ("m.nrrd", lambda path, p, labels, f: write_mask(labels, p.grid, path)),
    "turned": ("m.nii", turned),
    "slicer": ("m.seg.nrrd", slicer),
    "layers": (
        "m.seg.nrrd",
        lambda path, p, labels, f: f.slicer(
            path,
            np.stack([labels == 2, labels == 1]).astype(np.uint8),
            p.grid,
            [("femur_R", 1, 0), ("femur_L", 1, 1)],
        ),
    ),
    "unsided": (
        "m.seg.nrrd",
        lambda path, p, labels, f: f.slicer(
            path, (labels[None] > 0) * np.uint8(1), p.grid, [("femur", 1, 0)]
        ),
    ),
    "seg": ("m.dcm", seg),
    "rtstruct": (
        "m.dcm",
        lambda path, p, labels, f: f.rtstruct(
            path, labels, p.grid, header=p.scan.series.headers[0]
        ),
    ),
    "png": ("labels", lambda path, p, labels, f: f.pictures(path, labels)),
    "tiff of 255": (
        "labels",
        lambda path, p, labels, f: f.pictures(path, (labels > 0) * 255, suffix="tif"),
    ),
    "one value": (
        "m.nii.gz",
        lambda path, p, labels, f: write_mask((labels > 0) * np.uint8(1), p.grid, path),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sparse", [False, True], ids=["whole", "every fourth slice"])
def test_labels_land_voxel_for_voxel(patient, formats, tmp_path, kind, sparse):
    labels = patient.labels.copy()
    if sparse:
        labels[np.arange(len(labels)) % 4 > 0] = 0
    name, write = KINDS[kind]
    write(tmp_path / name, patient, labels, formats)
    got, notes = read(tmp_path / name, patient)
    assert got.dtype == np.uint8
    assert np.array_equal(got, labels)
    assert notes == ()


@pytest.mark.parametrize("side", list(Side))
def test_one_femur_of_one_value_lies_at_its_hip(patient, tmp_path, side):
    write_mask((patient.labels == side.label) * np.uint8(1), patient.grid, tmp_path / "m.nii.gz")
    got, _ = read(tmp_path / "m.nii.gz", patient)
    assert np.array_equal(got, np.where(patient.labels == side.label, side.label, 0))
    no_hip, _ = on_scan(read_labels(tmp_path / "m.nii.gz", patient.grid), patient.scan, [])
    assert np.array_equal(no_hip, got)


def test_a_slip_of_the_brush_does_not_make_two_femurs(patient, tmp_path):
    array = (patient.labels == 1) * np.uint8(1)
    array[30, 3:6, 3:6] = 1
    write_mask(array, patient.grid, tmp_path / "m.nii.gz")
    assert set(np.unique(read(tmp_path / "m.nii.gz", patient)[0])) == {0, 1}


def test_labels_of_another_grid_are_interpolated_and_it_is_said(patient, tmp_path):
    low, _ = patient.grid.bounds_mm()
    fine = Grid.aligned(np.array(patient.grid.shape) * [2, 1, 1], (1.5, 2.0, 2.0), low - 0.3)
    at = np.rint(patient.grid.to_index(fine.to_world(np.moveaxis(np.indices(fine.shape), 0, -1))))
    inside = ((at >= 0) & (at < patient.grid.shape)).all(-1)
    array = np.zeros(fine.shape, np.uint8)
    array[inside] = patient.labels[tuple(at[inside].astype(int).T)]
    write_mask(array, fine, tmp_path / "m.nii.gz")
    got, (note,) = read(tmp_path / "m.nii.gz", patient)
    for side in Side:
        assert dsc(got == side.label, patient.labels == side.label) > 0.98
    assert "interpolated" in note


def test_contours_on_thinner_slices_do_not_cancel_each_other(patient, formats, tmp_path):
    """Drawn on a CT of 1 mm, read on one of 3 mm: the nearest plane counts."""
    thrice = np.repeat(patient.labels, 3, axis=0)
    affine = patient.grid.affine.copy()
    affine[:3, 3] = patient.grid.to_world((-1 / 3, 0, 0))
    affine[:3, 0] /= 3
    header = patient.scan.series.headers[0]
    path = formats.rtstruct(tmp_path / "m.dcm", thrice, Grid(thrice.shape, affine), header=header)
    assert np.array_equal(read(path, patient)[0], patient.labels)


def test_a_number_on_two_femurs_is_no_side(patient, tmp_path):
    write_mask((patient.labels > 0) * np.uint8(2), patient.grid, tmp_path / "m.nii.gz")
    assert np.array_equal(read(tmp_path / "m.nii.gz", patient)[0], patient.labels)


@pytest.mark.parametrize("names", [("pelvis", "femora"), ("pelvis", "femur"), ("R", "L")])
def test_segments_without_codes_go_by_their_labels(patient, tmp_path, names):
    """As exported with a general code for every segment."""
    block = np.zeros_like(patient.labels)
    block[40:50, 5:15, 5:15] = 1
    if names[0] == "R":
        one, two = patient.labels == 2, patient.labels == 1
    else:
        one, two = block > 0, patient.labels > 0
    masks = {Side.LEFT: Mask(one, patient.grid), Side.RIGHT: Mask(two, patient.grid)}
    path = tmp_path / "seg.dcm"
    write_seg(patient.scan.series, masks, path, weights_hash="ab", version="9.9")
    header = dcmread(path)
    for segment, name in zip(header.SegmentSequence, names, strict=True):
        segment.SegmentLabel = name
        code = segment.SegmentedPropertyTypeCodeSequence[0]
        code.CodeValue, code.CodeMeaning = "85756007", "Tissue"
        del code.SegmentedPropertyTypeModifierCodeSequence
    header.save_as(path)
    assert np.array_equal(read(path, patient)[0], patient.labels)
