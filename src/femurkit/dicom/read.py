"""A CT series as Hounsfield units on an exact LPS grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.pixels import pixel_array
from pydicom.uid import generate_uid

from femurkit.dicom.checks import check
from femurkit.dicom.common import quiet
from femurkit.dicom.files import Files, open_files
from femurkit.dicom.find import Candidate
from femurkit.dicom.headers import numbers
from femurkit.dicom.slice_file import SliceFile
from femurkit.dicom.slices import SliceGeometry
from femurkit.dicom.stored import REMEDY, Encoding, encoding
from femurkit.errors import NothingReadable, NotHounsfield
from femurkit.geometry import Grid
from femurkit.threads import threads
from femurkit.volume import Volume

MAX_THREADS = 4


@dataclass(frozen=True, eq=False)
class CtSeries:
    """A series read whole. headers: one per slice, without pixels, in the order of volume.array.

    whole: the header of the multi-frame object that the slices are frames of, if they are.
    interpolated: those slices (indices) that no file holds; nothing derived refers to them.
    Array rows and columns are those of the slices; the first index runs along the slice normal.
    """

    volume: Volume
    headers: tuple[Dataset, ...]
    uid: str
    whole: Dataset | None = None
    interpolated: frozenset[int] = frozenset()


@quiet()
def read_series(candidate: Candidate) -> CtSeries:
    """Check the geometry, then read the pixels of every slice once, by threads.

    HU are int16 where all are whole numbers that fit, else float32; `Encoding.to_stored` makes of
    either exactly what the files hold. Raises the refusals of checks.CHECKS, NotHounsfield, and
    NothingReadable if a slice cannot be decoded.
    """
    check(candidate.geometry)
    order = candidate.geometry.order
    slices = [candidate.slices[i] for i in order]
    stack = [*slices, *candidate.aside]
    encodings = [encoding(s.header) for s in stack]
    grid = _grid(candidate.geometry)
    with open_files(candidate.path) as files:
        array = None
        if all(e.is_integral for e in encodings):
            array = _pixels(files, stack, encodings, grid, np.dtype(np.int16))
        if array is None:
            array = _pixels(files, stack, encodings, grid, np.dtype(np.float32))
    if array is None:
        raise NotHounsfield("values too large to hold", expected="HU", remedy=REMEDY)
    headers = tuple(_identified(s.header, candidate.uid, s.name) for s in slices)
    whole = candidate.whole and _identified(candidate.whole, candidate.uid, slices[0].name)
    missing = frozenset(i for i, each in enumerate(slices) if each.missing)
    return CtSeries(Volume(array, grid), headers, candidate.uid, whole, missing)


def _identified(header: Dataset, uid: str, name: str) -> Dataset:
    """The header with those UIDs that what is derived refers to and de-identification may drop;
    of several in one's place, a new one too.
    """
    made = {"StudyInstanceUID": "study", "SeriesInstanceUID": "series",
            "FrameOfReferenceUID": "frame", "SOPInstanceUID": name}  # fmt: skip
    found = {keyword: header.get(keyword) for keyword in made}
    missing = [keyword for keyword, uid in found.items() if not (isinstance(uid, str) and uid)]
    if not missing:
        return header
    out = Dataset()
    out.update(header)
    out.file_meta = header.file_meta
    for keyword in missing:
        out.add_new(keyword, "UI", generate_uid(entropy_srcs=[uid, keyword, made[keyword]]))
    return out


def _grid(geometry: SliceGeometry) -> Grid:
    """Array index (slice, row, column) to LPS mm."""
    first = geometry.order[0]
    between_rows, between_columns = geometry.spacings_mm[first]
    affine = np.eye(4)
    affine[:3, 0] = geometry.step_vector_mm
    affine[:3, 1] = geometry.orientations[first, 3:] * between_rows
    affine[:3, 2] = geometry.orientations[first, :3] * between_columns
    affine[:3, 3] = geometry.positions_mm[first]
    rows, columns = (int(n) for n in geometry.sizes[first])
    return Grid((len(geometry.positions_mm), rows, columns), affine)


def _pixels(
    files: Files,
    slices: Sequence[SliceFile],
    encodings: Sequence[Encoding],
    grid: Grid,
    dtype: np.dtype,
) -> np.ndarray | None:
    """HU on the grid, or None where dtype cannot hold them and give the stored values back.

    slices: those of the grid, in its order, and then others to interpolate from.
    """
    out = np.empty((len(slices), *grid.shape[1:]), dtype)

    def fill(index: int) -> bool:
        if slices[index].missing:
            return True
        pixels = _stored(files, slices[index], index)
        stored, coded = encodings[index].clean(pixels), encodings[index]
        hu = coded.to_hu(stored)
        limits = np.iinfo(dtype) if dtype.kind == "i" else np.finfo(dtype)
        if not (limits.min <= hu.min() and hu.max() <= limits.max):
            return False
        out[index] = hu
        # Whole numbers come back by themselves; fractions must be shown to.
        return dtype.kind == "i" or np.array_equal(coded.to_stored(out[index]), stored)

    if not all(_each(fill, len(slices))):
        return None
    missing = np.array([each.missing for each in slices])
    if missing.any():
        _interpolate(out, missing, _along(slices, grid))
    return out[: grid.shape[0]]


def _along(slices: Sequence[SliceFile], grid: Grid) -> np.ndarray:
    """Where slices lie along the first axis of the grid, (n,) indices and shares of them."""
    positions = numbers([each.header for each in slices], "ImagePositionPatient", 3)
    return np.asarray(grid.to_index(positions)[:, 0])


def _interpolate(hu: np.ndarray, missing: np.ndarray, along: np.ndarray) -> None:
    """Fill the missing slices from those on both sides, linearly.

    hu: (n, rows, columns); missing: (n,) bool; along: (n,) where they lie.
    """
    there = np.flatnonzero(~missing)
    there = there[along[there].argsort()]
    for index in np.flatnonzero(missing):
        k = int(np.searchsorted(along[there], along[index]))
        below, above = there[k - 1], there[k]
        share = np.float32((along[index] - along[below]) / (along[above] - along[below]))
        between = hu[below] * (1 - share) + hu[above] * share
        hu[index] = np.rint(between) if hu.dtype.kind == "i" else between


def _each(function: Callable[[int], bool], count: int) -> list[bool]:
    workers = min(MAX_THREADS, threads())
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, range(count)))


def _stored(files: Files, each: SliceFile, index: int) -> np.ndarray:
    """Pixels of one slice as the file has them, (rows, columns)."""
    shape = int(each.header.Rows), int(each.header.Columns)
    try:
        with files.open(each.name) as stream:
            if each.pixel_offset is None:
                if each.frame is None:
                    return dcmread(stream).pixel_array.reshape(shape)
                return pixel_array(stream, index=each.frame).reshape(shape)
            dtype = encoding(each.header).dtype.newbyteorder("<")
            stream.seek(each.pixel_offset)
            content = stream.read(shape[0] * shape[1] * dtype.itemsize)
        return np.frombuffer(content, dtype).reshape(shape)
    except (KeyboardInterrupt, SystemExit):
        raise
    # Decoders and zip raise all kinds of errors, some of which quote the header; one written in
    # Rust panics with what is no Exception.
    except BaseException as error:
        raise NothingReadable(
            f"slice {index + 1}, whose pixels cannot be decoded ({type(error).__name__})",
            expected="whole, readable slices",
            remedy="Export the series again, uncompressed.",
        ) from None
