"""Many outputs on one page: every femur a row, those to look at first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from femurkit.errors import NothingReadable
from femurkit.measure.ranges import RANGES

SHOWN: tuple[tuple[str, str, str, int], ...] = (
    ("volume_ml", "Volume", "ml", 1),
    ("visible_length_mm", "Length in scan", "mm", 0),
    ("head_radius_mm", "Head radius", "mm", 1),
    ("neck_shaft_angle_deg", "Neck-shaft angle", "°", 1),
    ("femoral_offset_mm", "Offset", "mm", 1),
    ("shaft_cortical_thickness_mm", "Shaft cortex", "mm", 1),
    ("shape_distance_mm", "From a usual femur", "mm", 1),
    ("confidence", "Confidence", "", 2),
)
"""Measurement, its heading, unit and decimals."""
SPREAD = ("head_radius_mm", "neck_shaft_angle_deg", "femoral_offset_mm")
"""Measurements that do not depend on where a scan ends: only these make an outlier."""
OUTLIER = 3.5
"""Distance from the median in robust standard deviations. Iglewicz and Hoaglin, 1993."""
FEWEST = 8
"""Femurs that are needed to say that one is an outlier: fewer are often those of one person."""
FEWEST_BARS = 5
"""Femurs that are needed to draw how a measurement is spread."""
ORDER = {"reject": 0, "look": 1, "accept": 2}
BINS = 12


@dataclass(frozen=True)
class Cell:
    """sort: the number itself, for sorting; unusual: outside the usual range; far: an outlier among
    the femurs of the page.
    """

    text: str
    sort: float | None
    unusual: bool = False
    far: bool = False


@dataclass(frozen=True)
class Line:
    """One femur. link: its report, relative to the page; name: its folder."""

    name: str
    link: str
    side: str
    verdict: str
    reasons: tuple[str, ...]
    cells: tuple[Cell, ...]
    far: float


@dataclass(frozen=True)
class Spread:
    """One measurement over all femurs. bars: (left, height) shares 0..1 of equal bins."""

    name: str
    unit: str
    low: str
    high: str
    bars: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Overview:
    """The whole page. counts: verdict -> femurs; failed: folders that hold no readable result;
    compared: whether there are enough femurs to tell an outlier.
    """

    lines: tuple[Line, ...]
    counts: dict[str, int]
    spreads: tuple[Spread, ...]
    failed: tuple[str, ...]
    compared: bool


def overview_of(folder: Path) -> Overview:
    """Every output of `reconstruct` below a folder. Raises NothingReadable if there is none."""
    found: list[tuple[str, dict[str, Any]]] = []
    failed: list[str] = []
    for path in sorted(folder.rglob("report.html")):
        name = path.parent.relative_to(folder).as_posix()
        if any(part.startswith(".") and part != "." for part in name.split("/")):
            continue  # a run that has not ended
        try:
            found += [(name, row) for row in _rows(path.with_name("measurements.json"))]
        except (ValueError, AttributeError, TypeError, KeyError, OSError):
            failed.append(name)
    if not found:
        raise NothingReadable(
            "no output of femurkit reconstruct in the folder",
            expected="folders that hold measurements.json and report.html",
            remedy="Name the folder in which the outputs lie.",
        )
    rows = [row for _, row in found]
    far = {name: _far([row.get(name) for row in rows]) for name in SPREAD}
    lines = [
        _line(name, row, {key: values[k] for key, values in far.items()})
        for k, (name, row) in enumerate(found)
    ]
    lines.sort(key=lambda line: (ORDER.get(line.verdict, 1), -line.far, line.name, line.side))
    counts = {word: sum(line.verdict == word for line in lines) for word in ORDER}
    compared = len(lines) >= FEWEST
    return Overview(tuple(lines), counts, tuple(_spreads(rows)), tuple(failed), compared)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The femurs of one output, with numbers where numbers belong."""
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    for row in rows:
        str(row["side"])
        row |= {key: float(row[key]) for key, *_ in SHOWN if row.get(key) is not None}
    return rows


def _line(name: str, row: dict[str, Any], far: dict[str, float]) -> Line:
    cells = []
    for key, _, _, decimals in SHOWN:
        value = row.get(key)
        text = "" if value is None else f"{value:,.{decimals}f}"
        unusual = value is not None and key in RANGES and value not in RANGES[key]
        cells.append(Cell(text, value, unusual, far.get(key, 0.0) > OUTLIER))
    return Line(
        name,
        quote(f"{name}/report.html"),
        str(row["side"]),
        str(row.get("verdict", "look")),
        tuple(map(str, row.get("verdict_reasons", ["Made before there were verdicts."]))),
        tuple(cells),
        max(far.values()),
    )


def _far(values: Sequence[float | None]) -> np.ndarray:
    """How far each is from the median, in robust standard deviations; 0 where it is not known."""
    all_of = np.array([np.nan if v is None else float(v) for v in values])
    known = np.isfinite(all_of)
    if known.sum() < FEWEST:
        return np.zeros(len(all_of))
    away = np.abs(all_of - np.median(all_of[known]))
    scale = 1.4826 * float(np.median(away[known]))
    return np.where(known, away / max(scale, 1e-9), 0.0) if scale else np.zeros(len(all_of))


def _spreads(rows: Sequence[dict[str, Any]]) -> list[Spread]:
    out = []
    for key, name, unit, decimals in SHOWN:
        values = np.array([row[key] for row in rows if row.get(key) is not None], float)
        if len(values) < FEWEST_BARS or np.ptp(values) == 0:
            continue
        counts, edges = np.histogram(values, BINS)
        bars = tuple((k / BINS, float(n / counts.max())) for k, n in enumerate(counts))
        low, high = (f"{edge:.{decimals}f}" for edge in (edges[0], edges[-1]))
        out.append(Spread(name, unit, low, high, bars))
    return out
