"""Reading a series: the right voxel at the right place, whatever way the files lie."""

from __future__ import annotations

import zipfile

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from femurkit.dicom import choose, find_series, read_series
from femurkit.dicom.stored import encoding
from femurkit.errors import InputRefused

SPACING, ORIGIN = (3.0, 0.9, 0.7), (-40.5, 33.25, -812.5)


def read(path):
    return read_series(choose(find_series(path)).candidate)


@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize(
    "orientation",
    [
        (1, 0, 0, 0, 1, 0),
        (-1, 0, 0, 0, 1, 0),
        (-1, 0, 0, 0, -1, 0),
        (0, 1, 0, -1, 0, 0),
        (0, -1, 0, 1, 0, 0),
        (np.cos(0.2), np.sin(0.2), 0, -np.sin(0.2), np.cos(0.2), 0),
        (1, 0, 0, 0, np.cos(0.3), np.sin(0.3)),
    ],
    ids=["HFS", "FFS", "HFP", "HFDR", "HFDL", "rotated", "oblique"],
)
def test_every_voxel_lies_where_the_header_puts_it(
    tmp_path, slices, write, hu, orientation, explicit
):
    write(slices(hu, orientation=orientation), tmp_path, explicit=explicit)
    series = read(tmp_path)
    assert series.volume.array.dtype == np.int16
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    rng = np.random.default_rng(0)
    for z, y, x in rng.integers(0, hu.shape, (50, 3)):
        # PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1, slice by slice
        lps = np.array(ORIGIN) + z * SPACING[0] * np.cross(row, column)
        lps = lps + x * SPACING[2] * row + y * SPACING[1] * column
        index = series.volume.grid.to_index(lps)
        assert np.abs(index - np.rint(index)).max() < 1e-5
        assert series.volume.array[tuple(np.rint(index).astype(int))] == hu[z, y, x]


def test_a_tilted_gantry_shears_the_grid(tmp_path, slices, write, hu):
    """By 20 degrees: each slice is moved backward by as much as it lies higher."""
    made = slices(hu)
    for index, ds in enumerate(made):
        x, y, z = ds.ImagePositionPatient
        ds.ImagePositionPatient = [x, f"{float(y) + index * 3 * np.tan(np.radians(20)):.6f}", z]
    write(made, tmp_path)
    series = read(tmp_path)
    lps = np.array(ORIGIN) + [5 * 0.7, 7 * 0.9 + 20 * 3 * np.tan(np.radians(20)), 20 * 3]
    np.testing.assert_allclose(series.volume.grid.to_index(lps), (20, 7, 5), atol=1e-4)
    np.testing.assert_array_equal(series.volume.array, hu)


def test_the_same_patient_head_first_and_feet_first(tmp_path, slices, write, hu):
    head = read(write(slices(hu), tmp_path / "h")).volume
    far = head.grid.to_world((hu.shape[0] - 1, 0, hu.shape[2] - 1))
    turned = hu[::-1, :, ::-1]
    feet = read(
        write(slices(turned, origin_mm=tuple(far), orientation=(-1, 0, 0, 0, 1, 0)), tmp_path / "f")
    ).volume
    points = head.grid.to_world(np.argwhere(np.ones(hu.shape)))
    at = np.rint(feet.grid.to_index(points)).astype(int)
    assert np.array_equal(feet.array[tuple(at.T)], head.array.ravel())


def test_headers_follow_the_array(tmp_path, slices, write, hu):
    series = read(write(slices(hu, orientation=(-1, 0, 0, 0, 1, 0)), tmp_path))
    for index, header in enumerate(series.headers):
        position = [float(v) for v in header.ImagePositionPatient]
        assert np.allclose(series.volume.grid.to_world((index, 0, 0)), position, atol=1e-6)
        assert "PixelData" not in header


def test_instance_numbers_are_only_cross_checked(tmp_path, slices, write, hu):
    plain = slices(hu)
    for number, ds in zip(np.random.default_rng(2).permutation(len(plain)), plain, strict=True):
        ds.InstanceNumber = int(number) + 1
    series = read(write(plain, tmp_path))
    assert np.array_equal(series.volume.array, hu)


def test_rescale_is_per_slice(tmp_path, slices, write, hu):
    first, second = slices(hu)[:12], slices(hu, intercept=-2000.0, slope=2.0)[12:]
    even = np.concatenate([hu[:12], 2 * np.rint((hu[12:] + 2000) / 2).astype(int) - 2000])
    series = read(write(first + second, tmp_path))
    assert series.volume.array.dtype == np.int16
    assert np.array_equal(series.volume.array, even)


@pytest.mark.parametrize(("slope", "dtype"), [(0.5, "int16"), (0.1, "uint16"), (1.7, "int16")])
def test_fractional_rescale_is_float_and_gives_the_stored_values_back(
    tmp_path, slices, write, hu, slope, dtype
):
    written = slices(hu, slope=slope, intercept=-1024.3, dtype=dtype)
    series = read(write(written, tmp_path))
    assert series.volume.array.dtype == np.float32
    for index, ds in enumerate(written):
        stored = np.frombuffer(ds.PixelData, dtype).reshape(hu.shape[1:])
        assert np.allclose(series.volume.array[index], stored * slope - 1024.3, atol=1e-3)
        again = encoding(series.headers[index]).to_stored(series.volume.array[index])
        assert np.array_equal(again, stored)


def test_values_beyond_int16_become_float(tmp_path, slices, write, hu):
    large = hu.astype(np.int32)
    large[3, 4, 5] = 60000
    series = read(write(slices(large, intercept=0.0, dtype="int32", BitsAllocated=32,
                               BitsStored=32, HighBit=31), tmp_path))  # fmt: skip
    assert series.volume.array.dtype == np.float32
    assert np.array_equal(series.volume.array, large)


def test_bits_above_those_stored_are_not_part_of_the_value(tmp_path, slices, write, hu):
    written = slices(hu, dtype="uint16", BitsStored=12, HighBit=11)
    for ds in written:
        ds.PixelData = (np.frombuffer(ds.PixelData, "uint16") | 0xA000).tobytes()
    assert np.array_equal(read(write(written, tmp_path)).volume.array, hu)


def test_twelve_bit_signs_are_extended(tmp_path, slices, write, hu):
    written = slices(hu, intercept=0.0, BitsStored=12, HighBit=11)
    for ds in written:
        ds.PixelData = (np.frombuffer(ds.PixelData, "uint16") & 0x0FFF).tobytes()
    assert np.array_equal(read(write(written, tmp_path)).volume.array, hu)


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_rarer_plain_syntaxes(tmp_path, slices, hu, syntax):
    for ds in slices(hu):
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = syntax
        if not syntax.is_little_endian:
            ds.PixelData = np.frombuffer(ds.PixelData, "<i2").astype(">i2").tobytes()
        ds.save_as(tmp_path / str(ds.InstanceNumber), enforce_file_format=True)
    assert np.array_equal(read(tmp_path).volume.array, hu)


def test_numbers_that_are_none_do_not_stop_the_reading(tmp_path, slices, write, hu):
    write(slices(hu, InstanceNumber=None, SliceThickness=None), tmp_path / "a")
    empty = slices(hu, series="b")
    for ds in empty:
        ds.InstanceNumber = ds.SliceThickness = ds.BodyPartExamined = ds.ImageType = None
    write(empty, tmp_path / "b")
    for name in "ab":
        series = read(tmp_path / name)
        assert np.array_equal(series.volume.array, hu)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_compressed_slices(tmp_path, slices, write, hu, syntax):
    hu = np.tile(hu, (1, 4, 4))  # JPEG 2000 wants some room
    written = slices(hu, dtype="uint16")
    write(written, tmp_path)
    for ds in written:
        ds.compress(syntax, generate_instance_uid=False)
        ds.save_as(tmp_path / f"s{int(ds.InstanceNumber) - 1:03d}", enforce_file_format=True)
    series = read(tmp_path)
    assert series.headers[0].file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(series.volume.array, hu)


@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        (JPEGLosslessSV1, imagecodecs.ljpeg_encode),
        (HTJ2KLossless, lambda pixels: imagecodecs.htj2k_encode(pixels, reversible=True)),
    ],
    ids=["JPEG lossless", "HTJ2K"],
)
@pytest.mark.parametrize("bits", [12, 16])
def test_slices_that_only_others_can_compress(tmp_path, slices, write, hu, syntax, encode, bits):
    hu = np.tile(hu, (1, 4, 4))
    written = slices(hu, dtype="uint16", BitsStored=bits, HighBit=bits - 1)
    write(written, tmp_path)
    for index, ds in enumerate(written):
        ds.PixelData = encapsulate([encode(ds.pixel_array)])
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        ds.file_meta.TransferSyntaxUID = syntax
        ds.save_as(tmp_path / f"s{index:03d}", enforce_file_format=True)
    series = read(tmp_path)
    assert series.headers[0].file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(series.volume.array, hu)


def test_a_zip_is_the_same_and_nothing_is_unpacked(tmp_path, slices, write, hu):
    folder = write(slices(hu), tmp_path / "in" / "deep")
    archive = tmp_path / "in" / "ct.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, f"../../escape/{path.name}")
        packed.writestr("../../escape/notes.txt", "not DICOM")
    before = sorted(tmp_path.rglob("*"))
    series = read(archive)
    assert np.array_equal(series.volume.array, hu)
    assert series.volume.grid.same_as(read(folder).volume.grid)
    assert sorted(tmp_path.rglob("*")) == before
    assert not (tmp_path.parent / "escape").exists()


def test_a_colour_or_lookup_picture_is_not_hounsfield(tmp_path, slices, write, hu):
    write(slices(hu, RescaleType="OD"), tmp_path)
    with pytest.raises(InputRefused) as caught:
        read(tmp_path)
    assert (caught.value.code, caught.value.exit_code) == ("NotHounsfield", 3)


def test_undecodable_pixels_are_refused_without_quoting_anything(tmp_path, slices, write, hu):
    written = slices(hu, dtype="uint16")
    write(written, tmp_path)
    for ds in written:
        ds.compress(RLELossless, generate_instance_uid=False)
        ds.PixelData = ds.PixelData[:20] + b"\xff" * (len(ds.PixelData) - 20)
        ds.save_as(tmp_path / f"s{int(ds.InstanceNumber) - 1:03d}", enforce_file_format=True)
    with pytest.raises(InputRefused) as caught:
        read(tmp_path)
    assert caught.value.code == "NothingReadable"
    assert "ecret" not in str(caught.value).lower()
    assert str(tmp_path) not in str(caught.value)
