"""What must hold of any series, whatever its geometry, encoding, order and numbers."""

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from femurkit.anatomy import Side
from femurkit.dicom import write_seg
from femurkit.dicom.read_seg import read_seg
from femurkit.errors import DuplicateSlices, GapInSeries
from femurkit.sources import load
from femurkit.volume import Mask

SHAPE = (24, 18, 14)
AXES = ((1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, -1, 0), (1, 0, 0, 0, -1, 0))
SCALES = ((1, 0), (1, -1024), (2, -2000), (0.5, -31.5))
SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, RLELossless)
NUMBERS = ("as they are", "none", "all one", "backwards")
SPACINGS = ((3.0, 6.0), (0.3, 1.5), (0.3, 1.5))
MIDDLE = st.integers(1, SHAPE[0] - 2)


def few(test):
    """Enough examples to find most, few enough to wait for."""
    unchanged = [HealthCheck.function_scoped_fixture]  # a function, the same each time
    return settings(max_examples=25, deadline=None, suppress_health_check=unchanged)(test)


@dataclass(frozen=True, eq=False)
class Form:
    """hu: (z, y, x); make(slices): its data sets; how and in which order they are written."""

    hu: np.ndarray = field(repr=False)
    make: Callable = field(repr=False)
    syntax: str
    chance: random.Random


@st.composite
def forms(draw):
    """A function that makes the data sets of a series, and its HU, given the fixture `slices`."""
    slope, intercept = draw(st.sampled_from(SCALES))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    hu = rng.choice([-1000, -100, 50, 60, 900], size=SHAPE, p=[0.3, 0.2, 0.2, 0.2, 0.1])
    hu = hu + rng.integers(-20, 20, SHAPE)
    hu = (np.rint((hu - intercept) / slope) * slope + intercept).astype(np.float32)
    step, down, right = (draw(st.floats(low, high)) for low, high in SPACINGS)
    look = {
        "spacing_mm": (step, down, right),
        "origin_mm": tuple(draw(st.floats(-900, 900)) for _ in range(3)),
        "orientation": draw(st.sampled_from(AXES)),
        "slope": slope,
        "intercept": intercept,
    }
    numbers, syntax = draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(SYNTAXES))
    chance = draw(st.randoms(use_true_random=False))

    def make(slices):
        every = slices(hu, **look)
        for index, each in enumerate(every):
            if numbers == "none":
                del each.InstanceNumber
            elif numbers != "as they are":
                each.InstanceNumber = 1 if numbers == "all one" else 1000 - index
        return every

    return Form(hu, make, syntax, chance)


def written(form, every, folder):
    """In any order, under names that say nothing."""
    names = form.chance.sample(range(1000), len(every))
    for each, name in zip(every, names, strict=True):
        each.file_meta = FileMetaDataset()
        packed = form.syntax == RLELossless
        each.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if packed else form.syntax
        if packed:
            each.compress(RLELossless, generate_instance_uid=False)
        each.save_as(folder / f"{name}", enforce_file_format=True)
    return folder


def value_at(volume, points):
    index = volume.grid.to_index(points)
    assert np.abs(index - np.rint(index)).max() < 1e-3
    return volume.array[tuple(np.rint(index).astype(int).T)]


@few
@given(forms())
def test_every_voxel_is_where_its_header_says(slices, form):
    hu, every = form.hu, form.make(slices)
    where = []
    for each in every:
        row, column = np.array(each.ImageOrientationPatient, float).reshape(2, 3)
        down, right = map(float, each.PixelSpacing)
        y, x = np.indices(hu.shape[1:])[:, :, :, None]
        corner = np.array(each.ImagePositionPatient, float)
        where.append(corner + x * right * row + y * down * column)
    with tempfile.TemporaryDirectory() as folder:
        volume = load(written(form, every, Path(folder))).volume
    assert volume.array.size == hu.size
    assert np.array_equal(value_at(volume, np.array(where).reshape(-1, 3)), hu.ravel())


@few
@given(forms(), st.sets(st.tuples(*(st.integers(0, n - 1) for n in SHAPE)), min_size=1))
def test_any_mask_comes_back_from_its_segmentation(slices, form, chosen):
    every = form.make(slices)
    with tempfile.TemporaryDirectory() as folder:
        scan = load(written(form, every, Path(folder)))
        array = np.zeros(scan.volume.grid.shape, bool)
        array[tuple(np.array(sorted(chosen)).T)] = True
        mask = Mask(array, scan.volume.grid)
        path = Path(folder) / "seg.dcm"
        write_seg(scan.series, {Side.LEFT: mask}, path, weights_hash="ab" * 32, version="1")
        labels, grid = read_seg(path)
    found = grid.to_world(np.argwhere(labels == Side.LEFT.label))
    index = np.rint(mask.grid.to_index(found)).astype(int)
    assert {tuple(i) for i in index.tolist()} == chosen


@few
@given(forms(), MIDDLE)
def test_a_slice_that_is_missing_is_never_overlooked(slices, form, which):
    every = form.make(slices)
    del every[which]
    with tempfile.TemporaryDirectory() as folder, pytest.raises(GapInSeries):
        load(written(form, every, Path(folder)))


@few
@given(forms(), MIDDLE)
def test_two_different_slices_at_one_place_are_never_overlooked(slices, form, which):
    every = form.make(slices)
    every[which].ImagePositionPatient = every[which - 1].ImagePositionPatient
    with tempfile.TemporaryDirectory() as folder, pytest.raises((DuplicateSlices, GapInSeries)):
        load(written(form, every, Path(folder)))
