"""Masks, runs and folders of them against the truth, one row a femur."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from femurkit.anatomy import Side
from femurkit.errors import NothingReadable
from femurkit.evaluation.cases import (
    HOLLOW,
    Case,
    case_at,
    cases_in,
    labels_of,
    labels_on,
    name_of,
    required_case,
    scan_of,
)
from femurkit.evaluation.distance import mesh_distance
from femurkit.evaluation.femur import Femur, area_columns, compare_femur
from femurkit.evaluation.rows import Row, write_rows
from femurkit.geometry import Grid
from femurkit.mesh import Mesh, read_stl
from femurkit.sources import load
from femurkit.volume import Mask, Volume

__all__ = ["Comparison", "compare", "compare_labels", "comparisons", "evaluate", "write_rows"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """One patient compared. rows: as evaluate() gives them; ct: the scan, if it was named.

    hollow: surfaces with the canal, of those found femurs that brought one.
    """

    case: str
    rows: list[Row]
    femurs: Mapping[Side, Femur]
    ct: Volume | None
    hollow: Mapping[Side, Mesh]


def compare_labels(
    pred_labels: np.ndarray, truth_labels: np.ndarray, grid: Grid, *, ct: Volume | None = None
) -> dict[Side, Row]:
    """Scores of each femur present in the truth.

    Both (z, y, x) uint8 on one grid: 1 left, 2 right. Each row holds what femur.compare_femur
    finds: whole-volume overlap, distances in mm, volumes, areas, and the same by region; a femur
    the prediction lacks has a dsc of 0 and no distances. ct: HU on any grid, to find the joint gap.
    Raises ValueError if the shapes differ.
    """
    return {side: f.row for side, f in _femurs(pred_labels, truth_labels, grid, ct).items()}


def compare(pred: Path, truth: Path, *, ct: Path | None = None) -> list[Row]:
    """Rows of one patient: label files, OUT of reconstruct, or a phantom's patient folder.

    Where both sides bring surfaces, distances between them and the area error are those of these
    surfaces. ct: the scan, anything load() reads.
    Raises BadGeometry if the grids differ, NothingReadable if there is no mask.
    """
    scan = load(ct).volume if ct else None
    found = _compare(required_case(pred), required_case(truth), scan, name_of(truth))
    return [{name: value for name, value in row.items() if name != "case"} for row in found.rows]


def evaluate(pred: Path, truth: Path, *, ct: Path | None = None) -> list[Row]:
    """Rows of one patient, or of every patient in a folder, matched by name.

    Each row names its `case`. ct: the scan, or a folder of scans named as the patients are.
    A patient of TRUTH without a prediction or a scan is refused; predictions without truth are
    left out. Raises as `compare` does.
    """
    return [row for one in comparisons(pred, truth, ct=ct) for row in one.rows]


def comparisons(pred: Path, truth: Path, *, ct: Path | None = None) -> Iterator[Comparison]:
    """The same patient by patient, with the masks and surfaces behind the rows."""
    one = case_at(truth)
    if one is not None:
        scan = load(ct).volume if ct else None
        yield _compare(required_case(pred), one, scan, name_of(truth))
        return
    truths, preds = cases_in(truth), cases_in(pred)
    missing = sorted(set(truths) - set(preds))
    if missing or not truths:
        raise NothingReadable(
            f"no prediction for {', '.join(missing)}" if missing else f"no mask in {truth.name}",
            expected="one prediction for each patient of TRUTH, of the same name",
            remedy="Name the folders or files alike.",
        )
    scans = {name: scan_of(ct, name) if ct else None for name in sorted(truths)}
    for name, path in scans.items():
        yield _compare(preds[name], truths[name], load(path).volume if path else None, name)


def _compare(pred: Case, truth: Case, ct: Volume | None, name: str) -> Comparison:
    truth_labels, grid = labels_of(truth)
    femurs = _femurs(labels_on(pred, grid), truth_labels, grid, ct)
    if not femurs:
        raise NothingReadable(
            "a truth without femur", expected="label 1 (left) or 2 (right)", remedy="Check TRUTH."
        )
    rows = {side: femur.row for side, femur in femurs.items()}
    for side in pred.surfaces.keys() & truth.surfaces.keys() & rows.keys():
        mine, true = read_stl(pred.surfaces[side]), read_stl(truth.surfaces[side])
        found = asdict(mesh_distance(mine, true))
        rows[side] |= {f"surface_{name}": value for name, value in found.items()}
        rows[side] |= area_columns(mine, true, grid)
    hollows = {side: path.with_name(HOLLOW) for side, path in pred.surfaces.items()}
    hollow = {side: read_stl(path) for side, path in hollows.items() if path.is_file()}
    return Comparison(name, [{"case": name, **row} for row in rows.values()], femurs, ct, hollow)


def _femurs(
    pred_labels: np.ndarray, truth_labels: np.ndarray, grid: Grid, ct: Volume | None
) -> dict[Side, Femur]:
    masks = {
        side: (Mask(pred_labels == side.label, grid), Mask(truth_labels == side.label, grid))
        for side in Side
    }
    return {
        side: compare_femur(pred, truth, side, ct=ct)
        for side, (pred, truth) in masks.items()
        if truth.array.any()
    }
