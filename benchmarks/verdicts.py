"""Whom the verdict lets pass: `python -m benchmarks.verdicts PHANTOMS` (20 minutes).

Judges 40 femora of 20 fresh phantoms (seed 77012, made in the folder PHANTOMS where they are
missing) as the network leaves them, and some forty broken on purpose in seven ways, in the
network's answer or in the scan. Writes docs/results/verdicts.md and .json.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from benchmarks.spoilt import Spoilt, steel_ball
from femurkit.anatomy import Side
from femurkit.errors import DegenerateShape, NoFemurFound
from femurkit.evaluation.overlap import overlap
from femurkit.geometry import Grid, resample
from femurkit.images import read_image, read_mask
from femurkit.locate.boxes import hips_for
from femurkit.locate.edges import EDGE_CLAIMS, edges_of_mask
from femurkit.measure.femur import measure
from femurkit.measure.likeness import likeness
from femurkit.measure.verdict import RULE, Verdict, verdict
from femurkit.phantom import make_patient, write_patient
from femurkit.remark import remarks_on
from femurkit.segment.weights import Network, fine_network
from femurkit.segment.whole import predict_whole
from femurkit.solid import faces
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import to_mask
from femurkit.surface.periosteal import periosteal
from femurkit.volume import Field, Volume

OUT = Path(__file__).parent.parent / "docs" / "results"
SEED, COUNT, EACH = 77012, 20, 6
SLICES_MM = (1.0, 1.25, 1.5, 2.0, 3.0)
BONE_HU, LEAK_MM = 150.0, 12.0


@dataclass(frozen=True, eq=False)
class Case:
    """One femur on its way through the pipeline."""

    volume: Volume
    side: Side
    answer: Field
    head: np.ndarray
    """Centre of its head, LPS mm."""
    radius_mm: float


def changed(case: Case, array: np.ndarray) -> Case:
    """With another answer of the network."""
    answer = Field(array.astype(np.float32), case.answer.grid)
    return Case(case.volume, case.side, answer, case.head, case.radius_mm)


def places(case: Case) -> np.ndarray:
    """LPS mm of every voxel of the answer from the head's centre, (z, y, x, 3)."""
    index = np.stack(np.indices(case.answer.grid.shape), -1)
    return case.answer.grid.to_world(index) - case.head


def leak(case: Case) -> Case:
    """The answer runs on into the acetabulum: all bone within 12 mm above and beside the head."""
    at = places(case)
    near = (np.linalg.norm(at, axis=-1) < case.radius_mm + LEAK_MM) & (at[..., 2] > 0)
    hu = resample(case.volume.array, case.volume.grid, case.answer.grid, outside=-1000.0)
    bone = ndimage.binary_closing(near & (hu > BONE_HU), iterations=2) & near
    soft = ndimage.gaussian_filter(bone.astype(np.float32), 0.7)
    return changed(case, np.maximum(case.answer.array, soft))


def half_a_head(case: Case) -> Case:
    """The medial half of the head is not femur."""
    at = places(case)
    medial = -case.side.sign * at[..., 0]
    lost = (medial > 0) & (np.linalg.norm(at, axis=-1) < case.radius_mm + 5)
    return changed(case, np.where(lost, 0, case.answer.array))


def wrong_side(case: Case) -> Case:
    """Called the other side's."""
    return Case(case.volume, case.side.other, case.answer, case.head, case.radius_mm)


def truncated(case: Case) -> Case:
    """Nothing below 70 mm under the head's centre, though the scan goes on."""
    return changed(case, np.where(places(case)[..., 2] < -70, 0, case.answer.array))


def empty(case: Case) -> Case:
    """No femur at all."""
    return changed(case, np.zeros(case.answer.grid.shape))


ANSWERS: dict[str, Callable[[Case], Case]] = {
    "leak into the acetabulum": leak, "half a head": half_a_head, "wrong side": wrong_side,
    "truncated": truncated, "empty": empty,
}  # fmt: skip


def noise_500(hu: np.ndarray, labels: np.ndarray, mm, rng) -> Spoilt:
    """More noise than any scan has: 150 HU of it the network can stand."""
    grain = ndimage.gaussian_filter(rng.standard_normal(hu.shape, np.float32), (0, 0.6, 0.6))
    return hu + 500 * grain / grain.std(), labels


SCANS: dict[str, Callable[..., Spoilt]] = {"metal": steel_ball, "noise": noise_500}


def judged(case: Case) -> tuple[Verdict, dict[str, Any], np.ndarray | None]:
    """Verdict, measurements and mask, as `reconstruct` makes them."""
    try:
        ready = outlined(case.answer, case.volume)
        mask, outline = to_mask(ready), periosteal(ready).mesh
        alike = likeness(outline, case.side, faces(case.volume.grid))
        if not alike.is_femur:
            raise DegenerateShape(alike.out_text)
        found = measure(
            case.side, mask, outline, None, case.volume, probability=case.answer, alike=alike
        )
    except DegenerateShape as error:
        return Verdict("reject", (f"Refused: {error}.",)), {}, None
    said = remarks_on(edges_of_mask(mask), EDGE_CLAIMS)
    return verdict(found, remarks=said), found, mask.array


def cases_of(volume: Volume, network: Network) -> list[Case]:
    """Every hip in a scan; the head is put in later."""
    try:
        hips = hips_for(network, volume).hips
    except NoFemurFound:
        return []
    return [
        Case(volume, hip.side, predict_whole(volume, hip.box, network=network), np.zeros(3), 24.0)
        for hip in hips
    ]


def patient(folder: Path, number: int) -> Path:
    """A phantom on disk, made if it is not there yet."""
    out = folder / f"P{number:03d}"
    if not (out / "truth/truth.json").exists():
        shutil.rmtree(out, ignore_errors=True)  # one that was begun and not ended
        spacing = (SLICES_MM[number % len(SLICES_MM)], 0.8, 0.8)
        write_patient(make_patient(SEED, number=number, spacing_mm=spacing), out, format="nifti")
    return out


def row_of(way: str, number: int, case: Case, labels: np.ndarray) -> dict[str, Any]:
    """One femur judged, beside how good it is."""
    word, found, mask = judged(case)
    dsc = overlap(mask, labels == case.side.label).dsc if mask is not None else 0.0
    return {
        "way": way, "phantom": number, "side": case.side.value, "verdict": word.word,
        "reasons": list(word.reasons), "dsc": round(float(dsc or 0), 4),
        "shape_distance_mm": found.get("shape_distance_mm"), "confidence": found.get("confidence"),
    }  # fmt: skip


def collect(folder: Path) -> list[dict[str, Any]]:
    """Good ones, then broken ones: each way takes its turn with the next femora."""
    network, rows = fine_network(), []
    broken = [way for way in (*ANSWERS, *SCANS) for _ in range(EACH)]
    turn = np.random.default_rng(SEED).permutation(len(broken))
    ways = [broken[k] for k in turn]
    for number in range(1, COUNT + 1):
        place = patient(folder, number)
        scan, (labels, _) = read_image(place / "ct.nii.gz"), read_mask(place / "truth/mask.nii.gz")
        truth = json.loads((place / "truth/truth.json").read_text())["femurs"]
        for case in cases_of(scan, network):
            true = truth[case.side.value]
            good = row_of("good", number, case, labels)
            rows.append(good)
            todo = [ways.pop()] + ([ways.pop()] if len(ways) > 2 * (COUNT - number) + 2 else [])
            for way in todo:
                rows.append(
                    row_of(way, number, broken_by(way, case, true, labels, network), labels)
                )
                print(rows[-1], flush=True)
    return rows


def broken_by(
    way: str, case: Case, true: dict[str, Any], labels: np.ndarray, network: Network
) -> Case:
    """A femur broken in one way. true: what the phantom says of it."""
    head, radius = true["head_centre_lps_mm"], true["head_radius_mm"]
    if head is None:  # too worn for a sphere: the middle of what is highest
        at = case.volume.grid.to_world(np.argwhere(labels == case.side.label))
        head, radius = at[at[:, 2] > at[:, 2].max() - 48].mean(0), 24.0
    head = np.array(head)
    known = Case(case.volume, case.side, case.answer, head, radius)
    if way in ANSWERS:
        return ANSWERS[way](known)
    grid, rng = case.volume.grid, np.random.default_rng(SEED)
    mine = np.where(labels == case.side.label, 1, 0)  # what is done to one is done to label 1
    hu, _ = SCANS[way](case.volume.array.astype(np.float32), mine, grid.spacing_mm, rng)
    volume = Volume(
        np.clip(np.rint(hu), -1024, 3071).astype(np.int16), Grid(grid.shape, grid.affine)
    )
    again = [c for c in cases_of(volume, network) if c.side is case.side]
    nothing = Field(np.zeros_like(case.answer.array), case.answer.grid)
    return again[0] if again else Case(volume, case.side, nothing, head, 24.0)


def page(rows: list[dict[str, Any]]) -> str:
    """Counts by way, and every one that was not as it should be."""
    lines = [
        "# Verdicts", "",
        f"`python -m benchmarks.verdicts`: femora of {COUNT} phantoms (seed {SEED}) as the network",
        "leaves them, and broken on purpose.", "", RULE, "",
        "| | femora | accept | look | reject | DSC |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for way in ("good", *ANSWERS, *SCANS):
        some = [row for row in rows if row["way"] == way]
        count = Counter(row["verdict"] for row in some)
        dsc = [row["dsc"] for row in some]
        lines.append(
            f"| {way} | {len(some)} | {count['accept']} | {count['look']} | {count['reject']} | "
            f"{min(dsc):.3f} to {max(dsc):.3f} |"
        )
    lines += ["", "## Each", "", "| | phantom | verdict | DSC | why |", "|---|---|---|---|---|"]
    lines += [
        f"| {r['way']} | {r['phantom']} {r['side']} | {r['verdict']} | {r['dsc']:.3f} | "
        f"{' '.join(r['reasons'])} |"
        for r in rows
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("phantoms", type=Path)
    rows = collect(parser.parse_args().phantoms)
    (OUT / "verdicts.json").write_text(json.dumps(rows, indent=1) + "\n")
    (OUT / "verdicts.md").write_text(page(rows))
    print(page(rows).partition("## Each")[0])


if __name__ == "__main__":
    main()
