"""Every real scan, what is in it and what femurkit finds: `python -m benchmarks.real [SCAN ...]`.

Runs `femurkit inspect` and `femurkit reconstruct` on every scan of ../shared/data and compares with
a table made by eye (real_scans.csv): docs/results/real.md, real.json and pictures in real/. About
15 seconds a scan. With SCANs, only those; the others stay as they are in real.json.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.joint_pictures import overview, picture
from benchmarks.real_page import page
from femurkit.anatomy import Side
from femurkit.mesh import read_stl
from femurkit.sources import load

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs/results"
DATA = ROOT.parent / "shared/data"
SCANS = Path(__file__).parent / "real_scans.csv"
PARTS = ("head", "greater", "lesser")
KEPT = ("side", "verdict", "verdict_reasons", "volume_ml", "visible_length_mm", "head_radius_mm",
        "head_centre_lps_mm", "shape_distance_mm", "confidence")  # fmt: skip
Row = dict[str, Any]


def expected_sides(scan: dict[str, str]) -> list[str]:
    """Sides whose head or one of whose trochanters is in the scan, whole or in part."""
    return [
        side.value for side in Side
        if any(scan[f"{side.value}_{part}"] != "none" for part in PARTS)
    ]  # fmt: skip


def judge(expected: list[str], centres: dict[str, float]) -> Row:
    """Sides found, missed, wrong and invented. centres: side -> LPS x of the femur found, mm.

    A single femur that is called by the other side is wrong, not invented; so are two that are
    swapped.
    """
    given = list(centres)
    swapped = len(given) == 2 and centres["left"] < centres["right"]
    alone = len(expected) == 1 and len(given) == 1 and given != expected
    wrong = given if swapped or alone else []
    found = [side for side in given if side in expected and side not in wrong]
    invented = [side for side in given if side not in expected and side not in wrong]
    missed = [side for side in expected if side not in found]
    return {"found": found, "missed": missed, "wrong_side": wrong, "invented": invented}


def command(*words: str | Path) -> tuple[int, str, str, float]:
    """A femurkit command: exit code, stdout, stderr, seconds."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "femurkit", *map(str, words)], capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr.strip(), time.perf_counter() - start


def inspected(scan: Path) -> Row:
    """What `femurkit inspect` says of the femora in a scan."""
    code, out, err, seconds = command("inspect", scan, "--json")
    row: Row = {"exit": code, "sides": [], "seconds": round(seconds, 1)}
    if code:
        return {**row, "error": last_line(err)}
    checks = json.loads(out.strip().splitlines()[-1])["checks"]
    told = [c["claim"] for c in checks if c["code"] != "FEMUR_MISSING"]
    row["sides"] = [s.value for s in Side if any(t.startswith(f"{s.value}: ") for t in told)]
    row["not_held"] = [c["code"] for c in checks if c["verdict"] != "holds"]
    return row


def last_line(text: str) -> str:
    return text.splitlines()[-1] if text else ""


def row_of(scan: dict[str, str]) -> Row:
    """One scan through both commands, with its picture."""
    path, expected = DATA / scan["file"], expected_sides(scan)
    row: Row = {**scan, "expected": expected, "inspect": inspected(path)}
    place = OUT / "real" / f"{scan['scan']}.webp"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        code, _, err, seconds = command("reconstruct", path, "-o", out)
        row |= {"exit": code, "seconds": round(seconds, 1), "femurs": []}
        meshes = {}
        if code == 0:
            femurs = json.loads((out / "measurements.json").read_text())
            run = json.loads((out / "run.json").read_text())
            row["femurs"] = [{key: f.get(key) for key in KEPT} for f in femurs]
            row["said"] = run["warnings"]
            meshes = {f["side"]: read_stl(out / f["side"] / "femur.stl") for f in femurs}
        else:
            row["said"] = [last_line(err)]
    centres = {side: float(mesh.vertices[:, 0].mean()) for side, mesh in meshes.items()}
    row |= judge(expected, centres)
    volume = load(path).volume
    heads = {f["side"]: f["head_centre_lps_mm"] for f in row["femurs"]}
    points = {
        side: np.array(heads[side]) if heads[side] else top_of(mesh.vertices)
        for side, mesh in meshes.items()
    }
    place.parent.mkdir(exist_ok=True)
    picture(overview(volume), volume, meshes, points, place)
    return row


def top_of(vertices: np.ndarray) -> np.ndarray:
    """A point in the uppermost 30 mm of a femur: for one without a head to measure."""
    return np.asarray(vertices[vertices[:, 2] > vertices[:, 2].max() - 30].mean(0))


def main() -> None:
    """Run the scans asked for, and write the page of all."""
    kept = OUT / "real.json"
    before = {row["scan"]: row for row in json.loads(kept.read_text())} if kept.exists() else {}
    with SCANS.open(newline="") as file:
        scans = list(csv.DictReader(file))
    wanted = sys.argv[1:] or [scan["scan"] for scan in scans]
    for scan in scans:
        name = scan["scan"]
        if name not in wanted:
            continue
        if not (DATA / scan["file"]).exists():
            print(f"{name}: not in ../shared/data, left as it was")
            continue
        before[name] = row = row_of(scan)
        told = {k: row[k] for k in ("found", "missed", "wrong_side", "invented") if row[k]}
        print(f"{name}: exit {row['exit']}, {told}, inspect {row['inspect']['sides']}", flush=True)
        write([before[each["scan"]] for each in scans if each["scan"] in before])


def write(rows: list[Row]) -> None:
    """The page and its figures."""
    (OUT / "real.json").write_text(json.dumps(rows, indent=1) + "\n")
    (OUT / "real.md").write_text(page(rows))


if __name__ == "__main__":
    main()
