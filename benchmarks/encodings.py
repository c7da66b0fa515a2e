"""One patient in every form a hospital exports: `python -m benchmarks.encodings`.

A phantom's scan is written in every transfer syntax, object, orientation and order that the reader
takes, and the left femur of each is made by `femurkit reconstruct`. The mask must hold the same
voxels in patient space each time. Writes docs/results/encodings.json and .md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import highdicom
import imagecodecs
import numpy as np
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.fileset import FileSet
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from femurkit import reconstruct
from femurkit.cli import run
from femurkit.dicom import write_new_series
from femurkit.images import read_mask
from femurkit.sources import load
from femurkit.volume import Volume

OUT = Path(__file__).parent.parent / "docs" / "results"
SEED, SPACING = 7, "3,1.5,1.5"
STORED_HU = -1024, 3071
"""What 12 bits hold."""
Slices = list[Dataset]
Form = Callable[[Slices, Path], None]
"""Writes slices, explicit little endian and in order, into an empty folder in another form."""


def plain(slices: Slices, folder: Path) -> None:
    for number, ds in enumerate(slices):
        ds.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)


def in_syntax(syntax: UID, slices: Slices, folder: Path) -> None:
    for ds in slices:
        ds.file_meta.TransferSyntaxUID = syntax
    plain(slices, folder)


def big_endian(slices: Slices, folder: Path) -> None:
    fresh = []
    for ds in slices:
        other = Dataset()
        for element in ds:  # read, so that every number is written in the other order
            other.add(element)
        other.PixelData = _stored(ds).astype(">i2").tobytes()
        other.file_meta = ds.file_meta
        other.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        fresh.append(other)
    plain(fresh, folder)


def compressed(syntax: UID, slices: Slices, folder: Path) -> None:
    slices = unsigned(slices)
    for ds in slices:
        ds.compress(syntax, generate_instance_uid=False)
    plain(slices, folder)


def encoded(
    syntax: UID, encode: Callable[[np.ndarray], bytes], slices: Slices, folder: Path
) -> None:
    """What pydicom cannot compress itself."""
    for ds in unsigned(slices):
        ds.PixelData = encapsulate([encode(ds.pixel_array)])
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        ds.file_meta.TransferSyntaxUID = syntax
    plain(slices, folder)


def _htj2k(pixels: np.ndarray) -> bytes:
    return imagecodecs.htj2k_encode(pixels, reversible=True)


def unsigned(slices: Slices) -> Slices:
    for ds in slices:
        stored = _stored(ds).astype(np.int32) + 1024
        _store(ds, stored.astype("<u2"), signed=False, intercept=float(ds.RescaleIntercept) - 1024)
    return slices


def twelve_bits(slices: Slices, folder: Path, *, signed: bool) -> None:
    """12 of 16 bits, the other four holding what does not belong to the value."""
    for ds in slices:
        hu = _stored(ds).astype(np.int32) + int(ds.RescaleIntercept)
        intercept = 1024 if signed else -1024
        stored = ((hu - intercept) & 0x0FFF).astype("<u2") | 0xA000
        _store(ds, stored, signed=signed, intercept=intercept, bits=12)
    plain(slices, folder)


def padded(slices: Slices, folder: Path) -> None:
    """Padding outside the field of view, which lies in the air here."""
    for ds in slices:
        stored = _stored(ds).copy()
        corner = np.add.outer(np.arange(stored.shape[0]), np.arange(stored.shape[1])) < 8
        stored[corner] = -2000
        ds.PixelData = stored.tobytes()
        ds.add_new("PixelPaddingValue", "SS", -2000)
    plain(slices, folder)


def rescaled_each(slices: Slices, folder: Path) -> None:
    for number, ds in enumerate(slices):
        shift = number % 7 * 100
        stored = _stored(ds).astype(np.int32) + shift
        _store(ds, stored.astype("<i2"), signed=True, intercept=int(ds.RescaleIntercept) - shift)
    plain(slices, folder)


def shuffled(slices: Slices, folder: Path) -> None:
    numbers = np.random.default_rng(1).permutation(len(slices))
    for number, ds in zip(numbers, slices, strict=True):
        ds.InstanceNumber = int(number) + 1
    plain([slices[number] for number in numbers], folder)


def unnumbered(slices: Slices, folder: Path, *, number: int | None) -> None:
    for ds in slices:
        if number is None:
            del ds.InstanceNumber
        else:
            ds.InstanceNumber = number
    plain(slices, folder)


def with_copies(slices: Slices, folder: Path) -> None:
    plain(slices, folder)
    (folder / "again").mkdir()
    plain(slices[::3], folder / "again")


def turned(direction: int, slices: Slices, folder: Path) -> None:
    """Columns run where rows ran: a patient on one side, shown as the scanner saw it."""
    for ds in slices:
        pixels = _stored(ds).reshape(ds.Rows, ds.Columns)
        between_rows, between_columns = ds.PixelSpacing
        x, y, z = map(float, ds.ImagePositionPatient)
        if direction > 0:  # rows run to the back, columns to the patient's right
            x += (ds.Columns - 1) * float(between_columns)
            pixels, orientation = pixels.T[::-1], [0, 1, 0, -1, 0, 0]
        else:
            y += (ds.Rows - 1) * float(between_rows)
            pixels, orientation = pixels.T[:, ::-1], [0, -1, 0, 1, 0, 0]
        ds.ImageOrientationPatient, ds.ImagePositionPatient = orientation, [x, y, z]
        ds.PixelSpacing = [between_columns, between_rows]
        ds.Rows, ds.Columns = pixels.shape
        ds.PixelData = np.ascontiguousarray(pixels).tobytes()
    plain(slices, folder)


def enhanced(slices: Slices, folder: Path, *, syntax: UID = ExplicitVRLittleEndian) -> None:
    slices = unsigned(slices)
    order = np.random.default_rng(2).permutation(len(slices))
    whole = highdicom.legacy.LegacyConvertedEnhancedCTImage(
        [slices[k] for k in order], series_instance_uid=generate_uid(), series_number=2,
        sop_instance_uid=generate_uid(), instance_number=1, transfer_syntax_uid=syntax,
    )  # fmt: skip
    whole.save_as(folder / "whole.dcm")


def dicomdir(slices: Slices, folder: Path) -> None:
    files = FileSet()
    for ds in slices:
        files.add(ds)
    files.write(folder)


def zipped(slices: Slices, folder: Path) -> None:
    (folder / "loose").mkdir()
    plain(slices, folder / "loose")
    with zipfile.ZipFile(folder / "series.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (folder / "loose").iterdir():
            archive.write(path, f"study/{path.name}")
            path.unlink()


def nameless(slices: Slices, folder: Path) -> None:
    """Files without an ending, in folders, among what is no image."""
    (folder / "A" / "B").mkdir(parents=True)
    for number, ds in enumerate(slices):
        ds.save_as(folder / "A" / "B" / f"IM{number}", enforce_file_format=True)
    (folder / "A" / "readme.txt").write_text("nothing")
    (folder / "A" / "empty").write_bytes(b"")


def headless(slices: Slices, folder: Path) -> None:
    """Bare data sets, as some archives keep them: no preamble, no meta information."""
    for number, ds in enumerate(slices):
        del ds.file_meta
        ds.save_as(folder / f"{number:04d}", implicit_vr=True, little_endian=True)


FORMS: dict[str, Form] = {
    "explicit little endian": plain,
    "implicit little endian": partial(in_syntax, ImplicitVRLittleEndian),
    "explicit big endian": big_endian,
    "deflated": partial(in_syntax, DeflatedExplicitVRLittleEndian),
    "RLE": partial(compressed, RLELossless),
    "JPEG lossless": partial(encoded, JPEGLosslessSV1, imagecodecs.ljpeg_encode),
    "JPEG-LS": partial(compressed, JPEGLSLossless),
    "JPEG 2000": partial(compressed, JPEG2000Lossless),
    "HTJ2K": partial(encoded, HTJ2KLossless, _htj2k),
    "enhanced, one object": enhanced,
    "enhanced, JPEG-LS": partial(enhanced, syntax=JPEGLSLossless),
    "unsigned": lambda slices, folder: plain(unsigned(slices), folder),
    "12 bits, signed": partial(twelve_bits, signed=True),
    "12 bits, unsigned": partial(twelve_bits, signed=False),
    "padding": padded,
    "a rescale for each slice": rescaled_each,
    "slices shuffled": shuffled,
    "no instance numbers": partial(unnumbered, number=None),
    "one instance number for all": partial(unnumbered, number=1),
    "some files twice": with_copies,
    "decubitus right": partial(turned, 1),
    "decubitus left": partial(turned, -1),
    "DICOMDIR": dicomdir,
    "zip": zipped,
    "no endings, among other files": nameless,
    "no preamble": headless,
}
POSITIONS = ("HFS", "FFS", "HFP", "FFP")


def slices_of(volume: Volume, folder: Path, position: str = "HFS") -> Slices:
    """A series of the volume, explicit little endian, in order."""
    patient = {"PatientName": "Phantom^Forms", "PatientID": "FORMS"}
    write_new_series(volume, folder, seed_text="forms", patient=patient, position=position)
    return [dcmread(path) for path in sorted(folder.iterdir())]


def _stored(ds: Dataset) -> np.ndarray:
    return np.frombuffer(ds.PixelData, "<i2").reshape(ds.Rows, ds.Columns)


def _store(
    ds: Dataset, stored: np.ndarray, *, signed: bool, intercept: float, bits: int = 16
) -> None:
    ds.PixelData = stored.tobytes()
    ds.PixelRepresentation, ds.BitsStored, ds.HighBit = int(signed), bits, bits - 1
    ds.RescaleIntercept = str(intercept)
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue"):
        if keyword in ds:
            delattr(ds, keyword)


def voxels(folder: Path) -> set[tuple[int, int, int]]:
    """Where the mask's voxels lie, LPS, to a hundredth of a millimetre."""
    labels, grid = read_mask(folder / "left" / "mask.nii.gz")
    places = np.rint(grid.to_world(np.argwhere(labels)) * 100).astype(int)
    return set(map(tuple, places.tolist()))


def scan(work: Path) -> Volume:
    """The patient that is written in every form."""
    run(["phantom", "-o", str(work / "made"), "--seed", str(SEED), "--spacing", SPACING])
    volume = load(work / "made" / "P001" / "ct").volume
    return Volume(volume.array.clip(*STORED_HU), volume.grid)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rows = list(_rows(Path(name)))
    (args.out / "encodings.json").write_text(json.dumps(rows, indent=1) + "\n")
    (args.out / "encodings.md").write_text(as_page(rows))
    print(as_page(rows))
    sys.exit(any(row["differs"] for row in rows))


def _rows(work: Path):
    volume = scan(work)
    forms = [(name, form, "HFS") for name, form in FORMS.items()]
    forms += [(name, plain, name) for name in POSITIONS[1:]]
    first: set[tuple[int, int, int]] = set()
    for number, (name, form, position) in enumerate(forms):
        slices = slices_of(volume, work / f"slices{number}", position)
        source = work / f"in{number}"
        source.mkdir()
        form(slices, source)
        path = source / "series.zip" if form is zipped else source
        result = reconstruct(path, work / f"out{number}", side="left")
        found = voxels(result.out)
        first = first or found
        yield {
            "form": name, "voxels": len(found), "differs": len(found ^ first),
            "said": [w for w in result.warnings if "hip" not in w.lower()],
        }  # fmt: skip
        print(f"{name}: {len(found)} voxels, {len(found ^ first)} differ", flush=True)


def as_page(rows: list[dict]) -> str:
    """The table."""
    out = [
        "# One patient in every form", "",
        "Generated by `python -m benchmarks.encodings`; do not edit. The left femur's mask of one",
        "phantom; voxels are compared by where they lie in patient space.", "",
        "| form | voxels of the mask | voxels that differ | what is said of it |",
        "|---|---|---|---|",
    ]  # fmt: skip
    out += [
        f"| {r['form']} | {r['voxels']} | {r['differs']} | {' '.join(r['said'])} |" for r in rows
    ]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    main()
