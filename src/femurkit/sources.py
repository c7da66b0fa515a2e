"""Any input that femurkit takes, as one kind of scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from zipfile import is_zipfile

import numpy as np

from femurkit.dicom import (
    Candidate,
    CtSeries,
    Usable,
    choose,
    find_series,
    read_series,
    remarks,
    usable,
)
from femurkit.dicom.anonymize import Pseudonyms, anonymized
from femurkit.dicom.checks import check_length
from femurkit.dicom.gaps import without_gaps
from femurkit.errors import BadGeometry, NotHounsfield, SeriesNotFound, TooShort
from femurkit.geometry import Grid
from femurkit.image_checks.metal import METAL_FREE
from femurkit.images import is_image, read_image
from femurkit.remark import THICK_MM, THINNER, Claim, Remark, remarks_on, thick_slices
from femurkit.volume import Volume

Gaps = Literal["refuse", "resample"]

MOST_MM = 2500.0
"""No body is longer; a damaged spacing would make the search for hips take all memory there is."""
SAMPLE_STEP = (2, 8, 8)
"""Every such voxel (z, y, x) is enough to tell HU from other numbers."""
PADDING_HU = -1500
"""Lower values are what scanners write outside the field of view."""
GREATEST_HU, GREATEST_SHARE = 4000, 0.05
"""Metal goes beyond, but fills less of a scan."""
SOFT_TISSUE_HU, SOFT_TISSUE_SHARE = 200, 0.05
"""Fat, muscle and water lie within this of 0 and fill at least this share of any hip."""
LIGHT_HU, LIGHT_SHARE = -50, 0.005
"""Fat and air lie below; stored values not yet rescaled do not."""


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
    return scan


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


def check_hounsfield(volume: Volume) -> None:
    """Raise NotHounsfield unless the values are spread as those of a body in HU are."""
    steps = tuple(slice(None, None, step) for step in SAMPLE_STEP)
    sample = volume.array[steps]
    sample = sample[sample >= PADDING_HU]
    for found, holds in SPREAD:
        if not holds(sample):
            raise NotHounsfield(
                found, expected="Hounsfield units", remedy="Give the CT with its rescale applied."
            )


def _share(which: np.ndarray) -> float:
    return float(np.count_nonzero(which)) / which.size


SPREAD: tuple[tuple[str, Callable[[np.ndarray], bool]], ...] = (
    ("no value in the range of HU", lambda hu: hu.size > 0),
    (f"many values above {GREATEST_HU}", lambda hu: _share(hu > GREATEST_HU) <= GREATEST_SHARE),
    (
        f"hardly any value within {SOFT_TISSUE_HU} of 0, where soft tissue lies",
        lambda hu: _share(abs(hu) <= SOFT_TISSUE_HU) >= SOFT_TISSUE_SHARE,
    ),
    (
        f"hardly any value below {LIGHT_HU}, where fat and air lie",
        lambda hu: _share(hu < LIGHT_HU) >= LIGHT_SHARE,
    ),
)
"""What is found where a claim on the values (n,) does not hold, and the claim; in this order."""


def _thin(volume: Volume) -> str | None:
    along = int(abs(volume.grid.affine[2, :3]).argmax())
    return thick_slices(volume.grid.spacing_mm[along])


VOLUME_CLAIMS: tuple[Claim[Volume], ...] = (
    Claim("SLICES_THIN", "warning", f"slices of at most {THICK_MM} mm", _thin, THINNER),
    METAL_FREE,
)
"""Of an image file; a series' headers say more of its slices."""


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
    said = (*remarks(found, candidate), *remarks_on(series.volume, (METAL_FREE,)))
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
    said = remarks_on(volume, VOLUME_CLAIMS)
    size = " x ".join(str(n) for n in shape)
    return Scan(volume, None, f"an image file of {size} voxels.", said, "image file")
