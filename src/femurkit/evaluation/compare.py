"""Masks, runs and folders of them against the truth, one row a femur."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from femurkit.anatomy import Side
from femurkit.errors import BadGeometry, NothingReadable
from femurkit.evaluation.cases import Case, case_at, cases_in, labels_of, name_of, required_case
from femurkit.evaluation.distance import Distances, mesh_distance, surface_distance
from femurkit.evaluation.overlap import overlap
from femurkit.evaluation.rows import Row, write_rows
from femurkit.geometry import Grid
from femurkit.mesh import read_stl
from femurkit.volume import Mask

__all__ = ["compare", "compare_labels", "evaluate", "write_rows"]


def compare_labels(
    pred_labels: np.ndarray, truth_labels: np.ndarray, grid: Grid
) -> dict[Side, Row]:
    """Scores of each femur present in the truth.

    Both (z, y, x) uint8 on one grid: 1 left, 2 right. Each row holds the overlap (whole volume),
    the distances in mm and the volumes; a femur the prediction lacks has a dsc of 0 and no
    distances. Raises ValueError if the shapes differ.
    """
    out: dict[Side, Row] = {}
    for side in Side:
        truth = Mask(truth_labels == side.label, grid)
        if not truth.array.any():
            continue
        pred = Mask(pred_labels == side.label, grid)
        shares = asdict(overlap(pred.array, truth.array))
        error = pred.volume_ml - truth.volume_ml
        out[side] = {
            "side": side.value,
            **shares,
            "average_precision": shares["precision"],
            **_distances(surface_distance(pred, truth) if pred.array.any() else None),
            "volume_ml": pred.volume_ml,
            "truth_volume_ml": truth.volume_ml,
            "volume_error_ml": error,
            "volume_error_percent": 100 * error / truth.volume_ml,
        }
    return out


def compare(pred: Path, truth: Path) -> list[Row]:
    """Rows of one patient: label files, OUT of reconstruct, or a phantom's patient folder.

    Where both sides bring surfaces, distances between them and the area error are added.
    Raises BadGeometry if the grids differ, NothingReadable if there is no mask.
    """
    return _compare(required_case(pred), required_case(truth))


def evaluate(pred: Path, truth: Path) -> list[Row]:
    """Rows of one patient, or of every patient in a folder, matched by name.

    Each row names its `case`. A patient of TRUTH without a prediction is refused; predictions
    without truth are left out. Raises as `compare` does.
    """
    one = case_at(truth)
    if one is not None:
        return [{"case": name_of(truth), **row} for row in _compare(required_case(pred), one)]
    truths, preds = cases_in(truth), cases_in(pred)
    missing = sorted(set(truths) - set(preds))
    if missing or not truths:
        raise NothingReadable(
            f"no prediction for {', '.join(missing)}" if missing else f"no mask in {truth.name}",
            expected="one prediction for each patient of TRUTH, of the same name",
            remedy="Name the folders or files alike.",
        )
    return [
        {"case": name, **row}
        for name in sorted(truths)
        for row in _compare(preds[name], truths[name])
    ]


def _compare(pred: Case, truth: Case) -> list[Row]:
    truth_labels, grid = labels_of(truth)
    pred_labels, pred_grid = labels_of(pred)
    if not pred_grid.same_as(grid):
        raise BadGeometry(
            f"prediction on {pred_grid.shape} voxels at {_mm(pred_grid)}",
            expected=f"the truth's grid, {grid.shape} at {_mm(grid)}",
            remedy="Compare on one grid: resample the probability, not the labels.",
        )
    rows = compare_labels(pred_labels, truth_labels, grid)
    if not rows:
        raise NothingReadable(
            "a truth without femur", expected="label 1 (left) or 2 (right)", remedy="Check TRUTH."
        )
    for side in pred.surfaces.keys() & truth.surfaces.keys() & rows.keys():
        mine, true = read_stl(pred.surfaces[side]), read_stl(truth.surfaces[side])
        found = asdict(mesh_distance(mine, true))
        rows[side] |= {f"surface_{name}": value for name, value in found.items()}
        rows[side]["surface_area_mm2"] = mine.area_mm2
        rows[side]["truth_area_mm2"] = true.area_mm2
        rows[side]["area_error_percent"] = 100 * (mine.area_mm2 / true.area_mm2 - 1)
    return list(rows.values())


def _distances(found: Distances | None) -> dict[str, float | None]:
    if found is None:
        return dict.fromkeys(("assd_mm", "hd95_mm", "hd_mm"))
    return asdict(found)


def _mm(grid: Grid) -> str:
    return " x ".join(f"{s:.2f}" for s in grid.spacing_mm) + " mm"
