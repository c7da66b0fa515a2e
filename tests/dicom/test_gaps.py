"""Missing slices that the user lets us put in."""

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.dicom import choose, find_series, read_series, write_seg, write_segmented_series
from femurkit.dicom.checks import WIDEST_GAP_MM
from femurkit.dicom.gaps import without_gaps
from femurkit.errors import GapInSeries, UnevenSpacing
from femurkit.sources import load
from femurkit.volume import Mask

STEP_MM = 1.5


@pytest.fixture
def thin(slices, write, hu, tmp_path):
    """A folder of thin slices without these."""

    def make(*without, **more):
        every = slices(np.repeat(hu, 3, axis=0), spacing_mm=(STEP_MM, 0.9, 0.7), **more)
        return write([s for k, s in enumerate(every) if k not in without], tmp_path / "ct")

    return make


def test_refused_unless_asked_for(thin):
    with pytest.raises(GapInSeries, match="--gaps resample"):
        load(thin(10))


def test_interpolated_between_the_neighbours_and_said(thin, hu):
    scan = load(thin(10, 30, 31), gaps="resample")
    full = np.repeat(hu, 3, axis=0).astype(float)
    assert scan.volume.grid.shape == full.shape
    assert scan.volume.grid.spacing_mm[0] == pytest.approx(STEP_MM)
    assert scan.series.interpolated == {10, 30, 31}
    assert np.array_equal(scan.volume.array[11:30], full[11:30])
    assert abs(scan.volume.array[10] - (full[9] + full[11]) / 2).max() <= 0.5
    assert abs(scan.volume.array[31] - (full[29] + 2 * full[32]) / 3).max() <= 0.51
    (said,) = [r for r in scan.remarks if r.code == "NO_SLICE_MISSING"]
    assert said.severity == "warning" and said.text.startswith("3 missing slices")


def test_nothing_derived_refers_to_a_slice_that_is_not_there(thin, tmp_path):
    from pydicom import dcmread

    folder = thin(30, 31)
    there = {dcmread(path).SOPInstanceUID for path in folder.iterdir()}
    series = load(folder, gaps="resample").series
    mask = np.zeros(series.volume.grid.shape, bool)
    mask[20:40, 4:9, 3:8] = True
    mask = Mask(mask, series.volume.grid)
    write_seg(series, {Side.LEFT: mask}, tmp_path / "seg.dcm", weights_hash="0", version="0")
    seg = dcmread(tmp_path / "seg.dcm")
    assert seg.NumberOfFrames == 18
    references = [
        frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        for frame in seg.PerFrameFunctionalGroupsSequence
    ]
    assert set(references) <= there
    files = write_segmented_series(series, mask, tmp_path / "out", side=Side.LEFT)
    written = [dcmread(path) for path in files]
    assert len(written) == 18
    assert {d.SourceImageSequence[0].ReferencedSOPInstanceUID for d in written} <= there


def test_too_wide_a_gap_is_still_refused(thin):
    between = round(WIDEST_GAP_MM / STEP_MM)
    with pytest.raises(GapInSeries, match="wider than 6 mm are not interpolated") as refused:
        load(thin(*range(10, 10 + between)), gaps="resample")
    assert "--gaps" not in str(refused.value), "what does not help is not advised"
    assert load(thin(*range(10, 10 + between - 1)), gaps="resample").series is not None


def test_an_uneven_step_is_still_refused(slices, write, hu, tmp_path):
    every = slices(hu, spacing_mm=(STEP_MM, 0.9, 0.7))
    for each in every[12:]:
        x, y, z = each.ImagePositionPatient
        each.ImagePositionPatient = [x, y, float(z) + 0.6]
    with pytest.raises(UnevenSpacing):
        load(write(every, tmp_path / "ct"), gaps="resample")


def test_a_whole_series_is_left_as_it_is(thin):
    candidate = choose(find_series(thin())).candidate
    assert without_gaps(candidate) is candidate
    assert read_series(candidate).interpolated == frozenset()
