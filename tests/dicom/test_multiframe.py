"""Enhanced CT, made by highdicom from classic slices: the same scan, and what comes of it."""

import highdicom
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import CTImageStorage, JPEGLSLossless, RLELossless, generate_uid

from femurkit.anatomy import Side
from femurkit.dicom import choose, find_series, read_series
from femurkit.dicom.read_seg import read_seg
from femurkit.dicom.write_seg import write_seg
from femurkit.dicom.write_segmented import write_segmented_series
from femurkit.errors import GapInSeries
from femurkit.sources import load
from femurkit.volume import Mask

STUDY = {
    "PatientBirthDate": "", "PatientSex": "", "StudyDate": "20000101", "StudyTime": "120000",
    "StudyID": "1", "AccessionNumber": "", "ReferringPhysicianName": "",
    "AcquisitionDate": "20000101", "AcquisitionTime": "120000", "ContentDate": "20000101",
    "ContentTime": "120000", "SeriesNumber": 1, "Manufacturer": "nobody", "BodyPartExamined": "HIP",
    "FrameOfReferenceUID": generate_uid(), "PositionReferenceIndicator": "", "KVP": "120",
}  # fmt: skip


@pytest.fixture(params=[None, RLELossless, JPEGLSLossless], ids=["plain", "RLE", "JPEG-LS"])
def enhanced(request, tmp_path, slices, write, hu):
    """A folder with one object of all frames, shuffled; and the folder of the slices."""
    made = slices(np.tile(hu, (1, 4, 4)), dtype="uint16", **STUDY)
    write(made, tmp_path / "classic")
    made = [made[k] for k in np.random.default_rng(0).permutation(len(made))]
    syntax = {} if request.param is None else {"transfer_syntax_uid": request.param}
    whole = highdicom.legacy.LegacyConvertedEnhancedCTImage(
        made, series_instance_uid=generate_uid(), series_number=2,
        sop_instance_uid=generate_uid(), instance_number=1,
        **syntax,
    )  # fmt: skip
    (tmp_path / "enhanced").mkdir()
    whole.save_as(tmp_path / "enhanced" / "whole")
    return tmp_path / "enhanced", tmp_path / "classic"


def read(path):
    return read_series(choose(find_series(path)).candidate)


def test_an_enhanced_ct_is_the_same_scan(enhanced):
    whole, single = (read(path) for path in enhanced)
    np.testing.assert_array_equal(whole.volume.array, single.volume.array)
    np.testing.assert_allclose(whole.volume.grid.affine, single.volume.grid.affine, atol=1e-6)
    assert len({h.InstanceNumber for h in whole.headers}) == len(whole.headers)


def test_it_may_be_named_itself(enhanced):
    by_name = read(enhanced[0] / "whole").volume
    np.testing.assert_array_equal(by_name.array, read(enhanced[0]).volume.array)


def test_what_is_derived_lies_on_it_and_refers_to_its_frames(enhanced, tmp_path):
    series = read(enhanced[0])
    mask = np.zeros(series.volume.grid.shape, bool)
    mask[6:15, 10:30, 8:20] = True
    mask[9, 12, 9] = False
    femur = Mask(mask, series.volume.grid)
    out = tmp_path / "seg.dcm"
    write_seg(series, {Side.LEFT: femur}, out, weights_hash="a" * 64, version="1")
    labels, grid = read_seg(out)
    found = grid.to_world(np.argwhere(labels))
    true = series.volume.grid.to_world(np.argwhere(mask))
    assert len(found) == len(true)
    order = [np.lexsort(np.round(p, 3).T) for p in (found, true)]
    np.testing.assert_allclose(found[order[0]], true[order[1]], atol=1e-3)
    paths = write_segmented_series(series, femur, tmp_path / "ct", side=Side.LEFT)
    assert len(paths) == 9
    for path, index in zip(paths, range(6, 15), strict=True):
        ds = dcmread(path)
        assert ds.SOPClassUID == CTImageStorage
        (source,) = ds.SourceImageSequence
        assert source.ReferencedFrameNumber == series.headers[index].InstanceNumber
        hu = ds.pixel_array * ds.RescaleSlope + ds.RescaleIntercept
        np.testing.assert_array_equal(hu[mask[index]], series.volume.array[index][mask[index]])
        assert (hu[~mask[index]] == -1000).all()
        place = series.volume.grid.to_world((index, 0, 0))
        np.testing.assert_allclose(np.array(ds.ImagePositionPatient, float), place, atol=1e-4)
    assert len({dcmread(p).SOPInstanceUID for p in paths}) == 9


def test_groups_of_each_frame_are_as_good_as_shared_ones(enhanced, tmp_path):
    path = enhanced[0] / "whole"
    ds = dcmread(path)
    shared = ds.SharedFunctionalGroupsSequence[0]
    for keyword in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        for frame in ds.PerFrameFunctionalGroupsSequence:
            if keyword in shared:
                frame.add(shared[keyword])
        if keyword in shared:
            del shared[keyword]
    ds.save_as(path)
    series = read(enhanced[0])
    femur = np.zeros(series.volume.grid.shape, bool)
    femur[6:15, 10:30, 8:20] = True
    mask = {Side.RIGHT: Mask(femur, series.volume.grid)}
    write_seg(series, mask, tmp_path / "seg.dcm", weights_hash="a" * 64, version="1")
    assert read_seg(tmp_path / "seg.dcm")[0].sum() == 2 * femur.sum()


@pytest.mark.parametrize("frames", [-1, 0, 7, 100000])
def test_a_wrong_number_of_frames_spoils_nothing_else(enhanced, frames):
    path = enhanced[0] / "whole"
    ds = dcmread(path)
    ds.NumberOfFrames = frames
    ds.save_as(path)
    for single in enhanced[1].iterdir():
        (enhanced[0] / f"c{single.name}").write_bytes(single.read_bytes())
    found = find_series(enhanced[0])
    assert len(found.candidates) == 1
    assert found.left_out["damaged"] == 1


def test_a_copy_of_an_enhanced_ct_counts_once(enhanced):
    path = enhanced[0] / "whole"
    (enhanced[0] / "copy").write_bytes(path.read_bytes())
    assert len(find_series(enhanced[0]).candidates) == 1


def test_no_remedy_is_named_that_does_not_help(slices, write, hu, tmp_path):
    made = slices(np.tile(hu, (1, 4, 4)), dtype="uint16", **STUDY)
    del made[9]
    write(made, tmp_path / "classic")
    whole = highdicom.legacy.LegacyConvertedEnhancedCTImage(
        made, series_instance_uid=generate_uid(), series_number=2,
        sop_instance_uid=generate_uid(), instance_number=1,
    )  # fmt: skip
    whole.save_as(tmp_path / "whole")
    for gaps in ("refuse", "resample"):
        with pytest.raises(GapInSeries) as refused:
            load(tmp_path / "whole", gaps=gaps)
        assert "--gaps" not in str(refused.value), "frames are not interpolated"
