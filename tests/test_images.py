"""Image files: every voxel at the LPS point that the format's own rules give."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from femurkit.errors import InputRefused
from femurkit.geometry import Grid
from femurkit.images import is_image, read_image, read_mask, write_image, write_mask
from femurkit.volume import Volume

SHAPE = (7, 6, 5)


def oblique() -> Grid:
    """Rotated about all axes, off centre, anisotropic, z running down."""
    q, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = q * (2.5, 0.9, 0.7)
    affine[:3, 3] = (-120.25, 33.5, -801.0)
    return Grid(SHAPE, affine)


def values(dtype="int16") -> np.ndarray:
    return np.random.default_rng(2).integers(-1207, 3382, SHAPE).astype(dtype)


def nifti(path, array_xyz: np.ndarray, sform: np.ndarray, *, codes=(0, 2), slope=(0.0, 0.0)):
    """A NIfTI-1 written byte by byte from the standard. sform: index x, y, z -> RAS mm."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *array_xyz.shape, 1, 1, 1, 1)
    kinds = {"int16": (4, 16), "float32": (16, 32), "uint8": (2, 8), "int32": (8, 32)}
    struct.pack_into("<2h", header, 70, *kinds[str(array_xyz.dtype)])
    steps = np.linalg.norm(sform[:3, :3], axis=0)
    struct.pack_into("<8f", header, 76, 1.0, *steps, 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352.0, *slope)
    header[123] = 2  # mm
    struct.pack_into("<2h", header, 252, *codes)
    struct.pack_into("<12f", header, 280, *sform[:3].ravel())
    header[344:348] = b"n+1\0"
    content = bytes(header) + array_xyz.tobytes(order="F")
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_nifti_ras_becomes_lps(tmp_path, name):
    sform = np.eye(4)
    sform[:3] = oblique().affine[:3][:, [2, 1, 0, 3]]
    array = np.ascontiguousarray(values().T)
    volume = read_image(nifti(tmp_path / name, array, sform))
    assert volume.array.dtype == np.int16
    for x, y, z in np.ndindex(array.shape):
        ras = sform[:3] @ (x, y, z, 1)
        lps = ras * (-1, -1, 1)
        assert volume.array[z, y, x] == array[x, y, z]
        assert np.allclose(volume.grid.to_world((z, y, x)), lps, atol=1e-3)


def test_nifti_rescale_is_applied(tmp_path):
    array = np.ascontiguousarray(values().T)
    volume = read_image(nifti(tmp_path / "a.nii", array, np.eye(4), slope=(2.0, -24.0)))
    assert volume.array.dtype == np.int16
    assert np.array_equal(volume.array, 2 * values() - 24)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha", "a.mhd"])
def test_round_trip_keeps_values_and_oblique_place(tmp_path, name):
    source = Volume(values(), oblique())
    write_image(source, tmp_path / name)
    back = read_image(tmp_path / name)
    assert np.array_equal(back.array, source.array)
    assert back.grid.shape == SHAPE
    assert np.allclose(back.grid.affine, oblique().affine, atol=1e-4)


@pytest.mark.parametrize("name", ["m.nii.gz", "m.nrrd", "m.mha"])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64"])
def test_masks_round_trip(tmp_path, name, dtype):
    labels = np.random.default_rng(3).integers(0, 2 if dtype == "bool" else 200, SHAPE)
    write_mask(labels.astype(dtype), oblique(), tmp_path / name)
    back, grid = read_mask(tmp_path / name)
    assert back.dtype == np.uint8
    assert np.array_equal(back, labels)
    assert grid.same_as(oblique())
    assert sitk.ReadImage(str(tmp_path / name)).GetPixelID() == sitk.sitkUInt8


def test_fractions_stay_float_and_whole_floats_become_int16(tmp_path):
    for shift, dtype in ((0.25, np.float32), (0.0, np.int16)):
        write_image(Volume(values("float32") + np.float32(shift), oblique()), tmp_path / "a.nrrd")
        back = read_image(tmp_path / "a.nrrd").array
        assert back.dtype == dtype
        assert np.array_equal(back, values() + shift)


def test_whole_numbers_beyond_int16_become_float(tmp_path):
    array = values("int32")
    array[0, 0, 0] = 70000
    nifti(tmp_path / "a.nii", np.ascontiguousarray(array.T), np.eye(4))
    back = read_image(tmp_path / "a.nii").array
    assert back.dtype == np.float32
    assert np.array_equal(back, array)


def refused(code, call, path):
    with pytest.raises(InputRefused) as caught:
        call(path)
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    assert str(path) not in str(caught.value)
    assert path.stem not in str(caught.value)


def test_a_nifti_without_orientation_is_refused(tmp_path):
    array = np.ascontiguousarray(values().T)
    path = nifti(tmp_path / "smith.nii", array, np.eye(4), codes=(0, 0))
    refused("BadGeometry", read_image, path)


def test_an_nrrd_without_a_space_is_refused_and_a_ras_one_is_turned(tmp_path):
    path, content = tmp_path / "smith.nrrd", values().tobytes()
    head = "NRRD0004\ntype: short\ndimension: 3\nsizes: 5 6 7\nendian: little\nencoding: raw\n"
    path.write_bytes(f"{head}spacings: 1 1 2\n\n".encode() + content)
    refused("BadGeometry", read_image, path)
    axes = "space directions: (1,0,0) (0,1,0) (0,0,2)\nspace origin: (10,20,30)\n"
    path.write_bytes(f"{head}space: right-anterior-superior\n{axes}\n".encode() + content)
    volume = read_image(path)
    assert np.array_equal(volume.array, values())
    assert np.allclose(volume.grid.to_world((1, 2, 3)), (-13, -22, 32))


def test_a_sheared_nifti_is_refused(tmp_path):
    sform = np.eye(4)
    sform[1, 2] = 0.3
    path = nifti(tmp_path / "smith.nii", np.ascontiguousarray(values().T), sform)
    refused("BadGeometry", read_image, path)


def test_flat_and_many_valued_images_are_refused(tmp_path):
    for name, image in (
        ("flat.nrrd", sitk.Image(9, 9, sitk.sitkInt16)),
        ("thin.nrrd", sitk.Image([9, 9, 1], sitk.sitkInt16)),
        ("time.nrrd", sitk.Image([9, 9, 9, 3], sitk.sitkInt16)),
        ("colour.mha", sitk.Image([9, 9, 9], sitk.sitkVectorUInt8, 3)),
    ):
        sitk.WriteImage(image, str(tmp_path / name))
        refused("BadGeometry", read_image, tmp_path / name)


def test_a_single_time_point_is_a_volume(tmp_path):
    image = sitk.Image([5, 6, 7, 1], sitk.sitkInt16)
    sitk.WriteImage(image, str(tmp_path / "one.nii"))
    assert read_image(tmp_path / "one.nii").array.shape == (7, 6, 5)


@pytest.mark.parametrize("name", ["smith.mha", "smith.nii", "smith.nii.gz", "smith.nrrd"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite_is_not_hounsfield(tmp_path, name, value):
    array = values("float32")
    write_image(Volume(array + 0.5, oblique()), tmp_path / name)
    assert read_image(tmp_path / name).array.dtype == np.float32
    array[1, 2, 3] = value
    write_image(Volume(array, oblique()), tmp_path / name)
    refused("NotHounsfield", read_image, tmp_path / name)


def test_a_broken_file_is_not_readable(tmp_path):
    (tmp_path / "smith.nii.gz").write_bytes(b"no image at all")
    refused("NothingReadable", read_image, tmp_path / "smith.nii.gz")


def test_hu_are_no_labels(tmp_path):
    write_image(Volume(values(), oblique()), tmp_path / "smith.mha")
    refused("InputRefused", read_mask, tmp_path / "smith.mha")


def test_what_is_no_label_or_has_no_right_angles_is_not_written(tmp_path):
    sheared = oblique().affine.copy()
    sheared[:3, 1] += sheared[:3, 2]
    for labels, grid in (
        (np.full(SHAPE, 0.5), oblique()),
        (np.full(SHAPE, 300), oblique()),
        (np.zeros((2, 2, 2), np.uint8), oblique()),
        (np.zeros(SHAPE, np.uint8), Grid(SHAPE, sheared)),
    ):
        with pytest.raises(ValueError, match=r"labels|axes"):
            write_mask(labels, grid, tmp_path / "m.nii.gz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["A.NII.GZ", "a.nii", "a.nrrd", "a.mha", "a.mhd"])
def test_image_names(tmp_path, name):
    assert is_image(tmp_path / name)
    assert not is_image(tmp_path / f"{name}.zip")


def test_labels_on_slanted_slices_are_written_upright(tmp_path):
    """A gantry tilted by 20 degrees: a ball stays where it is, on perpendicular axes."""
    slanted = Grid.aligned((40, 60, 50), (2.0, 1.0, 1.0), (-20.0, 10.0, -700.0)).affine.copy()
    slanted[1, 0] = 2 * np.tan(np.radians(20))
    grid = Grid((40, 60, 50), slanted)
    centre = grid.to_world((20, 30, 25))
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    ball = np.linalg.norm(points - centre, axis=-1) < 15
    write_mask(ball, grid, tmp_path / "m.nii.gz")
    labels, upright = read_mask(tmp_path / "m.nii.gz")
    found = upright.to_world(np.argwhere(labels))
    assert len(found) * upright.voxel_mm3 == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.02)
    np.testing.assert_allclose(found.mean(0), centre, atol=0.1)
    assert np.abs(np.linalg.norm(found - centre, axis=1).max() - 15) < 1.2


@pytest.mark.parametrize("seed", range(20))
def test_slanted_labels_keep_their_first_and_last_slice(tmp_path, seed):
    rng = np.random.default_rng(seed)
    affine = Grid.aligned((30, 40, 40), rng.uniform(0.6, 3, 3), rng.uniform(-300, 300, 3)).affine
    affine = affine.copy()
    affine[:2, 0] = rng.uniform(-0.5, 0.5, 2) * affine[2, 0]
    grid = Grid((30, 40, 40), affine)
    labels = np.zeros(grid.shape, bool)
    labels[:, 10:30, 10:30] = True
    write_mask(labels, grid, tmp_path / "m.nii.gz")
    found, upright = read_mask(tmp_path / "m.nii.gz")
    z = upright.to_world(np.argwhere(found))[:, 2]
    ends = grid.to_world(np.argwhere(labels))[:, 2]
    assert z.min() == pytest.approx(ends.min(), abs=1e-3)
    assert z.max() == pytest.approx(ends.max(), abs=1e-3)
