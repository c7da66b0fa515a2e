"""One door for all inputs: what comes out, what is refused, and that nothing tells the patient."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from femurkit.dicom import write_new_series
from femurkit.errors import BadGeometry, InputRefused, NoFemurFound
from femurkit.geometry import Grid
from femurkit.image_checks.hounsfield import check_hounsfield
from femurkit.images import read_mask, write_image
from femurkit.sources import OTHER_SCAN, OTHER_SERIES, advice_for, check_extent, load
from femurkit.volume import Volume

DATA = Path(__file__).parents[2] / "shared" / "data"
real = pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not there")
PATIENT = {"PatientID": "SECRET-ID", "PatientName": "Secret^Sam"}
STEP_MM, LENGTH = 2.0, 40


def volume(*, slices: int = LENGTH, step_mm: float = STEP_MM) -> Volume:
    rng = np.random.default_rng(0)
    shape = (slices, 24, 24)
    hu = rng.choice([-1000, -100, 50, 900], size=shape, p=[0.5, 0.2, 0.29, 0.01])
    hu = hu + rng.integers(-20, 20, shape)
    grid = Grid.aligned(shape, (step_mm, 0.9, 0.7), (-8.3, 31.0, 402.5))
    return Volume(hu.astype(np.int16), grid)


@pytest.mark.parametrize("value", [0, 700, -1024])
def test_slices_that_were_filled_in_are_no_part_of_the_scan(tmp_path, value):
    whole = volume()
    hu = whole.array.copy()
    hu[30:] = value
    write_image(Volume(hu, whole.grid), tmp_path / "filled.nii.gz")
    read = load(tmp_path / "filled.nii.gz").volume.array
    assert (read[30:] == -1024).all() and (read[:30] == hu[:30]).all()


def refused(code: str, path: Path, **options: str) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        load(path, **options)
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    assert "secret" not in str(caught.value).lower()
    return caught.value


def test_folder_zip_and_image_files_are_the_same_scan(tmp_path):
    source = volume()
    write_new_series(source, tmp_path / "secret_sam", seed_text="s", patient=PATIENT)
    with zipfile.ZipFile(tmp_path / "secret_sam.zip", "w") as archive:
        for path in (tmp_path / "secret_sam").iterdir():
            archive.write(path, path.name)
    names = ["secret_sam", "secret_sam.zip"]
    for suffix in ("nii.gz", "nrrd", "mha", "mhd"):
        names.append(f"secret_sam.{suffix}")
        write_image(source, tmp_path / names[-1])
    for name in names:
        scan = load(tmp_path / name)
        assert scan.volume.grid.same_as(source.grid)
        assert np.array_equal(scan.volume.array, source.array)
        assert scan.volume.array.dtype == np.int16
        assert (scan.series is None) == (name not in names[:2])
        assert scan.notes == ()
        assert scan.why.endswith(".")
        said = f"{scan.why} {scan.name} {scan.notes}".lower()
        assert "secret" not in said


def test_a_named_series(tmp_path):
    write_new_series(volume(), tmp_path / "a", seed_text="a", patient=PATIENT)
    write_new_series(volume(slices=50), tmp_path / "b", seed_text="b", patient=PATIENT)
    longer = load(tmp_path)
    assert longer.volume.array.shape[0] == 50
    assert any("2 usable CT series" in note for note in longer.notes)
    other = load(tmp_path / "a")
    assert other.series is not None
    assert load(tmp_path, series_uid=other.series.uid).volume.array.shape[0] == LENGTH
    refused("SeriesNotFound", tmp_path, series_uid="1.2.3")


def test_a_series_uid_makes_no_sense_for_an_image(tmp_path):
    write_image(volume(), tmp_path / "a.mha")
    refused("SeriesNotFound", tmp_path / "a.mha", series_uid="1.2.3")


@pytest.mark.parametrize("name", ["ct", "secret.nii.gz"])
def test_too_short_whatever_the_format(tmp_path, name):
    source = volume(slices=20)
    if name == "ct":
        write_new_series(source, tmp_path / name, seed_text="s", patient=PATIENT)
    else:
        write_image(source, tmp_path / name)
    refused("TooShort", tmp_path / name)


def test_an_image_is_measured_along_the_body_not_along_its_first_axis(tmp_path):
    source = volume()
    sagittal = Grid(
        (24, 24, LENGTH), source.grid.affine[:, [2, 1, 0, 3]]
    )  # the same voxels, indices turned round
    write_image(Volume(np.ascontiguousarray(source.array.T), sagittal), tmp_path / "a.nrrd")
    scan = load(tmp_path / "a.nrrd")
    index = (13, 7, 21)
    assert np.allclose(scan.volume.grid.to_world(index[::-1]), source.grid.to_world(index))
    assert scan.volume.array[index[::-1]] == source.array[index]


@pytest.mark.parametrize("name", ["ct", "a.nii.gz"])
def test_thick_slices_are_noted(tmp_path, name):
    source = volume(step_mm=5.0)
    if name == "ct":
        write_new_series(source, tmp_path / name, seed_text="s", patient=PATIENT)
    else:
        write_image(source, tmp_path / name)
    assert [note for note in load(tmp_path / name).notes if "Slices of 5 mm" in note]


@pytest.mark.parametrize(
    "change",
    [
        lambda hu: hu + 1024,  # stored values, not rescaled
        lambda hu: hu - 1024,  # rescaled twice
        lambda hu: np.interp(hu, (-1000, 1000), (0, 255)),  # a picture
        lambda hu: np.interp(hu, (-1000, 1000), (-1, 1)),  # normalised
        lambda hu: (hu - hu.mean()) / hu.std(),
        lambda hu: hu * 10,
        lambda hu: np.full(hu.shape, -3024),
    ],
)
def test_other_numbers_are_not_hounsfield(tmp_path, change):
    source = volume()
    other = Volume(change(source.array.astype(float)).astype(np.float32), source.grid)
    write_image(other, tmp_path / "a.mha")
    refused("NotHounsfield", tmp_path / "a.mha")


def test_dicom_without_its_intercept_is_not_hounsfield(tmp_path):
    write_new_series(volume(), tmp_path / "ct", seed_text="s", patient=PATIENT,
                     extra={"RescaleIntercept": "0"})  # fmt: skip
    refused("NotHounsfield", tmp_path / "ct")


def test_padding_metal_and_much_air_are_hounsfield():
    source = volume()
    hu = source.array.copy()
    hu[:, :, :8] = -3024
    hu[:2, :, 8:] = 16000
    hu[:, :16, 8:] = -1000
    check_hounsfield(Volume(hu, source.grid))


def test_where_no_femur_is_found_the_advice_fits_the_scan(tmp_path):
    def advice(path):
        with pytest.raises(NoFemurFound) as raised, advice_for(load(path)):
            raise NoFemurFound("No femur.")
        assert str(raised.value) == f"No femur. {raised.value.remedy}"
        return raised.value.remedy

    write_image(volume(), tmp_path / "a.mha")
    write_new_series(volume(), tmp_path / "ct" / "a", seed_text="a", patient=PATIENT)
    write_new_series(volume(slices=9), tmp_path / "ct" / "b", seed_text="b", patient=PATIENT)
    assert advice(tmp_path / "a.mha") == advice(tmp_path / "ct" / "a") == OTHER_SCAN
    assert advice(tmp_path / "ct") == OTHER_SCAN, "the other series is too short"
    write_new_series(volume(slices=50), tmp_path / "ct" / "c", seed_text="c", patient=PATIENT)
    assert advice(tmp_path / "ct") == OTHER_SERIES
    with (
        pytest.raises(NoFemurFound, match=r"^No femur. Of its own\.$"),
        advice_for(load(tmp_path / "ct")),
    ):
        raise NoFemurFound("No femur.", remedy="Of its own.")


def test_nothing_there_is_nothing_readable_and_told_apart(tmp_path):
    def found(name):
        return refused("NothingReadable", tmp_path / name).found

    assert found("secret") == found("secret.nii.gz") == "no such file or folder"
    assert found("") == "no files at all there"
    (tmp_path / "secret.nii.gz").touch()
    (tmp_path / "secret.nrrd").write_text("no image")
    (tmp_path / "secret.png").write_text("a picture")
    assert found("") == "no DICOM image among 3 files"
    assert found("secret.nii.gz") == "an empty image file"
    assert found("secret.nrrd") == "a damaged image file"
    assert found("secret.png") == "a file that is neither a zip nor a medical image"


def test_a_slice_that_is_named_instead_of_its_folder(tmp_path):
    write_new_series(volume(), tmp_path, seed_text="a", patient=PATIENT)
    error = refused("TooShort", min(tmp_path.iterdir()))
    assert error.remedy == "Name the folder that holds it."


@real
def test_a_real_series_lies_where_its_hand_made_mask_lies():
    started = time.perf_counter()
    scan = load(DATA / "pelvic-ref-002" / "ct.zip")
    seconds = time.perf_counter() - started
    labels, grid = read_mask(DATA / "pelvic-ref-002" / "truth_femur.nii.gz")
    assert scan.volume.grid.same_as(grid)
    assert np.allclose(scan.volume.grid.affine, grid.affine, atol=1e-6)
    assert (scan.volume.array.min(), scan.volume.array.max()) == (-1024, 3071)
    # Bone is bright: the mask would not find it were an axis turned round.
    assert np.median(scan.volume.array[labels == 1]) > 150
    assert np.median(scan.volume.array[labels[:, :, ::-1] == 1]) < 150
    assert grid.to_world(np.argwhere(labels == 1))[:, 0].mean() > 50  # left is +x
    assert seconds < 10, "2.5 s on a free core"


@real
@pytest.mark.parametrize("name", ["totalsegmentator-example/ct.nii.gz", "pelvic-ref-003/ct.zip"])
def test_other_real_scans_are_read(name):
    scan = load(DATA / name)
    assert scan.volume.array.dtype == np.int16
    assert 2.9 < scan.volume.grid.spacing_mm[0] < 3.1


@real
def test_real_crops_are_hounsfield():
    paths = sorted((DATA / "sarcoma-hips").rglob("*_ct.nii.gz"))
    assert len(paths) > 10
    for path in paths[::4]:
        assert load(path).volume.array.min() < -500


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_scan_larger_than_a_body_is_refused_before_anything_is_looked_for(axis):
    spacing = [3.0, 1.0, 1.0]
    check_extent(Grid.aligned((100, 400, 400), tuple(spacing), (0, 0, 0)))
    spacing[axis] *= 8192
    with pytest.raises(BadGeometry, match="m along any axis"):
        check_extent(Grid.aligned((100, 400, 400), tuple(spacing), (0, 0, 0)))
