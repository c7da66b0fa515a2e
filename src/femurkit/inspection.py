"""Everything that can be said of a CT before it is segmented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from femurkit.dicom import Usable
from femurkit.dicom.checks import CHECKS
from femurkit.dicom.remarks import SERIES_CLAIMS
from femurkit.errors import FemurkitError, InputRefused, NoFemurFound
from femurkit.locate.edges import EDGE_CLAIMS
from femurkit.locate.find import locate
from femurkit.locate.hip import Hip
from femurkit.locate.missing import missing_findings
from femurkit.measure.checks import TO_LESSER_TROCHANTER_MM
from femurkit.remark import Claim, Remark, remarks_on
from femurkit.sources import IMAGE_CLAIMS, VOLUME_CLAIMS, Gaps, advice_for, load


@dataclass(frozen=True)
class Row:
    """One claim on an input. verdict: holds, note, warning or error; then what was found, and what
    mends it.
    """

    code: str
    claim: str
    verdict: str
    found: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Inspection:
    """why: one sentence on what was taken; refused: what `reconstruct` would say instead of it;
    series: those that --series may name.
    """

    why: str
    rows: tuple[Row, ...]
    refused: FemurkitError | None = None
    series: tuple[Usable, ...] = ()


def _long_enough(hip: Hip) -> str | None:
    if hip.length_mm >= TO_LESSER_TROCHANTER_MM:
        return None
    return f"About {hip.length_mm:.0f} mm of femur in the scan, which may end above the trochanter."


REACHES_SHAFT: Claim[Hip] = Claim(
    "REACHES_SHAFT", "warning", "the scan reaches below the lesser trochanter", _long_enough,
    "Give a scan that goes on down the shaft.",
)  # fmt: skip


IN_SCAN = "a proximal femur is in the scan"


def inspect(path: Path, *, series_uid: str | None = None, gaps: Gaps = "refuse") -> Inspection:
    """Check a CT as `reconstruct` would read it, and look for its hips; segments nothing.

    path, series_uid, gaps: as for load(). Nothing is raised on purpose: a refusal is part of the
    answer.
    """
    try:
        scan = load(path, series_uid=series_uid, gaps=gaps)
    except InputRefused as error:
        return Inspection("", tuple(_refused(error)), error)
    dicom = scan.series is not None
    rows = [Row(c.code.__name__, c.claim, "holds") for c in CHECKS] if dicom else []
    rows += _told((*SERIES_CLAIMS, *IMAGE_CLAIMS) if dicom else VOLUME_CLAIMS, scan.remarks)
    try:
        with advice_for(scan):
            located = locate(scan.volume)
    except NoFemurFound as error:
        row = Row(error.code, IN_SCAN, "error", error.found, error.remedy)
        return Inspection(scan.why, (*rows, row), error, scan.usable)
    except FemurkitError as error:
        row = Row(error.code, IN_SCAN, "error", str(error))
        return Inspection(scan.why, (*rows, row), error, scan.usable)
    rows += [
        Row(f.code, f"{m.side.value}: the femur is in the scan", f.severity, f.text, f.remedy)
        for m, f in zip(located.missing, missing_findings(located.missing), strict=True)
    ]
    for hip in located.hips:
        said = (*remarks_on(hip.edges, EDGE_CLAIMS), *remarks_on(hip, (REACHES_SHAFT,)))
        rows += _told((*EDGE_CLAIMS, REACHES_SHAFT), said, of=f"{hip.side.value}: ")
    return Inspection(scan.why, tuple(rows), series=scan.usable)


def _refused(error: InputRefused) -> Iterator[Row]:
    """The checks of the series that held before one failed, and what was refused."""
    held = CHECKS[: error.check or 0]
    for check in held:
        yield Row(check.code.__name__, check.claim, "holds")
    claim = error.expected if error.check is None else CHECKS[error.check].claim
    yield Row(error.code, claim, "error", error.found, error.remedy)


def _told(claims: tuple[Claim[Any], ...], said: tuple[Remark, ...], *, of: str = "") -> list[Row]:
    found = {remark.code: remark for remark in said}
    rows = []
    for claim in claims:
        remark, text = found.get(claim.code), of + claim.text
        rows.append(
            Row(claim.code, text, "holds") if remark is None
            else Row(claim.code, text, remark.severity, of + remark.text, remark.remedy)
        )  # fmt: skip
    return rows
