"""Every refusal, from the command line: reason code, exit code 3, and nothing written."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from femurkit.dicom.write_ct import write_new_series
from femurkit.geometry import Grid
from femurkit.images import write_image
from femurkit.volume import Volume


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """A readable series of 30 slices, 3 mm apart."""
    folder = tmp_path_factory.mktemp("sound") / "ct"
    grid = Grid.aligned((30, 24, 24), (3.0, 2.0, 2.0), (-24, -24, 100))
    hu = np.where(np.indices(grid.shape)[1] < 6, -1000, 40).astype(np.int16)
    hu[:, 12:16, 12:16] = 900
    write_new_series(Volume(hu, grid), folder, seed_text="s", patient={"PatientID": "P"})
    return folder


def _slices(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda f: float(pydicom.dcmread(f).ImagePositionPatient[2]))


def _change(path: Path, **values) -> None:
    ds = pydicom.dcmread(path)
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    ds.save_as(path)


def _gap(folder):
    for path in _slices(folder)[10:13]:
        path.unlink()


def _uneven(folder):
    _change(_slices(folder)[10], ImagePositionPatient=[-24, -24, 131.2])


def _twice(folder):
    path = _slices(folder)[10]
    copy = folder / "again.dcm"
    shutil.copy(path, copy)
    ds = pydicom.dcmread(copy)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    ds.save_as(copy)


def _mixed(folder):
    _change(_slices(folder)[10], ImageOrientationPatient=[0.6, 0.8, 0, -0.8, 0.6, 0])


def _another_study(folder):
    _change(_slices(folder)[10], StudyInstanceUID="1.2.3")


def _another_patient(folder):
    _change(_slices(folder)[10], PatientID="somebody else")


def _another_frame(folder):
    _change(_slices(folder)[10], FrameOfReferenceUID="1.2.3")


def _coronal(folder):
    for number, path in enumerate(_slices(folder)):
        _change(path, ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
                ImagePositionPatient=[-24, -24 + 3 * number, 100])  # fmt: skip


def _short(folder):
    for path in _slices(folder)[15:]:
        path.unlink()


def _no_ct(folder):
    for path in _slices(folder):
        _change(path, Modality="MR")


def _localizers(folder):
    for path in _slices(folder):
        _change(path, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])


def _nothing(folder):
    for path in _slices(folder):
        path.write_bytes(b"not an image")


def _not_hounsfield(folder):
    for path in _slices(folder):
        _change(path, RescaleSlope="0.05", RescaleIntercept="0")


def _wandering(folder):
    """The table moves aside half way through."""
    for number, path in enumerate(_slices(folder)):
        _change(path, ImagePositionPatient=[-24, -24 + 5 * (number > 9), 100 + 3 * number])


@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        ("GapInSeries", _gap),
        ("UnevenSpacing", _uneven),
        ("DuplicateSlices", _twice),
        ("MixedOrientation", _mixed),
        ("MixedStudies", _another_study),
        ("MixedStudies", _another_patient),
        ("MixedStudies", _another_frame),
        ("NotAxial", _coronal),
        ("TooShort", _short),
        ("NoCtSeries", _no_ct),
        ("NoCtSeries", _localizers),
        ("NothingReadable", _nothing),
        ("NotHounsfield", _not_hounsfield),
        ("BadGeometry", _wandering),
    ],
)
def test_a_spoilt_series_is_refused(femurkit, sound, tmp_path, code, spoil):
    series = shutil.copytree(sound, tmp_path / "ct")
    spoil(series)
    _refused(femurkit, tmp_path, code, series)


def test_a_series_that_is_not_there_is_refused(femurkit, sound, tmp_path):
    series = shutil.copytree(sound, tmp_path / "ct")
    _refused(femurkit, tmp_path, "SeriesNotFound", series, "--series", "1.2.3")


@pytest.mark.parametrize("name", ["ct.nii.gz", "ct.nrrd", "ct.mha"])
def test_a_picture_in_other_numbers_is_refused(femurkit, tmp_path, name):
    grid = Grid.aligned((40, 30, 30), (3, 2, 2), (0, 0, 0))
    grey = np.random.default_rng(0).integers(0, 255, grid.shape).astype(np.int16)
    write_image(Volume(grey, grid), tmp_path / name)
    _refused(femurkit, tmp_path, "NotHounsfield", tmp_path / name)


def _refused(femurkit, folder, code, *arguments):
    before = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    told = femurkit("reconstruct", *arguments, "-o", folder / "deep" / "out")
    assert told.code == 3, told
    assert told.err.splitlines()[-1].startswith(f"{code}: ")
    assert "(expected " in told.err
    assert {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()} == before
    assert not (folder / "deep").exists()
