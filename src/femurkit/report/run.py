"""How a result came about: for run.json and for the end of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from femurkit.locate.hip import MissingFemur
from femurkit.measure.verdict import RULE
from femurkit.remark import Remark
from femurkit.report.build import size_of
from femurkit.report.content import FemurPage, Number, Report
from femurkit.sources import Scan
from femurkit.steps import Steps, peak_memory_mb


@dataclass(frozen=True, eq=False)
class Run:
    """One run of the pipeline: its input, what did it, and how it went."""

    scan: Scan
    version: str
    weights_sha256: str
    settings: Mapping[str, str]
    warnings: Sequence[str]
    steps: Steps
    remarks: Sequence[tuple[str, Remark]] = ()
    """What was said of the input before it was segmented: of the scan, the left or right hip."""
    made: Sequence[str] = ()
    """Sides of the femurs that were made."""
    missing: Sequence[MissingFemur] = ()
    """Femurs that were asked for and are not among the results."""


def record_of(run: Run) -> dict[str, Any]:
    """What run.json says: enough to do it again, nothing that names the patient or a path."""
    series, grid = run.scan.series, run.scan.volume.grid
    return {
        "version": run.version,
        "weights_sha256": run.weights_sha256,
        "input": {
            "series_uid": series.uid if series is not None else None,
            "why": run.scan.why,
            "shape": list(grid.shape),
            "spacing_mm": [round(spacing, 6) for spacing in grid.spacing_mm],
        },
        "settings": dict(run.settings),
        "femurs": {
            "made": list(run.made),
            "missing": [
                {"side": m.side.value, "expected": m.expected, "reason": m.reason}
                for m in run.missing
            ],
        },
        "seconds": dict(run.steps.seconds),
        "total_seconds": round(run.steps.elapsed, 3),
        "peak_memory_mb_by_the_end_of": dict(run.steps.peak_mb),
        "peak_memory_mb": peak_memory_mb(),
        "remarks": [{"of": of, **asdict(remark)} for of, remark in run.remarks],
        "warnings": list(run.warnings),
    }


def report_of(run: Run, pages: Sequence[FemurPage]) -> Report:
    """The report's content, the same facts in it."""
    facts = {
        "femurkit": run.version,
        "weights": run.weights_sha256[:16],
        "input": run.scan.why,
        **run.settings,
    }
    series = run.scan.series
    return Report(
        source=size_of(run.scan.volume) + (f", series {series.uid}" if series else ""),
        femurs=tuple(pages),
        rule=RULE,
        warnings=tuple(dict.fromkeys(run.warnings)),
        missing=tuple(m.side for m in run.missing if m.expected),
        provenance=tuple(Number(name, value) for name, value in facts.items()),
        seconds=dict(run.steps.seconds),
        name=_name(run.scan),
    )


def _name(scan: Scan) -> str:
    """The end of the series' UID, by which series of one scanner differ; of an image, its size."""
    if scan.series is not None:
        return f"series …{scan.series.uid[-8:]}"
    return f"image of {' × '.join(map(str, scan.volume.grid.shape))} voxels"
