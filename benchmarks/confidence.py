"""What tells a bad result without a truth: `python -m benchmarks.confidence PHANTOMS [--write]`.

Reconstructs fresh phantoms (seed 77002, made in the folder PHANTOMS where they are missing), and
some of them spoilt in every way of `benchmarks.spoilt`, scores each femur against its truth, and
prints the signs of doubt, the limits that follow, and whom the flag CONFIDENT catches.
--write puts the limits into src/femurkit/measure/limits.py, the figures into docs/results.
The two real cases in ../shared/data count among the good ones, where they are there.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.limits import Row, confidence_of, limits_of, tell
from benchmarks.spoilt import WAYS
from femurkit.anatomy import Side
from femurkit.errors import DegenerateShape, NoFemurFound
from femurkit.evaluation.distance import surface_distance
from femurkit.evaluation.overlap import overlap
from femurkit.geometry import Grid, resample
from femurkit.images import read_image, read_mask
from femurkit.locate.boxes import hips_for
from femurkit.locate.hip import Hip
from femurkit.measure.confidence import signs_of
from femurkit.phantom import make_patient, write_patient
from femurkit.segment.predict import predict
from femurkit.segment.weights import Network, fine_network
from femurkit.segment.whole import predict_whole
from femurkit.sources import load
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import to_mask
from femurkit.surface.islands import keep_largest
from femurkit.volume import Field, Mask, Volume

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared/data"
REAL = ("pelvic-ref-002", "pelvic-ref-003")
SEED, COUNT, SPOILT = 77002, 16, (4, 5, 7)
SLICES_MM = (0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 5.0)


def patient(folder: Path, number: int) -> Path:
    """A phantom on disk, made if it is not there yet."""
    out = folder / f"P{number:03d}"
    if not (out / "truth/truth.json").exists():
        inplane = (0.7, 0.85, 0.95)[number % 3]
        spacing = (SLICES_MM[(number - 1) % len(SLICES_MM)], inplane, inplane)
        write_patient(make_patient(SEED, number=number, spacing_mm=spacing), out, format="nifti")
    return out


def rows_of(volume: Volume, labels: np.ndarray | None, network: Network) -> list[Row]:
    """Signs, other things that might tell, and scores, of each femur found in a scan."""
    try:
        hips = hips_for(network, volume).hips
    except NoFemurFound:
        return [{"side": "both", "refused": "NoFemurFound"}]
    out: list[Row] = []
    for hip in hips:
        field = predict_whole(volume, hip.box, network=network)
        try:
            mask = to_mask(outlined(field, volume))
        except DegenerateShape:
            out.append({"side": hip.side.value, "refused": "DegenerateShape"})
            continue
        start = time.perf_counter()
        row: Row = {"side": hip.side.value, **signs_of(field, mask, volume)}
        row["seconds"] = time.perf_counter() - start
        row |= _others(volume, hip, field, network)
        if labels is not None:
            row |= _scores(mask, labels, hip.side)
        out.append(row)
    return out


def _others(volume: Volume, hip: Hip, field: Field, network: Network) -> Row:
    """Signs that were tried and are not used: whether they tell more is in the table."""
    femur = field.array >= 0.5
    kept = keep_largest(femur)
    assert hip.coarse is not None
    coarse = resample(hip.coarse.array, hip.coarse.grid, field.grid, outside=0.0) >= 0.5
    start = time.perf_counter()
    affine = field.grid.affine.copy()
    affine[:3, 3] = field.grid.to_world((0.5, 0.5, 0.5))
    shifted = Grid(field.grid.shape, affine)
    again = predict(volume, shifted, network=network).array >= 0.5
    seconds = time.perf_counter() - start
    moved = resample(field.array, field.grid, shifted, outside=0.0) >= 0.5
    ml = field.grid.voxel_mm3 / 1000
    return {
        "stray_ml": float(femur.sum() - kept.sum()) * ml,
        "coarse_agrees": float(2 * (kept & coarse).sum() / (kept.sum() + coarse.sum())),
        "second_pass_differs": float((again ^ moved).sum() / kept.sum()),
        "second_pass_seconds": seconds,
    }


def _scores(mask: Mask, labels: np.ndarray, side: Side) -> Row:
    truth = Mask(labels == side.label, mask.grid)
    dsc = overlap(mask.array, truth.array).dsc or 0.0
    return {"dsc": dsc, "assd_mm": surface_distance(mask, truth).assd_mm if dsc else 99.0}


def collect(folder: Path, network: Network) -> list[Row]:
    """All cases, one row a femur."""
    rows: list[Row] = []
    for number in range(1, COUNT + 1):
        place = patient(folder, number)
        scan, (labels, _) = read_image(place / "ct.nii.gz"), read_mask(place / "truth/mask.nii.gz")
        for way in WAYS if number in SPOILT else ("none",):
            rng = np.random.default_rng([SEED, number])
            made = WAYS[way](scan.array.astype(np.float32), labels, scan.grid.spacing_mm, rng)
            hu = np.clip(np.rint(made[0]), -1024, 3071).astype(np.int16)
            volume = Volume(hu, Grid(hu.shape, scan.grid.affine))
            for row in rows_of(volume, made[1], network):
                rows.append({"case": f"phantom {number}", "way": way, **row})
        print(f"phantom {number} done", flush=True)
    for name in REAL:
        if (DATA / name / "ct.zip").exists():
            found = rows_of(load(DATA / name / "ct.zip").volume, None, network)
            rows += [{"case": name, "way": "none", **row} for row in found]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("phantoms", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    rows = collect(args.phantoms, fine_network(weights=args.weights))
    limits = limits_of(rows)
    for row in rows:
        if "refused" not in row:
            row["confidence"] = confidence_of(row, limits)
    tell(rows)
    text = "".join(f'    "{name}": {pair},\n' for name, pair in limits.items())
    print(text)
    if args.write:
        target = ROOT / "src/femurkit/measure/limits.py"
        head = target.read_text().partition("] = {\n")[0]
        target.write_text(f"{head}] = {{\n{text}}}\n")
        figures = [
            {key: round(v, 4) if isinstance(v, float) else v for key, v in row.items()}
            for row in rows
        ]
        lines = ",\n".join(" " + json.dumps(row) for row in figures)
        (ROOT / "docs/results/confidence.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
