"""Scores of trained networks on patients they never saw, kept as RUNS/scores/RUN/PATIENT.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.paper.cohort import Patient
from benchmarks.paper.trainings import SHIPPED
from femurkit.anatomy import Side
from femurkit.errors import DegenerateShape, NoFemurFound
from femurkit.evaluation.femur import compare_femur
from femurkit.evaluation.voxels import scores, voxels_of
from femurkit.geometry import Grid
from femurkit.images import read_image, read_mask
from femurkit.locate.boxes import hips_for
from femurkit.locate.hip import Hip
from femurkit.mesh import read_stl
from femurkit.segment.weights import Network, fine_network
from femurkit.segment.whole import predict_whole
from femurkit.solid import faces, uncut
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import Ready, to_mask
from femurkit.surface.periosteal import periosteal
from femurkit.volume import Mask, Volume

HASH = 12
BRIEF = ("dsc", "assd_mm", "hd95_mm")
Row = dict[str, Any]


@dataclass
class Scan:
    """One patient as read from the cohort, and where its hips are for each kind of network.

    levels_mm: LPS z between which a reader would have annotated this patient.
    """

    home: Path
    volume: Volume
    labels: np.ndarray
    grid: Grid
    levels_mm: tuple[float, float]
    _hips: dict[tuple, list[Hip]] = field(default_factory=dict)

    def hips(self, network: Network) -> list[Hip]:
        """Boxes for a network; none if no femur is found."""
        kind = (network.kind, network.spacing_mm, network.steps)
        if kind not in self._hips:
            try:
                self._hips[kind] = list(hips_for(network, self.volume).hips)
            except NoFemurFound:
                self._hips[kind] = []
        return self._hips[kind]

    def truth(self, side: Side) -> Mask:
        return Mask(self.labels == side.label, self.grid)


def read_scan(patient: Patient, cohort: Path) -> Scan:
    """CT, true labels and annotated levels of a patient."""
    home = cohort / patient.name
    labels, grid = read_mask(home / "mask.nii.gz")
    first, last = json.loads((home / "truth.json").read_text())["annotated"].split("-")
    levels = grid.to_world(np.array([[int(first) - 0.5, 0, 0], [int(last) + 0.5, 0, 0]]))[:, 2]
    return Scan(home, read_image(home / "ct.nii"), labels, grid, (levels.min(), levels.max()))


def score_patient(
    patient: Patient, cohort: Path, runs: Path, names: Collection[str], *, whole: Collection[str]
) -> None:
    """Score the runs named on one patient; a run in `whole` gets every metric and its surfaces.

    Done already is what was scored with the same weights.
    """
    left = [name for name in names if kept(runs, name, patient) is None]
    if not left:
        return
    scan = read_scan(patient, cohort)
    for name in left:
        network = network_of(name, runs)
        about = {"patient": patient.name, "split": patient.split, "weights": network.sha256[:HASH]}
        rows = [
            {**about, "side": side.value, **_row(scan, side, name, network, full=name in whole)}
            for side in (Side.LEFT, Side.RIGHT)
        ]
        _keep(rows, place_of(runs, name, patient))
        shown = ", ".join(f"{row['dsc']:.4f}" for row in rows)
        print(f"scored: {name} on {patient.name}, DSC {shown}", flush=True)


def network_of(name: str, runs: Path) -> Network:
    """A run's network, or the shipped one."""
    return fine_network(weights=None if name == SHIPPED else runs / name / "model.onnx")


def place_of(runs: Path, name: str, patient: Patient) -> Path:
    """The file of one run's scores on one patient."""
    return runs / "scores" / name / f"{patient.name}.json"


def weights_of(name: str, runs: Path) -> str | None:
    """First digits of the hash of a run's weights; None if it is not trained."""
    if name == SHIPPED:
        return fine_network().sha256[:HASH]
    file = runs / name / "model.onnx"
    return hashlib.sha256(file.read_bytes()).hexdigest()[:HASH] if file.exists() else None


def kept(runs: Path, name: str, patient: Patient) -> list[Row] | None:
    """A run's rows of a patient, None if there are none or they are of other weights than its."""
    place = place_of(runs, name, patient)
    if not place.exists():
        return None
    rows = json.loads(place.read_text())
    mine = weights_of(name, runs)
    return rows if all(row["weights"] == mine for row in rows) else None


def _keep(rows: list[Row], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    part.write_text(json.dumps(rows, indent=1) + "\n")
    part.rename(place)


def _row(scan: Scan, side: Side, name: str, network: Network, *, full: bool) -> Row:
    """Scores of one femur; one that was not found scores as an empty mask."""
    truth = scan.truth(side)
    box = next((hip.box for hip in scan.hips(network) if hip.side is side), None)
    found = None if box is None else femur_of(name, scan.volume, box, network)
    mask = Mask(np.zeros(truth.grid.shape, bool), truth.grid) if found is None else to_mask(found)
    row = _by_levels(mask, truth, scan.levels_mm)
    if full:
        row |= compare_femur(mask, truth, side, ct=scan.volume).row
        row |= _surfaces(found, side, scan)
    return row


def femur_of(name: str, volume: Volume, box: Grid, network: Network) -> Ready | None:
    """A femur as `reconstruct` would outline it: the shipped network's at the edges of the CT, any
    other's as that draws it. None if the network saw none.
    """
    try:
        probability = predict_whole(volume, box, network=network)
        return outlined(probability, volume, edge=name == SHIPPED)
    except DegenerateShape:
        return None


def _by_levels(mask: Mask, truth: Mask, levels_mm: tuple[float, float]) -> Row:
    """Overlap and distances: whole, where slices are annotated, and where none ever was."""
    voxels = voxels_of(mask, truth)
    z = voxels.points_mm[:, 2]
    near = (z >= levels_mm[0]) & (z <= levels_mm[1])
    parts = {"": np.ones(len(z), bool), "annotated_": near, "never_": ~near}
    return {
        f"{part}{key}": value
        for part, chosen in parts.items()
        for key, value in scores(voxels, chosen).items()
        if key in BRIEF
    }


def _surfaces(found: Ready | None, side: Side, scan: Scan) -> Row:
    """Volume and area of the periosteal surface beside those of the exact one."""
    true, ends = read_stl(scan.home / f"{side.value}.stl"), faces(scan.grid)
    row = {"exact_volume_ml": true.volume_mm3 / 1000, "exact_area_mm2": uncut(true, ends).area_mm2}
    mesh = periosteal(found).mesh if found else None
    volume, area = (mesh.volume_mm3, uncut(mesh, ends).area_mm2) if mesh else (0.0, 0.0)
    return {**row, "model_volume_ml": volume / 1000, "model_area_mm2": area}
