"""Missing slices that the user lets us put in."""

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.dicom import choose, find_series, read_series, write_seg, write_segmented_series
from femurkit.dicom.checks import WIDEST_GAP_MM
from femurkit.dicom.gaps import without_gaps
from femurkit.errors import DuplicateSlices, GapInSeries, UnevenSpacing
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


EVEN = np.arange(30) * 3.0
STACKS = {
    "one wide step": (np.where(EVEN > 50, EVEN + 2, EVEN), 3.0, EVEN),
    "one narrow step": (np.where(EVEN > 50, EVEN - 1, EVEN), 3.0, EVEN[:-1]),
    "one displaced slice": (np.where(EVEN == 42, 43.2, EVEN), 3.0, EVEN),
    "one slice too many": (np.sort([*EVEN, 46.0]), 3.0, EVEN),
    "several irregular steps": (
        EVEN + np.where(EVEN > 20, 0.7, 0) + np.where(EVEN > 40, 1.1, 0), 3.0, EVEN + 1.8,
    ),
    "a slice missing and a wide step": (
        np.delete(np.where(EVEN > 50, EVEN + 2, EVEN), 5), 3.0, EVEN,
    ),
    "3 mm and then 5 mm": (np.concatenate([EVEN[:15], 42 + 5 * np.arange(1, 11)]), 3.0,
                           np.arange(31) * 3.0),
    "5 mm and then 3 mm": (np.concatenate([5.0 * np.arange(12), 55 + EVEN[1:15]]), 3.0,
                           np.arange(33) * 3.0 + 1),
}  # fmt: skip
"""Places of slices, and the step and the places of the even stack that is made of them."""


@pytest.fixture
def stack(slices, write, tmp_path):
    """A folder of slices at these places, whose HU are a picture plus 10 HU a millimetre."""

    def make(places_mm, orientation=(1, 0, 0, 0, 1, 0)):
        picture = np.random.default_rng(4).integers(-900, 900, (9, 8)) // 10 * 10
        every = slices(np.stack([picture + np.rint(10 * z) for z in places_mm]),
                       orientation=orientation)  # fmt: skip
        for each, z in zip(every, places_mm, strict=True):
            x, y, _ = every[0].ImagePositionPatient
            each.ImagePositionPatient = [x, y, f"{z - 800:.6f}"]
        return write(every, tmp_path / "ct"), picture

    return make


@pytest.mark.parametrize("what", STACKS)
def test_slices_at_uneven_steps_are_refused_unless_asked_for(stack, what):
    folder, _ = stack(STACKS[what][0])
    with pytest.raises((GapInSeries, UnevenSpacing), match="--gaps resample"):
        load(folder)


@pytest.mark.parametrize("what", STACKS)
def test_slices_at_uneven_steps_become_an_even_stack_of_the_values_there(stack, what):
    places, step, wanted = STACKS[what]
    folder, picture = stack(places)
    series = read_series(without_gaps(choose(find_series(folder)).candidate))
    grid = series.volume.grid
    got = grid.origin_mm[2] + 800 + np.arange(grid.shape[0]) * grid.spacing_mm[0]
    assert grid.spacing_mm[0] == pytest.approx(step)
    inner = wanted[(wanted >= places[0] - 1e-6) & (wanted <= places[-1] + 1e-6)]
    assert np.allclose(got, inner), "no slice beyond the outer ones"
    assert abs(series.volume.array - (picture + 10 * got[:, None, None])).max() <= 0.51
    kept = {k for k, z in enumerate(got) if abs(places - z).min() < 0.01}
    assert series.interpolated == set(range(len(got))) - kept


def test_only_where_a_slice_is_out_of_place_is_anything_interpolated(stack):
    series = read_series(without_gaps(choose(find_series(stack(STACKS[
        "one displaced slice"][0])[0])).candidate))  # fmt: skip
    assert series.interpolated == {14}


def test_the_finding_says_where(slices, write, hu, tmp_path):
    every = slices(np.repeat(hu, 2, axis=0), spacing_mm=(3.0, 0.9, 0.7), origin_mm=(0, 0, 0))
    for each in every[40:]:
        x, y, z = each.ImagePositionPatient
        each.ImagePositionPatient = [x, y, float(z) + 2]
    del every[10]
    scan = load(write(every, tmp_path / "ct"), gaps="resample")
    (said,) = [r for r in scan.remarks if r.code == "NO_SLICE_MISSING"]
    assert said.severity == "warning"
    assert said.text == (
        "1 missing slice interpolated between their neighbours, at z = 30.0 mm. "
        "8 slices interpolated at even steps of 3 mm, at z = 120.0 to 141.0 mm: the slices there "
        "lie at other steps."
    )


def test_feet_first_too(stack):
    places = STACKS["one wide step"][0]
    folder, picture = stack(places, orientation=(-1, 0, 0, 0, 1, 0))
    series = read_series(without_gaps(choose(find_series(folder)).candidate))
    z = series.volume.grid.to_world(np.argwhere(np.ones(series.volume.grid.shape)))[:, 2] + 800
    wanted = np.broadcast_to(picture, series.volume.grid.shape).ravel() + 10 * z
    assert abs(series.volume.array.ravel() - wanted).max() <= 0.51


def test_two_slices_at_one_position_are_still_refused(stack):
    folder, _ = stack(np.sort([*EVEN, 42.0]))
    with pytest.raises(DuplicateSlices) as refused:
        load(folder, gaps="resample")
    assert "--gaps" not in str(refused.value)


def test_a_whole_series_is_left_as_it_is(thin):
    candidate = choose(find_series(thin())).candidate
    assert without_gaps(candidate) is candidate
    assert read_series(candidate).interpolated == frozenset()
