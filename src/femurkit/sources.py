"""Any input that femurkit takes, as one kind of scan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from zipfile import is_zipfile

from femurkit.dicom import (
    Candidate,
    CtSeries,
    Usable,
    choose,
    contrast_given,
    find_series,
    read_series,
    remarks,
    usable,
)
from femurkit.dicom.anonymize import Pseudonyms, anonymized
from femurkit.dicom.checks import check_length
from femurkit.dicom.gaps import without_gaps
from femurkit.errors import BadGeometry, NoFemurFound, SeriesNotFound, TooShort
from femurkit.geometry import Grid
from femurkit.image_checks.contrast import NO_CONTRAST, ContrastEvidence, contrast_seen
from femurkit.image_checks.hounsfield import check_hounsfield
from femurkit.image_checks.metal import METAL_FREE
from femurkit.image_checks.range import FULL_RANGE
from femurkit.images import is_image, read_image
from femurkit.remark import THICK_MM, THINNER, Claim, Remark, remarks_on, thick_slices
from femurkit.volume import Volume

Gaps = Literal["refuse", "resample"]

AIR_HU, DENSER_HU = -1024, -900
"""What blank slices read as, and what is denser than air."""
MOST_MM = 2500.0
"""No body is longer; a damaged spacing would make the search for hips take all memory there is."""


OTHER_SERIES = (
    "Choose another series: femurkit inspect lists them, femurkit reconstruct --series takes one."
)
OTHER_SCAN = (
    "Give a CT that shows a hip, from above the femoral head to below the lesser trochanter."
)


@dataclass(frozen=True, eq=False)
class Scan:
    """One CT, wherever it came from.

    series: the DICOM behind it, None for an image file. why: one sentence on what was taken.
    remarks: what the user should know. name: a label that does not identify the patient. usable:
    the series that were there to choose from.
    """

    volume: Volume
    series: CtSeries | None
    why: str
    remarks: tuple[Remark, ...]
    name: str
    usable: tuple[Usable, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """The remarks as sentences."""
        return tuple(map(str, self.remarks))


def load(
    path: Path | str,
    *,
    series_uid: str | None = None,
    gaps: Gaps = "refuse",
    anonymize: bool = False,
) -> Scan:
    """Read a folder, a zip, or a NIfTI, NRRD or MetaImage file in HU.

    series_uid: which series of a folder or zip; None picks the one that most plausibly covers the
    hips. gaps: whether missing slices of a series may be interpolated (dicom/gaps.py). anonymize:
    headers and UIDs of the scan are those of a de-identified one. Raises the refusals of
    errors.InputRefused; none of them names the patient or the path.
    """
    path = Path(path)
    as_image = path.is_file() and is_image(path)
    scan = _image(path, series_uid) if as_image else _dicom(path, series_uid, gaps)
    if anonymize and scan.series is not None:
        scan = _anonymized(scan, scan.series)
    check_extent(scan.volume.grid)
    check_hounsfield(scan.volume)
    return replace(scan, volume=blank_as_air(scan.volume))


def blank_as_air(volume: Volume) -> Volume:
    """The volume with AIR_HU in every slice that holds one value throughout, other than air: it was
    filled in, and shows nothing of the patient.
    """
    highest = volume.array.max((1, 2))
    blank = (volume.array.min((1, 2)) == highest) & (highest > DENSER_HU)
    if not blank.any():
        return volume
    array = volume.array.copy()
    array[blank] = AIR_HU
    return replace(volume, array=array)


@contextmanager
def advice_for(scan: Scan) -> Iterator[None]:
    """Add to a NoFemurFound raised within what to do about it, unless it says so itself."""
    try:
        yield
    except NoFemurFound as error:
        if error.remedy:
            raise
        if len(scan.usable) > 1:
            raise NoFemurFound(error.found, remedy=OTHER_SERIES) from error
        raise NoFemurFound(error.found, remedy=OTHER_SCAN) from error


def check_extent(grid: Grid) -> None:
    """Raise BadGeometry if a scan reaches farther than a body does."""
    reach = float(max(n * step for n, step in zip(grid.shape, grid.spacing_mm, strict=True)))
    if reach > MOST_MM:
        steps = " x ".join(f"{step:.4g}" for step in grid.spacing_mm)
        raise BadGeometry(
            f"a scan of {reach / 1000:.4g} m, of voxels of {steps} mm",
            expected=f"at most {MOST_MM / 1000:.4g} m along any axis",
            remedy="Export the scan again from its source; spacings are in mm.",
        )


def _thin(volume: Volume) -> str | None:
    along = int(abs(volume.grid.affine[2, :3]).argmax())
    return thick_slices(volume.grid.spacing_mm[along])


THIN: Claim[Volume] = Claim(
    "SLICES_THIN", "warning", f"slices of at most {THICK_MM} mm", _thin, THINNER
)
"""Of an image file; a series' headers say more of its slices."""
IMAGE_CLAIMS: tuple[Claim[Any], ...] = (METAL_FREE, FULL_RANGE, NO_CONTRAST)
"""On the values of any scan, in the order of `_in_image`."""
VOLUME_CLAIMS: tuple[Claim[Any], ...] = (THIN, *IMAGE_CLAIMS)
"""All on an image file."""


def _in_image(volume: Volume, contrast: bool | None) -> tuple[Remark, ...]:
    """What the values of a scan show. contrast: whether its header names contrast agent."""
    evidence = ContrastEvidence(contrast, contrast_seen(volume))
    return (*remarks_on(volume, (METAL_FREE, FULL_RANGE)), *remarks_on(evidence, (NO_CONTRAST,)))


def _anonymized(scan: Scan, series: CtSeries) -> Scan:
    hidden = anonymized(series, Pseudonyms())
    why = scan.why.replace(series.uid, hidden.uid)
    return replace(scan, series=hidden, why=why, name=f"series {hidden.uid}")


def _dicom(path: Path, series_uid: str | None, gaps: Gaps) -> Scan:
    found = find_series(path)
    choice = choose(found, series_uid=series_uid)
    if path.is_file() and not is_zipfile(path):
        _refuse_one_slice(choice.candidate)
    candidate = choice.candidate if gaps == "refuse" else without_gaps(choice.candidate)
    series = read_series(candidate)
    said = (
        *remarks(found, candidate),
        *_in_image(series.volume, contrast_given(series.headers)),
    )
    name = f"series {series.uid}"
    return Scan(series.volume, series, choice.why, said, name, usable(found))


def _refuse_one_slice(candidate: Candidate) -> None:
    """Raise TooShort if a file that was named is one slice of a series."""
    if len(candidate.slices) == 1 and candidate.whole is None:
        raise TooShort(
            "a single slice", expected="a whole series", remedy="Name the folder that holds it."
        )


def _image(path: Path, series_uid: str | None) -> Scan:
    if series_uid is not None:
        raise SeriesNotFound(
            "an image file, which has no series", expected="DICOM", remedy="Leave --series out."
        )
    volume = read_image(path)
    affine, shape = volume.grid.affine, volume.grid.shape
    along = int(abs(affine[2, :3]).argmax())
    check_length(float(abs(affine[2, :3]) @ shape), slices=shape[along])
    said = (*remarks_on(volume, (THIN,)), *_in_image(volume, None))
    size = " x ".join(str(n) for n in shape)
    return Scan(volume, None, f"an image file of {size} voxels.", said, "image file")
