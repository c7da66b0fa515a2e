"""Femora as the network leaves them, kept beside each synthetic patient until the network changes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from femurkit.anatomy import Side
from femurkit.errors import NoFemurFound
from femurkit.geometry import Grid
from femurkit.images import read_image, read_mask
from femurkit.locate.boxes import hips_for
from femurkit.mesh import Mesh, read_stl
from femurkit.segment.weights import Network, weights_hash
from femurkit.segment.whole import predict_whole
from femurkit.volume import Field, Mask, Volume


@dataclass(frozen=True, eq=False)
class Case:
    """One femur on its way through the pipeline, and what is true of it.

    head_mm: centre of the true head, (3,) LPS; truth, surface: the true femur.
    """

    volume: Volume
    side: Side
    answer: Field
    head_mm: np.ndarray
    radius_mm: float
    truth: Mask
    surface: Mesh

    def with_answer(self, array: np.ndarray) -> Case:
        """The same femur with another answer of the network, (z, y, x) on its grid."""
        return replace(self, answer=Field(array.astype(np.float32), self.answer.grid))


def answers_of(volume: Volume, network: Network) -> dict[Side, Field]:
    """The network's answer for every hip that is found in a scan."""
    try:
        hips = hips_for(network, volume)
    except NoFemurFound:
        return {}
    return {hip.side: predict_whole(volume, hip.box, network=network) for hip in hips}


def cases_of(place: Path, network: Network) -> list[Case]:
    """Every hip found in one synthetic patient."""
    scan, (labels, _) = read_image(place / "ct.nii.gz"), read_mask(place / "truth/mask.nii.gz")
    truth = json.loads((place / "truth/truth.json").read_text())["femurs"]
    out = []
    for side, answer in kept_answers(place / "answers", scan, network).items():
        if side.value not in truth:
            continue
        surface = read_stl(place / f"truth/{side.value}.stl")
        head, radius = truth[side.value]["head_centre_lps_mm"], truth[side.value]["head_radius_mm"]
        if head is None:  # too worn for a sphere: the middle of what is highest
            top = surface.vertices[:, 2].max() - 48
            head, radius = surface.vertices[surface.vertices[:, 2] > top].mean(0), 24.0
        mask = Mask(labels == side.label, scan.grid)
        out.append(Case(scan, side, answer, np.array(head), radius, mask, surface))
    return out


def kept_answers(folder: Path, scan: Volume, network: Network) -> dict[Side, Field]:
    """The same as answers_of, from the last run if the networks are still those."""
    kept = folder / f"{weights_hash(network)[:12]}.npz"
    if not kept.exists():
        folder.mkdir(exist_ok=True)
        found = answers_of(scan, network)
        arrays = {f"{side.value}_p": field.array.astype(np.float16) for side, field in found.items()}
        grids = {f"{side.value}_grid": field.grid.affine for side, field in found.items()}
        np.savez_compressed(kept, **arrays, **grids)
    with np.load(kept) as data:
        sides = [side for side in Side if f"{side.value}_p" in data]
        out = {}
        for side in sides:
            array = data[f"{side.value}_p"].astype(np.float32)
            out[side] = Field(array, Grid(array.shape, data[f"{side.value}_grid"]))
        return out
