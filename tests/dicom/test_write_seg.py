"""The SEG object, read back with plain pydicom."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pydicom import dcmread

from femurkit.anatomy import Side
from femurkit.dicom import (
    choose,
    find_series,
    read_series,
    write_seg,
    write_segmented_series,
)  # fmt: skip
from femurkit.volume import Mask


@pytest.fixture(params=[(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, 1, 0)], ids=["HFS", "FFS"])
def series(request, tmp_path, slices, write, hu):
    folder = write(slices(hu, orientation=request.param), tmp_path / "in")
    return read_series(choose(find_series(folder)).candidate)


def masks_of(series) -> dict[Side, Mask]:
    z, y, x = np.indices(series.volume.array.shape)
    left = (abs(z - 9) < 5) & ((x + y) % 5 == 1)
    right = (abs(z - 14) < 6) & ((x * y) % 7 == 3)
    return {
        Side.RIGHT: Mask(right & ~left, series.volume.grid),
        Side.LEFT: Mask(left, series.volume.grid),
    }


def voxels(ds, number: int, grid) -> np.ndarray:
    """Frames of one segment put back on the grid by the positions that the object itself states."""
    out = np.zeros(grid.shape, bool)
    frames = np.atleast_3d(ds.pixel_array).reshape(-1, ds.Rows, ds.Columns)
    for frame, group in zip(frames, ds.PerFrameFunctionalGroupsSequence, strict=True):
        shared = ds.SharedFunctionalGroupsSequence[0]  # where all frames show the same segment
        holder = group if "SegmentIdentificationSequence" in group else shared
        if holder.SegmentIdentificationSequence[0].ReferencedSegmentNumber == number:
            position = group.PlanePositionSequence[0].ImagePositionPatient
            index = grid.to_index([float(v) for v in position])
            assert np.allclose(index, np.rint(index), atol=1e-6)
            assert np.allclose(index[1:], 0, atol=1e-6)
            out[round(index[0])] |= frame.astype(bool)
    return out


def test_it_lands_voxel_for_voxel(tmp_path, series):
    masks, path = masks_of(series), tmp_path / "seg.dcm"
    write_seg(series, masks, path, weights_hash="ab" * 32, version="9.9")
    ds = dcmread(path)
    for number, side in ((1, Side.LEFT), (2, Side.RIGHT)):
        assert np.array_equal(voxels(ds, number, series.volume.grid), masks[side].array)
    shared = ds.SharedFunctionalGroupsSequence[0]
    orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
    assert orientation == series.headers[0].ImageOrientationPatient
    measures = shared.PixelMeasuresSequence[0]
    assert [float(v) for v in measures.PixelSpacing] == [0.9, 0.7]
    assert float(measures.SpacingBetweenSlices) == 3.0


def test_it_says_what_it_shows_in_standard_codes(tmp_path, series):
    path = tmp_path / "seg.dcm"
    write_seg(series, masks_of(series), path, weights_hash="ab" * 32, version="9.9")
    ds = dcmread(path)
    assert (ds.Modality, ds.SegmentationType) == ("SEG", "BINARY")
    assert ds.FrameOfReferenceUID == series.headers[0].FrameOfReferenceUID
    assert ds.StudyInstanceUID == series.headers[0].StudyInstanceUID
    referenced = ds.ReferencedSeriesSequence[0]
    assert referenced.SeriesInstanceUID == series.uid
    laterality = []
    for segment in ds.SegmentSequence:
        kind = segment.SegmentedPropertyTypeCodeSequence[0]
        assert (kind.CodeValue, kind.CodingSchemeDesignator) == ("71341001", "SCT")
        laterality.append(kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeValue)
        algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
        assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("femurkit", "9.9")
        assert "ab" * 32 in algorithm.AlgorithmParameters
    assert laterality == ["7771000", "24028007"]


def test_an_implant_is_a_segment_of_its_own_and_may_overlap(tmp_path, series):
    masks, path = masks_of(series), tmp_path / "seg.dcm"
    metal = np.zeros_like(masks[Side.LEFT].array)
    metal[8:12] = masks[Side.LEFT].array[8:12]
    metal[2:4, :3, :3] = True  # beyond the femur, in slices that it is not in
    grid = series.volume.grid
    implants = {Side.LEFT: Mask(metal, grid)}
    write_seg(series, masks, path, weights_hash="ab", version="9.9", implants=implants)
    ds = dcmread(path)
    assert [s.SegmentLabel for s in ds.SegmentSequence][2:] == ["Left hip implant"]
    segment = ds.SegmentSequence[2]
    kind = segment.SegmentedPropertyTypeCodeSequence[0]
    assert (kind.CodeValue, kind.CodeMeaning) == ("40388003", "Implant")
    assert segment.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "260787004"
    modifier = kind.SegmentedPropertyTypeModifierCodeSequence[0]
    assert modifier.CodeMeaning == "Left"
    for number, array in ((1, masks[Side.LEFT].array), (2, masks[Side.RIGHT].array), (3, metal)):
        assert np.array_equal(voxels(ds, number, grid), array)


def test_one_side_alone(tmp_path, series):
    masks, path = masks_of(series), tmp_path / "seg.dcm"
    write_seg(series, {Side.RIGHT: masks[Side.RIGHT]}, path, weights_hash="", version="9.9")
    ds = dcmread(path)
    assert [s.SegmentLabel for s in ds.SegmentSequence] == ["Right femur"]
    assert np.array_equal(voxels(ds, 1, series.volume.grid), masks[Side.RIGHT].array)


def test_no_warning_quotes_the_patient(tmp_path, series):
    series.headers[0].PatientName = "Nobody"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_seg(series, masks_of(series), tmp_path / "s.dcm", weights_hash="a", version="9.9")


def test_an_empty_or_missing_mask_is_refused(tmp_path, series):
    empty = Mask(np.zeros(series.volume.array.shape, bool), series.volume.grid)
    for masks in ({}, {Side.LEFT: empty}):
        with pytest.raises(ValueError, match="mask"):
            write_seg(series, masks, tmp_path / "s.dcm", weights_hash="a", version="9.9")
    assert not (tmp_path / "s.dcm").exists()


def test_orientations_that_differ_by_rounding_do_not_matter(tmp_path, slices, write, hu):
    made = slices(hu)
    for index, ds in enumerate(made):
        ds.ImageOrientationPatient = [1, 0, 0, 0, f"{1 - 1e-6 * (index % 3):.6f}", 0]
    series = read_series(choose(find_series(write(made, tmp_path / "in"))).candidate)
    masks = masks_of(series)
    write_seg(series, masks, tmp_path / "seg.dcm", weights_hash="ab" * 32, version="1")
    ds = dcmread(tmp_path / "seg.dcm")
    assert np.array_equal(voxels(ds, 1, series.volume.grid), masks[Side.LEFT].array)


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "FrameOfReferenceUID"])
def test_a_series_without_some_uids_gets_them(tmp_path, slices, write, hu, keyword):
    folder = write(slices(hu, **{keyword: None}), tmp_path / "in")
    series = read_series(choose(find_series(folder)).candidate)
    write_seg(series, masks_of(series), tmp_path / "seg.dcm", weights_hash="a" * 64, version="1")
    given = {str(h[keyword].value) for h in series.headers}
    assert len(given) == 1
    again = read_series(choose(find_series(folder)).candidate)
    assert {str(h[keyword].value) for h in again.headers} == given


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        (["ISO_IR 100"], "Äneas^Rüdiger"),
        (["ISO_IR 192"], "Müller^山田"),
    ],
)
def test_names_of_any_script_arrive(tmp_path, slices, write, hu, charset, name):
    folder = write(
        slices(hu, SpecificCharacterSet=charset, PatientName=name, StudyDescription="x"),
        tmp_path / "in",
    )
    series = read_series(choose(find_series(folder)).candidate)
    mask = masks_of(series)[Side.LEFT]
    write_seg(series, {Side.LEFT: mask}, tmp_path / "seg.dcm", weights_hash="ab" * 32, version="1")
    write_segmented_series(series, mask, tmp_path / "ct", side=Side.LEFT)
    for path in (tmp_path / "seg.dcm", next((tmp_path / "ct").iterdir())):
        assert str(dcmread(path).PatientName) == name


def test_a_damaged_element_that_nobody_needs_is_left_out(tmp_path, slices, write, hu):
    every = slices(hu)
    for each in every:
        each.add_new((0x0018, 0x9345), "FD", 1.5)
    folder = write(every, tmp_path / "in")
    for path in folder.iterdir():
        data = path.read_bytes()
        at = data.index(b"\x18\x00\x45\x93FD")
        path.write_bytes(data[: at + 6] + b"\x04\x00" + data[at + 8 : at + 12] + data[at + 16 :])
    series = read_series(choose(find_series(folder)).candidate)
    write_seg(series, masks_of(series), tmp_path / "seg.dcm", weights_hash="ab" * 32, version="1")
    assert "CTDIvol" not in dcmread(tmp_path / "seg.dcm")


def test_a_character_set_that_nobody_knows_does_no_harm(tmp_path, slices, write, hu):
    folder = write(slices(hu), tmp_path / "in")
    for path in folder.iterdir():
        ds = dcmread(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds.SpecificCharacterSet = "-inf"
            ds.save_as(path)
    series = read_series(choose(find_series(folder)).candidate)
    masks = masks_of(series)
    write_seg(series, masks, tmp_path / "seg.dcm", weights_hash="ab" * 32, version="1")
    assert dcmread(tmp_path / "seg.dcm").PatientID == "SECRET-ID"
