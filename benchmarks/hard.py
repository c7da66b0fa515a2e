"""Hips with implants, fractures and tumours: `python -m benchmarks.hard [--count N]`.

Synthetic patients of phantom/hard.py at the spacing of hospitals, through `femurkit reconstruct`,
against their exact truth: Dice of the bone, and of the bone beside metal; which findings were
reported, and the verdict. None of them should be accepted without a finding. Writes
docs/results/hard.json and hard.md. Under a minute a patient.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.dicom.write_ct import as_scanned
from femurkit.images import read_mask
from femurkit.phantom import PhantomPatient, make_patient, write_patient

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs/results"
SEED = 88001
"""Never used in training: other random streams."""
KINDS = (
    "total hip", "hemiarthroplasty", "nail", "sliding hip screw", "neck screws",
    "neck", "intertrochanteric", "shaft", "tumours",
)  # fmt: skip
IMPLANTS = KINDS[:5]
FRACTURES = KINDS[5:8]
SPACINGS = ((3.0, 0.9, 0.9), (2.0, 0.8, 0.8), (5.0, 0.95, 0.95), (1.25, 0.85, 0.85))
BESIDE_MM = 20.0
"""Bone within this distance of metal counts as beside it."""
WANTED = {
    **dict.fromkeys(IMPLANTS, ("IMPLANT", "METAL")),
    **dict.fromkeys(FRACTURES, ("FRACTURE",)),
}
"""How the codes of findings begin that name what is unusual of each kind; any one will do."""


def dice(found: np.ndarray, true: np.ndarray) -> float | None:
    """Overlap of two masks; None where the truth is empty."""
    if not true.any():
        return None
    return float(2 * (found & true).sum() / (found.sum() + true.sum()))


def beside_metal(patient: PhantomPatient) -> np.ndarray | None:
    """Voxels within BESIDE_MM of metal, bool (z, y, x); None without metal."""
    if patient.metal is None or not patient.metal.any():
        return None
    spacing = patient.volume.grid.spacing_mm
    return np.asarray(ndimage.distance_transform_edt(~patient.metal, spacing) < BESIDE_MM)


def codes(out: Path, measured: dict[str, Any] | None, side: Side) -> list[str]:
    """Codes of everything that was found about one side: failed checks, and findings of the run."""
    found = [c["code"] for c in (measured or {}).get("checks", []) if not c["passed"]]
    found += [f["code"] for f in (measured or {}).get("findings", []) if "code" in f]
    run = json.loads((out / "run.json").read_text())
    for name in ("findings", "remarks"):
        for one in run.get(name, []):
            if one.get("side") in (None, side.value):
                found.append(one["code"])
    return sorted(set(found))


def rows_of(number: int) -> list[dict[str, Any]]:
    """One patient: a row for each femur that is unusual."""
    kind, spacing = KINDS[number % len(KINDS)], SPACINGS[number % len(SPACINGS)]
    patient = make_patient(SEED, number=number, kind=kind, spacing_mm=spacing)
    with tempfile.TemporaryDirectory() as folder:
        case, out = Path(folder) / "P001", Path(folder) / "out"
        write_patient(patient, case)
        command = [
            sys.executable,
            "-m",
            "femurkit",
            "reconstruct",
            str(case / "ct"),
            "-o",
            str(out),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        about = {"number": number, "kind": kind, "slice_mm": spacing[0], "exit": done.returncode}
        truth, _ = read_mask(case / "truth/mask.nii.gz")
        sides = [Side(name) for name in patient.truth["sides"]]
        if done.returncode:
            message = done.stderr.strip().splitlines()[-1:]
            return [
                {**about, "side": s.value, "dsc": 0.0, "message": message, "codes": []}
                for s in sides
            ]
        return [{**about, **_scores(patient, side, out, truth)} for side in sides]


def _scores(patient: PhantomPatient, side: Side, out: Path, truth: np.ndarray) -> dict[str, Any]:
    """Scores, findings and verdict of one side."""
    mask = out / side.value / "mask.nii.gz"
    mine = read_mask(mask)[0] > 0 if mask.exists() else np.zeros(truth.shape, bool)
    true = truth == side.label
    near = beside_metal(patient)
    if near is not None:
        near, _ = as_scanned(near, patient.volume.grid, position=patient.position)
    measured = {m["side"]: m for m in json.loads((out / "measurements.json").read_text())}
    measurements = measured.get(side.value)
    return {
        "side": side.value,
        "dsc": dice(mine, true),
        "dsc_beside_metal": None if near is None else dice(mine & near, true & near),
        "verdict": (measurements or {}).get("verdict"),
        "codes": codes(out, measurements, side),
    }


def named(row: dict[str, Any]) -> bool:
    """Whether a finding names what is unusual of a row's kind; of a tumour none need be."""
    wanted = WANTED.get(row["kind"])
    return wanted is None or any(code.startswith(wanted) for code in row["codes"])


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line a kind, and one of all: hips, Dice, findings, and what was accepted unnamed."""
    out = []
    for kind in [*KINDS, "all"]:
        some = [r for r in rows if kind in (r["kind"], "all")]
        if not some:
            continue
        near = [r["dsc_beside_metal"] for r in some if r.get("dsc_beside_metal") is not None]
        out.append(
            {
                "kind": kind,
                "hips": len(some),
                "found": sum(r["dsc"] > 0.5 for r in some),
                "dsc": float(np.mean([r["dsc"] for r in some])),
                "worst": min(r["dsc"] for r in some),
                "beside_metal": float(np.mean(near)) if near else None,
                "named": sum(named(r) for r in some if r["kind"] in WANTED),
                "to_name": sum(r["kind"] in WANTED for r in some),
                "accepted_unnamed": sum(
                    r.get("verdict") == "accept" and not named(r) for r in some
                ),
            }
        )
    return out


def page(rows: Sequence[dict[str, Any]]) -> str:
    """The table."""
    count = len({row["number"] for row in rows})
    lines = [
        "# Implants, fractures and tumours",
        "",
        f"`python -m benchmarks.hard --count {count}`: synthetic patients (phantom/hard.py, a seed",
        "that is used in no training) through `femurkit reconstruct`, against their exact truth.",
        f"Beside metal: bone within {BESIDE_MM:.0f} mm of it. Found: a Dice above 0.5. Named: a",
        "finding that says implant, metal or fracture. Last column: hips of these kinds that were",
        "accepted although no finding names what is unusual. The metal's streaks are simulated by",
        "projection; real ones vary more.",
        "",
        "| kind | hips | found | Dice, mean | least | beside metal | named | accepted, not named |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in summary(rows):
        near = "" if one["beside_metal"] is None else f"{one['beside_metal']:.3f}"
        named_of = f"{one['named']} of {one['to_name']}" if one["to_name"] else ""
        lines.append(
            f"| {one['kind']} | {one['hips']} | {one['found']} | {one['dsc']:.3f} "
            f"| {one['worst']:.3f} | {near} | {named_of} | {one['accepted_unnamed']} |"
        )
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run so many patients and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40, help="patients")
    count = parser.parse_args(arguments).count
    rows = []
    for number in range(count):
        rows += rows_of(number)
        print(f"{number + 1} of {count}", file=sys.stderr, flush=True)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "hard.json").write_text(json.dumps({"seed": SEED, "rows": rows}, indent=1) + "\n")
    (OUT / "hard.md").write_text(page(rows))
    print(page(rows))


if __name__ == "__main__":
    main()
