"""Femora as the network leaves them, kept until the network changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from femurkit.anatomy import Side
from femurkit.errors import NoFemurFound
from femurkit.evaluation.distance import surface_distance
from femurkit.evaluation.overlap import overlap
from femurkit.geometry import Grid
from femurkit.images import read_image, read_mask
from femurkit.locate.boxes import hips_for
from femurkit.mesh import Mesh, distances_mm, read_stl
from femurkit.segment.joint import Refined, refined
from femurkit.segment.weights import Network, joint_network, weights_hash
from femurkit.segment.whole import predict_whole
from femurkit.volume import Field, Mask, Volume

Row = dict[str, Any]

MIN_DSC, MAX_ASSD_MM, MAX_HEAD_MM = 0.95, 1.0, 2.0
"""A result beyond any of them is bad: the verdict must not be "accept"."""


@dataclass(frozen=True, eq=False)
class Case:
    """One femur on its way through the pipeline, and what is true of it.

    answer: probability of femur as reconstruct draws it, third pass included; says: as the fine
    network gave it, which the signs of doubt go by.
    head_mm: centre of the true head, (3,) LPS; truth, surface: the true femur; no surface if the
    scan was changed so that it no longer holds. undecided: of the third pass.
    """

    volume: Volume
    side: Side
    answer: Field
    says: Field
    head_mm: np.ndarray
    radius_mm: float
    truth: Mask
    surface: Mesh | None
    undecided: float | None = None

    def with_answer(self, array: np.ndarray) -> Case:
        """The same femur as another answer draws it, (z, y, x) on the grid; the third pass has not
        seen that one.
        """
        array, grid = array.astype(np.float32), self.answer.grid
        says = np.where(array != self.answer.array, array, self.says.array)
        answer, says_now = Field(array, grid), Field(says, grid)
        return replace(self, answer=answer, says=says_now, undecided=None)


def answers_of(volume: Volume, network: Network) -> dict[Side, Field]:
    """The network's answer for every hip that is found in a scan."""
    try:
        hips = hips_for(network, volume).hips
    except NoFemurFound:
        return {}
    return {
        hip.side: predict_whole(volume, hip.box, network=network)
        if hip.probability is None
        else hip.probability
        for hip in hips
    }


def kept_answers(folder: Path, volume: Volume, network: Network) -> dict[Side, Field]:
    """The same, from the last run if the networks are still those. folder: for this scan alone."""
    kept = folder / f"{weights_hash(network)[:12]}.npz"
    if not kept.exists():
        folder.mkdir(exist_ok=True, parents=True)
        found = answers_of(volume, network)
        arrays = {f"{side.value}_p": each.array.astype(np.float16) for side, each in found.items()}
        grids = {f"{side.value}_grid": field.grid.affine for side, field in found.items()}
        np.savez_compressed(kept, **arrays, **grids)
    with np.load(kept) as data:
        out = {}
        for side in [side for side in Side if f"{side.value}_p" in data]:
            array = data[f"{side.value}_p"].astype(np.float32)
            out[side] = Field(array, Grid(array.shape, data[f"{side.value}_grid"]))
        return out


def third_pass(says: Field, volume: Volume, side: Side) -> Refined:
    """A fine network's answer with the head's surface as reconstruct draws it."""
    network = joint_network()
    assert network is not None
    return refined(says, volume, side, network=network)


def of_third_pass(case: Case) -> dict[str, float]:
    """The sign of doubt that the third pass gives, if it was made."""
    return {} if case.undecided is None else {"head_undecided": case.undecided}


@dataclass(frozen=True, eq=False)
class Patient:
    """One synthetic patient from its folder. labels: 1 left, 2 right, on the scan's grid."""

    place: Path
    scan: Volume
    labels: np.ndarray
    truth: dict[str, Any]

    @classmethod
    def read(cls, place: Path) -> Patient:
        """From the folder that benchmarks.patients made."""
        labels, _ = read_mask(place / "truth/mask.nii.gz")
        truth = json.loads((place / "truth/truth.json").read_text())["femurs"]
        return cls(place, read_image(place / "ct.nii.gz"), labels, truth)

    def cases(self, network: Network) -> list[Case]:
        """Every hip found in the scan as it is."""
        return self.cases_of("as scanned", self.scan, self.labels, network)

    def cases_of(
        self, name: str, volume: Volume, labels: np.ndarray, network: Network, moved: bool = False
    ) -> list[Case]:
        """Every hip found in the scan as it was changed.

        name: of the change; labels: on its grid; moved: whether the true surfaces no longer lie
        where they did.
        """
        found = kept_answers(self.place / "answers" / name.replace(" ", "_"), volume, network)
        known = {side: says for side, says in found.items() if side.value in self.truth}
        done = {side: third_pass(says, volume, side) for side, says in known.items()}
        return [
            Case(volume, side, done[side].field, says, *self.head(side),
                 Mask(labels == side.label, volume.grid),
                 None if moved else read_stl(self.place / f"truth/{side.value}.stl"),
                 done[side].undecided)
            for side, says in known.items()
        ]  # fmt: skip

    def head(self, side: Side) -> tuple[np.ndarray, float]:
        """Centre, (3,) LPS mm, and radius of a true head, or near them if it is too worn."""
        known = self.truth[side.value]
        if known["head_centre_lps_mm"] is not None:
            return np.array(known["head_centre_lps_mm"]), known["head_radius_mm"]
        at = self.scan.grid.to_world(np.argwhere(self.labels == side.label))
        return at[at[:, 2] > at[:, 2].max() - 48].mean(0), 24.0


def kept_rows(
    place: Path, name: str, network: Network, make: Callable[[], Iterable[Row]], *, again: bool
) -> list[Row]:
    """The rows of one patient from the last run with these networks, or made and kept."""
    kept = place / f"{name}-{weights_hash(network, joint_network())[:12]}.json"
    if again or not kept.exists():
        kept.write_text(json.dumps(list(make())))
    rows: list[Row] = json.loads(kept.read_text())
    return rows


def scores(outline: Mesh, mask: Mask, case: Case) -> dict[str, float]:
    """How good a femur is. head_mm: 98 % of the outline's head lie nearer to the true surface."""
    dsc = overlap(mask.array, case.truth.array).dsc or 0.0
    out = {"dsc": dsc, "assd_mm": surface_distance(mask, case.truth).assd_mm if dsc else 99.0}
    if case.surface is not None:
        offset = outline.vertices - case.head_mm
        lateral, up = case.side.sign * offset[:, 0], offset[:, 2]
        head = (np.linalg.norm(offset, axis=1) < case.radius_mm + 9) & (0.7 * (lateral - up) < 8)
        far = distances_mm(outline.vertices[head], case.surface) if head.any() else [99.0]
        out["head_mm"] = float(np.percentile(far, 98))
    return out


def is_bad(row: Row) -> bool:
    """Whether a row has a score, and it is bad."""
    return "dsc" in row and (
        row["dsc"] < MIN_DSC or row["assd_mm"] > MAX_ASSD_MM or row.get("head_mm", 0) > MAX_HEAD_MM
    )
