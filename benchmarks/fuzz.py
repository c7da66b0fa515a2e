"""Damaged and strange inputs: `python -m benchmarks.fuzz [--count 5000] [--seed 1]`.

A small series (classic or enhanced, plain or compressed, in a folder or a zip) or an image file is
mutated, bytes and header values alike, and given to `femurkit reconstruct`. A tenth of them show a
phantom's hip, a twentieth are slices of a real thigh as its scanner wrote them (pelvic-ref-003,
where ../shared/data is there). Each must end with exit code 0, 3 or 4 within SLOW_S seconds, leave
the input as it was and nothing but OUT beside it, name no patient and stay below MEMORY_MB; what
does not is printed with the number that makes it again and counts as a failure (exit code 1).
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import hashlib
import io
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from femurkit.cli import run
from femurkit.dicom import write_new_series
from femurkit.geometry import Grid
from femurkit.images import write_image
from femurkit.phantom.patient import make_patient
from femurkit.volume import Volume

REAL = Path(__file__).parents[2] / "shared/data/pelvic-ref-003/ct.zip"
SLICES = 24
SLOW_S, MEMORY_MB = 60.0, 4096
SYNTAXES = (RLELossless, JPEGLSLossless, JPEG2000Lossless)
STRANGE = (
    "", "0", "-1", "1", "2", "65535", "1e400", "nan", "-inf", "1\\2", "1\\2\\3\\4\\5\\6\\7", "abc",
    "\0\0", "é" * 70, "2147483648", "1.2.840.10008.1.2.4.90", "99999999999999999999",
)  # fmt: skip
KEYWORDS = (
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope",
    "RescaleIntercept", "RescaleType", "SamplesPerPixel", "PhotometricInterpretation", "Modality",
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "NumberOfFrames", "ImageType",
    "InstanceNumber", "SliceThickness", "AcquisitionNumber", "ConvolutionKernel", "PatientName",
    "SpecificCharacterSet", "ContrastBolusAgent", "PlanarConfiguration",
)  # fmt: skip


@cache
def hip() -> Volume:
    """The left half of a coarse patient: a femur is found in it."""
    scan = make_patient(5, spacing_mm=(5.0, 2.5, 2.5)).volume
    middle = scan.grid.shape[2] // 2  # columns run to the patient's left
    left = scan.array[:, :, middle:]
    corner = scan.grid.to_world((0, 0, middle))
    return Volume(left.copy(), Grid.aligned(left.shape, scan.grid.spacing_mm, corner))


def body(rng: np.random.Generator) -> Volume:
    """A small scan whose values are spread as those of a body."""
    hu = rng.choice([-1000, -100, 50, 60, 900], size=(24, 64, 64), p=[0.3, 0.2, 0.2, 0.2, 0.1])
    hu = (hu + rng.integers(-20, 20, hu.shape)).astype(np.int16)
    return Volume(hu, Grid.aligned(hu.shape, (3.0, 2.0, 2.0), (-60, -60, -500)))


@cache
def thigh() -> tuple[bytes, ...]:
    """The lowest slices of a real scan, as files; none where the data is not there."""
    if not REAL.exists():
        return ()
    with zipfile.ZipFile(REAL) as archive:
        files = [archive.read(name) for name in archive.namelist() if name.endswith(".dcm")]
    level = {data: dcmread(io.BytesIO(data), stop_before_pixels=True) for data in files}
    return tuple(sorted(files, key=lambda data: level[data].ImagePositionPatient[2])[:SLICES])


def series(volume: Volume, folder: Path, chance: random.Random) -> list[Path]:
    """A whole series in one of many forms; its files."""
    position = chance.choice(["HFS", "HFP", "FFS", "FFP"])
    patient = {"PatientName": "Secret^Sam", "PatientID": "SECRET"}
    write_new_series(volume, folder, seed_text="fuzz", patient=patient, position=position)
    files = sorted(folder.iterdir())
    form = chance.random()
    for path in files if form < 0.5 else ():
        ds = dcmread(path)
        if form < 0.25:
            ds.PixelRepresentation = 0
            ds.PixelData = (ds.pixel_array.astype(np.int32) + 1024).astype(np.uint16).tobytes()
            for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue"):
                delattr(ds, keyword)
            ds.RescaleIntercept = -2048
            ds.compress(SYNTAXES[int(form * 12)], generate_instance_uid=False)
            ds.save_as(path)
        else:
            implicit = form < 0.4
            ds.file_meta.TransferSyntaxUID = (
                ImplicitVRLittleEndian if implicit else DeflatedExplicitVRLittleEndian
            )
            ds.save_as(path, implicit_vr=implicit, little_endian=True)
    return files


def bytes_flipped(path: Path, chance: random.Random) -> None:
    """A few bytes changed, the most of them where the header is."""
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 2, 8, 64])):
        reach = len(data) if chance.random() < 0.3 else min(len(data), 1600)
        data[chance.randrange(reach)] = chance.randrange(256)
    path.write_bytes(data)


def cut_short(path: Path, chance: random.Random) -> None:
    """The end is missing, or there is more than one."""
    data = path.read_bytes()
    at = chance.randrange(len(data))
    path.write_bytes(data[:at] if chance.random() < 0.7 else data + data[at:])


def spliced(path: Path, chance: random.Random) -> None:
    """A stretch of bytes taken out, doubled or filled with ones."""
    data = path.read_bytes()
    at, length = chance.randrange(len(data)), chance.choice([1, 2, 4, 100])
    with_it = chance.choice([b"", data[at : at + length] * 2, b"\xff" * length])
    path.write_bytes(data[:at] + with_it + data[at + length :])


def strange_value(path: Path, chance: random.Random) -> None:
    """A header value that nobody would write, in whatever type."""
    ds = dcmread(path)
    keyword = chance.choice(KEYWORDS)
    if chance.random() < 0.2:
        if keyword in ds:
            delattr(ds, keyword)
    else:
        _put(ds, keyword, chance.choice(STRANGE))
    ds.save_as(path)


def strange_syntax(path: Path, chance: random.Random) -> None:
    """A transfer syntax that the pixels are not in."""
    ds = dcmread(path)
    ds.file_meta.TransferSyntaxUID = chance.choice([*SYNTAXES, ImplicitVRLittleEndian, "1.2.3"])
    ds.save_as(path, implicit_vr=False, little_endian=True, enforce_file_format=False)


def _put(ds: Dataset, keyword: str, value: str) -> None:
    """Set a value as it is, or as a number where that is what the type holds."""
    try:
        setattr(ds, keyword, value.split("\\") if "\\" in value else value)
        ds[keyword].value  # noqa: B018 - a lazy value is looked at
    except (ValueError, TypeError, OverflowError):
        setattr(ds, keyword, int(float(value)) % 65536 if value.strip("-").isdigit() else None)


MUTATIONS: tuple[Callable[[Path, random.Random], None], ...] = (
    bytes_flipped, cut_short, spliced, strange_value, strange_value, strange_syntax,
)  # fmt: skip


def make(number: int, seed: int, home: Path) -> Path:
    """Make an input in `home`, an empty folder."""
    chance = random.Random(f"{seed} {number}")
    volume = hip() if number % 10 == 0 else body(np.random.default_rng([seed, number]))
    kind = chance.random()
    if kind < 0.15:
        source = home / f"ct{chance.choice(['.nii', '.nii.gz', '.nrrd', '.mha'])}"
        write_image(volume, source)
        chance.choice(MUTATIONS[:3])(source, chance)
        return source
    if number % 20 == 5 and thigh():
        (home / "series").mkdir()
        files = [home / "series" / f"{k:03d}.dcm" for k in range(SLICES)]
        for path, data in zip(files, thigh(), strict=True):
            path.write_bytes(data)
    else:
        files = series(volume, home / "series", chance)
    every = chance.random() < 0.4
    for path in files if every else chance.sample(files, chance.choice([1, 3])):
        # the same change in every slice, or another one in each of a few
        mine = random.Random(f"{seed} {number} all") if every else chance
        try:
            mine.choice(MUTATIONS)(path, mine)
        except Exception:  # what cannot be written is not an input
            continue
    if kind <= 0.8:
        return home / "series"
    packed = home / "series.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, f"../{path.name}")
    if chance.random() < 0.3:
        bytes_flipped(packed, chance)
    return packed


def one(number: int, seed: int, home: Path) -> str:
    """Make an input, give it to `reconstruct`, and say how that ended.

    Raises AssertionError if in a way in which it may not.
    """
    (home / "in").mkdir()
    source = make(number, seed, home / "in")
    before = digest(home)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code, reason, _ = run(["reconstruct", str(source), "-o", str(home / "out")])
    text = said.getvalue()
    assert code in (0, 3, 4), text
    assert "ecret" not in text, "what is printed names the patient"
    out = home / "out"
    if code == 0:
        for path in (path for path in out.iterdir() if path.suffix in (".json", ".html", ".csv")):
            assert "ecret" not in path.read_text(), f"{path.name} names the patient"
        shutil.rmtree(out)
    assert digest(home) == before, "the input has changed, or something was left beside it"
    return reason or "done"


def digest(folder: Path) -> dict[str, str]:
    """Every file and folder, and what is in it."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
    }


def tried(number: int, seed: int) -> tuple[str, str, int]:
    """How one input ended, what is wrong with that if anything, and this process's peak, MB."""
    warnings.simplefilter("ignore")
    home, start, end, wrong = Path(tempfile.mkdtemp()), time.perf_counter(), "failed", ""
    before = peak_mb()
    faulthandler.dump_traceback_later(4 * SLOW_S, exit=True)
    try:
        end = one(number, seed, home)
    except KeyboardInterrupt:
        raise
    except BaseException:  # a panic of a decoder is no Exception
        wrong = f"number {number}:\n{traceback.format_exc(limit=-3)}"
    finally:
        faulthandler.cancel_dump_traceback_later()
        shutil.rmtree(home)
    if (seconds := time.perf_counter() - start) > SLOW_S:
        wrong += f"number {number}: {seconds:.0f} s"
    if before <= MEMORY_MB < peak_mb():
        wrong += f"number {number}: {peak_mb()} MB"
    return end, wrong, peak_mb()


def peak_mb() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="this number alone")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    numbers = [args.only] if args.only is not None else range(args.count)
    ends: Counter[str] = Counter()
    failed = peak = 0
    with ProcessPoolExecutor(args.workers, get_context("spawn")) as pool:
        for end, wrong, memory in pool.map(partial(tried, seed=args.seed), numbers, chunksize=5):
            ends[end] += 1
            failed += bool(wrong)
            peak = max(peak, memory)
            if wrong:
                print(wrong, flush=True)
            if ends.total() % 500 == 0:
                print(ends.total(), f"peak {peak} MB", flush=True)
    print(dict(ends.most_common()), f"failed: {failed}, peak {peak} MB")
    sys.exit(failed > 0 or peak > MEMORY_MB)


if __name__ == "__main__":
    main()
