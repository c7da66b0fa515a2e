"""A series from nothing: exact places, exact values, same bytes."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from femurkit.dicom import as_scanned, choose, find_series, read_series, write_new_series
from femurkit.geometry import Grid
from femurkit.volume import Volume

PATIENT = {"PatientID": "P001", "PatientName": "Phantom^One", "PatientSex": "F"}
SHAPE = (40, 17, 13)


def volume(grid: Grid | None = None, dtype: str = "int16") -> Volume:
    grid = grid or Grid.aligned(SHAPE, (1.7, 0.83, 0.61), (-211.125, 37.7, -903.3))
    values = np.random.default_rng(3).integers(-2000, 4000, grid.shape)
    return Volume(values.astype(dtype), grid)


def rotated() -> Grid:
    a, b = np.radians([7.0, -12.0])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    plain = Grid.aligned(SHAPE, (1.7, 0.83, 0.61), (0, 0, 0))
    affine = plain.affine.copy()
    affine[:3, :3] = about_x @ about_z @ affine[:3, :3]
    affine[:3, 3] = (-100.3, 55.5, 812.0)
    return Grid(SHAPE, affine)


def read(folder):
    return read_series(choose(find_series(folder)).candidate)


@pytest.mark.parametrize("position", ["HFS", "HFP", "FFS", "FFP"])
@pytest.mark.parametrize("grid", [None, rotated()], ids=["aligned", "rotated"])
def test_round_trip_is_bit_exact_and_in_place(tmp_path, grid, position):
    source = volume(grid)
    told = write_new_series(
        source, tmp_path, seed_text="7 P001", patient=PATIENT, position=position
    )
    series = read(tmp_path)
    assert series.headers[0].PatientPosition == position
    assert np.allclose(series.volume.grid.affine, told.affine, atol=1e-9)
    points = source.grid.to_world(np.argwhere(np.ones(SHAPE)))
    index = series.volume.grid.to_index(points)
    assert np.abs(index - np.rint(index)).max() < 1e-6
    assert np.array_equal(
        series.volume.array[tuple(np.rint(index).astype(int).T)], source.array.ravel()
    )


def test_feet_first_turns_the_picture_as_a_scanner_does(tmp_path):
    write_new_series(volume(), tmp_path, seed_text="s", patient=PATIENT, position="FFS")
    series = read(tmp_path)
    assert [float(v) for v in series.headers[0].ImageOrientationPatient] == [-1, 0, 0, 0, 1, 0]
    assert series.volume.grid.affine[2, 0] == pytest.approx(-1.7)


def test_as_scanned_of_its_own_result_changes_nothing():
    source = volume()
    array, grid = as_scanned(source.array, source.grid, position="FFS")
    again, same = as_scanned(array, grid, position="FFS")
    assert np.array_equal(again, array)
    assert np.array_equal(same.affine, grid.affine)
    assert not np.allclose(grid.affine, source.grid.affine)


def test_same_arguments_same_bytes_and_another_seed_other_uids(tmp_path):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        write_new_series(volume(), tmp_path / name, seed_text=seed, patient=PATIENT)
    a, b = ([p.read_bytes() for p in sorted((tmp_path / name).iterdir())] for name in "ab")
    assert len(a) == SHAPE[0]
    assert a == b
    assert len(set(a)) == SHAPE[0]
    first, other = read(tmp_path / "a"), read(tmp_path / "c")
    assert first.uid != other.uid
    uids = [{h.SOPInstanceUID for h in s.headers} for s in (first, other)]
    assert len(uids[0]) == SHAPE[0]
    assert not uids[0] & uids[1]


def test_fractions_are_rounded_and_what_does_not_fit_is_refused(tmp_path):
    values = volume(dtype="float32")
    write_new_series(Volume(values.array + np.float32(0.3), values.grid), tmp_path / "a",
                     seed_text="s", patient=PATIENT)  # fmt: skip
    assert np.array_equal(read(tmp_path / "a").volume.array, values.array)
    with pytest.raises(ValueError, match="HU must lie"):
        write_new_series(Volume(values.array * 100, values.grid), tmp_path / "b",
                         seed_text="s", patient=PATIENT)  # fmt: skip
    assert not (tmp_path / "b").exists()


def test_a_coronal_or_sheared_grid_is_refused(tmp_path):
    affine = np.eye(4)
    for axes in ([[0, 0, 1], [1, 0, 0], [0, 1, 0]], [[0, 0.2, 1], [0, 1, 0], [1, 0, 0]]):
        affine[:3, :3] = axes
        with pytest.raises(ValueError, match="axes"):
            write_new_series(volume(Grid(SHAPE, affine)), tmp_path, seed_text="s", patient=PATIENT)


@pytest.mark.parametrize("position", ["HFS", "FFS"])
def test_simpleitk_sees_the_same_voxels_in_the_same_places(tmp_path, position):
    write_new_series(volume(), tmp_path, seed_text="s", patient=PATIENT, position=position)
    ours = read(tmp_path).volume
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    theirs = reader.Execute()
    array = sitk.GetArrayFromImage(theirs)
    rng = np.random.default_rng(4)
    for z, y, x in rng.integers(0, SHAPE, (60, 3)):
        lps = ours.grid.to_world((z, y, x))
        index = theirs.TransformPhysicalPointToIndex(lps.tolist())
        assert np.allclose(theirs.TransformIndexToPhysicalPoint(index), lps, atol=1e-6)
        assert array[index[::-1]] == ours.array[z, y, x]
