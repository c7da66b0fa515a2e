"""Scores of every trained network on patients it never saw, kept as scores/RUN/PATIENT.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.paper.cohort import Patient
from femurkit.anatomy import Side
from femurkit.errors import DegenerateShape
from femurkit.evaluation.femur import compare_femur
from femurkit.evaluation.voxels import scores, voxels_of
from femurkit.hips.boxes import hips_for
from femurkit.images import read_image, read_mask
from femurkit.mesh import read_stl
from femurkit.segment.predict import predict
from femurkit.segment.weights import Network, fine_network
from femurkit.surface.field import to_mask
from femurkit.surface.periosteal import periosteal
from femurkit.volume import Field, Mask, Volume

SHIPPED = "shipped"
"""The package's own network, trained on other phantoms and never on this cohort."""
Row = dict[str, Any]


def score_patient(
    patient: Patient, cohort: Path, runs: Path, names: Sequence[str], *, whole: Sequence[str] = ()
) -> None:
    """Score the runs named on one patient; a run in `whole` gets every metric and its surfaces."""
    left = [n for n in names if not _place(runs, n, patient).exists()]
    if not left:
        return
    home = cohort / patient.name
    volume = read_image(home / "ct.nii")
    truth, grid = read_mask(home / "mask.nii.gz")
    facts = json.loads((home / "truth.json").read_text())
    levels = _annotated_mm(facts, grid.bounds_mm()[0][2])
    for name in left:
        network = network_of(name, runs)
        rows = []
        for hip in hips_for(network, volume):
            true = Mask(truth == hip.side.label, grid)
            field = predict(volume, hip.box, network=network)
            if name in whole:
                row = _everything(field, true, hip.side, volume, home)
            else:
                row = _briefly(field, true, levels)
            rows.append({"patient": patient.name, "split": patient.split, "side": hip.side.value, **row})
        place = _place(runs, name, patient)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(rows, indent=1) + "\n")
        print("scored", name, patient.name, [round(r["dsc"], 4) for r in rows], flush=True)


def network_of(name: str, runs: Path) -> Network:
    """A run's network, or the shipped one."""
    return fine_network(weights=None if name == SHIPPED else runs / name / "model.onnx")


def rows_of(runs: Path, name: str) -> list[Row]:
    """All rows of a run."""
    files = sorted((runs / "scores" / name).glob("*.json"))
    return [row for file in files for row in json.loads(file.read_text())]


def _place(runs: Path, name: str, patient: Patient) -> Path:
    return runs / "scores" / name / f"{patient.name}.json"


def _annotated_mm(facts: Row, origin_z: float) -> tuple[float, float]:
    """LPS z between which a reader would have annotated this patient."""
    first, last = (int(n) for n in facts["annotated"].split("-"))
    return origin_z + first - 0.5, origin_z + last + 0.5


def _mask(field: Field, truth: Mask) -> Mask:
    try:
        return to_mask(field, truth.grid)
    except DegenerateShape:
        return Mask(np.zeros(truth.grid.shape, bool), truth.grid)


def _briefly(field: Field, truth: Mask, levels: tuple[float, float]) -> Row:
    """Overlap and distances: whole, where slices were annotated, and where none ever was."""
    voxels = voxels_of(_mask(field, truth), truth)
    z = voxels.points_mm[:, 2]
    near = (z >= levels[0]) & (z <= levels[1])
    parts = {"": np.ones(len(z), bool), "annotated_": near, "never_": ~near}
    return {
        f"{part}{key}": value
        for part, chosen in parts.items()
        for key, value in scores(voxels, chosen).items()
        if key in ("dsc", "assd_mm", "hd95_mm")
    }


def _everything(field: Field, truth: Mask, side: Side, volume: Volume, home: Path) -> Row:
    """Every metric of PAPER.md by region; volume and area of the surface against the exact one."""
    mask = _mask(field, truth)
    row = dict(compare_femur(mask, truth, side, ct=volume).row)
    true = read_stl(home / f"{side.value}.stl")
    try:
        mine = periosteal(field, truth.grid).mesh
        row |= {"surface_volume_ml": mine.volume_mm3 / 1000, "surface_area_mm2": mine.area_mm2}
    except DegenerateShape:
        row |= {"surface_volume_ml": 0.0, "surface_area_mm2": 0.0}
    row |= {"true_volume_ml": true.volume_mm3 / 1000, "true_area_mm2": true.area_mm2}
    return row


def mean_sd(rows: Sequence[Row], key: str) -> tuple[float, float]:
    """Over femora; nan where nothing was measured."""
    values = [row[key] for row in rows if row.get(key) is not None]
    if not values:
        return float("nan"), float("nan")
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


__all__ = ["SHIPPED", "mean_sd", "network_of", "rows_of", "score_patient"]
