"""The segmented series: the bone bit for bit, air elsewhere, the header true."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from femurkit.anatomy import Side
from femurkit.dicom import choose, find_series, read_series, write_segmented_series
from femurkit.geometry import Grid
from femurkit.volume import Mask


def read(path):
    return read_series(choose(find_series(path)).candidate)


def blob(series) -> Mask:
    z, y, x = np.indices(series.volume.array.shape)
    return Mask((abs(z - 14) < 7) & (abs(y - 9) < 5) & (abs(x - 7) < 4 + z % 2), series.volume.grid)


def pixels(ds) -> np.ndarray:
    dtype = "<i2" if ds.PixelRepresentation else "<u2"
    return np.frombuffer(ds.PixelData, dtype).reshape(ds.Rows, ds.Columns)


@pytest.mark.parametrize("slices_written", ["touched", "all"])
@pytest.mark.parametrize(
    ("slope", "intercept", "dtype"),
    [(1, -1024, "int16"), (1, -1024, "uint16"), (1, 0, "int16"), (0.5, -1000.25, "uint16")],
)
def test_stored_values_inside_and_air_outside(
    tmp_path, slices, write, hu, slope, intercept, dtype, slices_written
):
    hu[12] += 1  # an odd value in an even world
    sources = slices(hu, slope=slope, intercept=intercept, dtype=dtype)
    series = read(write(sources, tmp_path / "in"))
    mask = blob(series)
    paths = write_segmented_series(
        series, mask, tmp_path / "out", side=Side.LEFT, slices=slices_written
    )
    touched = np.flatnonzero(mask.array.any(axis=(1, 2)))
    chosen = touched if slices_written == "touched" else np.arange(len(hu))
    assert len(paths) == len(chosen) == len(list((tmp_path / "out").iterdir()))
    air = round((-1000 - intercept) / slope)
    for path, index in zip(paths, chosen, strict=True):
        ds, source = dcmread(path), sources[index]
        inside = mask.array[index]
        assert np.array_equal(pixels(ds)[inside], pixels(source)[inside])
        assert (pixels(ds)[~inside] == air).all()
        assert ds.SmallestImagePixelValue == pixels(ds).min()
        assert ds.LargestImagePixelValue == pixels(ds).max()
        assert ("SS" if dtype == "int16" else "US") == ds["SmallestImagePixelValue"].VR
    if slices_written == "all":
        back = read(tmp_path / "out").volume
        assert back.grid.same_as(series.volume.grid)
        assert np.array_equal(back.array[mask.array], series.volume.array[mask.array])
        assert np.allclose(back.array[~mask.array], -1000, atol=slope / 2)


def test_the_header_says_what_it_is_and_keeps_the_rest(tmp_path, slices, write, hu):
    sources = slices(hu, PixelPaddingValue=-2000, WindowCenter=300, WindowWidth=1500,
                     InstanceCreationDate="20200101", ConvolutionKernel="B60")  # fmt: skip
    series = read(write(sources, tmp_path / "in", explicit=False))
    before = [h.to_json() for h in series.headers]
    paths = write_segmented_series(series, blob(series), tmp_path / "out", side=Side.RIGHT)
    assert [h.to_json() for h in series.headers] == before
    seen = [dcmread(p) for p in paths]
    assert len({ds.SOPInstanceUID for ds in seen}) == len(seen)
    assert {ds.SeriesInstanceUID for ds in seen}.isdisjoint({series.uid})
    changed = {
        "ImageType", "SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription",
        "DerivationDescription", "DerivationCodeSequence", "SourceImageSequence", "PixelData",
        "ContributingEquipmentSequence", "SmallestImagePixelValue", "LargestImagePixelValue",
    }  # fmt: skip
    by_uid = {str(ds.SOPInstanceUID): ds for ds in sources}
    for ds in seen:
        assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
        assert list(ds.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
        assert ds.SeriesDescription == "femur right, segmented by femurkit"
        (reference,) = ds.SourceImageSequence
        assert reference.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
        source = by_uid.pop(str(reference.ReferencedSOPInstanceUID))
        assert ds.ImagePositionPatient == source.ImagePositionPatient
        for element in source:
            if element.keyword not in changed | {"InstanceCreationDate"}:
                assert ds[element.keyword].value == element.value, element.keyword
        assert {e.keyword for e in ds} - {e.keyword for e in source} <= changed
        assert "InstanceCreationDate" not in ds
        assert ds["PixelPaddingValue"].VR == "SS"


def test_where_air_cannot_be_stored_the_lowest_value_stands(tmp_path, slices, write, hu):
    series = read(write(slices(hu.clip(0), intercept=0.0, dtype="uint16"), tmp_path / "in"))
    mask = blob(series)
    for path in write_segmented_series(series, mask, tmp_path / "out", side=Side.LEFT):
        assert dcmread(path).pixel_array[0, 0] == 0


def test_a_compressed_source_is_written_plain_and_exact(tmp_path, slices, write, hu):
    sources = slices(hu, dtype="uint16")
    plain = [pixels(ds).copy() for ds in sources]
    write(sources, tmp_path / "plain")
    (tmp_path / "in").mkdir()
    for ds in sources:
        ds.compress(RLELossless, generate_instance_uid=False)
        ds.save_as(tmp_path / "in" / str(ds.InstanceNumber), enforce_file_format=True)
    series = read(tmp_path / "in")
    mask = blob(series)
    paths = write_segmented_series(series, mask, tmp_path / "out", side=Side.LEFT, slices="all")
    for index, path in enumerate(paths):
        ds, inside = dcmread(path), mask.array[index]
        assert not ds.file_meta.TransferSyntaxUID.is_compressed
        assert np.array_equal(pixels(ds)[inside], plain[index][inside])


def test_the_same_mask_gives_the_same_bytes_and_another_mask_other_uids(
    tmp_path, slices, write, hu
):
    series = read(write(slices(hu), tmp_path / "in"))
    mask = blob(series)
    smaller = Mask(mask.array & (np.arange(len(hu)) > 9)[:, None, None], mask.grid)
    a, b, c = (
        write_segmented_series(series, m, tmp_path / name, side=Side.LEFT)
        for name, m in (("a", mask), ("b", mask), ("c", smaller))
    )
    assert [p.read_bytes() for p in a] == [p.read_bytes() for p in b]
    assert dcmread(a[-1]).SOPInstanceUID != dcmread(c[-1]).SOPInstanceUID


def test_a_mask_elsewhere_or_empty_is_refused(tmp_path, slices, write, hu):
    series = read(write(slices(hu), tmp_path / "in"))
    empty = np.zeros(hu.shape, bool)
    elsewhere = Grid.aligned(hu.shape, (1, 1, 1), (0, 0, 0))
    for array, grid, words in ((empty, series.volume.grid, "empty"), (~empty, elsewhere, "grid")):
        mask = Mask(array, grid)
        with pytest.raises(ValueError, match=words):
            write_segmented_series(series, mask, tmp_path / "out", side=Side.LEFT)
    assert not (tmp_path / "out").exists()
