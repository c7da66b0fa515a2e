"""Regenerate docs/results: `python -m benchmarks.results [demo] [phantoms] [real]`, or all.

Each part runs the real command line in a process of its own, scores it, draws it, and leaves a
.json; README.md is written from those. The real cases need ../shared/data.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import label
from benchmarks.pictures import overlays, portraits
from benchmarks.tables import page
from femurkit.anatomy import Side
from femurkit.evaluation.compare import compare
from femurkit.images import read_mask
from femurkit.mesh import Mesh, read_stl
from femurkit.phantom import make_patient, write_patient
from femurkit.sources import load
from femurkit.surface.periosteal import outline_of
from femurkit.volume import Mask

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs/results"
DATA = ROOT.parent / "shared/data"
PHANTOM_SEED = 77001
"""Never used in training, whose patients are drawn from other streams."""
SLICES_MM = (0.6, 0.8, 1.0, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 5.0)
REAL = {
    "pelvic-ref-002": ("pelvic-ref-002/ct.zip", "pelvic-ref-002/truth_femur.nii.gz"),
    "pelvic-ref-003": ("pelvic-ref-003/ct.zip", None),
    "totalsegmentator-example": ("totalsegmentator-example/ct.nii.gz", None),
}


def run(*arguments: str | Path) -> dict[str, Any]:
    """A femurkit command: exit code, last words, wall seconds and peak resident memory."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "femurkit", *map(str, arguments)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    words = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    return {
        "exit": os.waitstatus_to_exitcode(status),
        "said": words.strip().splitlines()[-1:] if words.strip() else [],
        "seconds": time.perf_counter() - start,
        "peak_gib": usage.ru_maxrss / 2**20,
    }


def surfaces(folder: Path, name: str = "femur.stl") -> dict[Side, Mesh]:
    """The femurs in an OUT folder."""
    return {
        s: read_stl(folder / s.value / name) for s in Side if (folder / s.value / name).exists()
    }


def centres(folder: Path, found: dict[Side, Mesh]) -> dict[Side, np.ndarray]:
    """Head centres as measured, or else a point near the top of the bone."""
    measured = {m["side"]: m for m in json.loads((folder / "measurements.json").read_text())}
    out = {}
    for side, mesh in found.items():
        head = measured[side.value]["head_centre_lps_mm"]
        top = mesh.vertices[mesh.vertices[:, 2] > mesh.vertices[:, 2].max() - 30].mean(0)
        out[side] = np.array(head) if head else top
    return out


def phantom(number: int) -> list[dict[str, Any]]:
    """Draw, write, reconstruct and score one fresh phantom."""
    inplane = (0.7, 0.85, 0.95)[number % 3]
    spacing = (SLICES_MM[number % len(SLICES_MM)], inplane, inplane)
    with tempfile.TemporaryDirectory() as tmp:
        patient, result = Path(tmp) / "P001", Path(tmp) / "out"
        made = make_patient(PHANTOM_SEED, number=number, spacing_mm=spacing)
        write_patient(made, patient)
        told = run("reconstruct", patient / "ct", "-o", result)
        if told["exit"]:
            return [{"number": number, "side": s.value, "dsc": 0.0, **told} for s in made.meshes]
        about = {"number": number, "slice_mm": spacing[0], "position": made.position}
        told_of = {m["side"]: m for m in json.loads((result / "measurements.json").read_text())}
        return [
            {**about, **row, **shape(told_of.get(row["side"]), made.truth["femurs"][row["side"]])}
            for row in compare(result, patient)
        ]


def shape(found: dict[str, Any] | None, true: dict[str, Any]) -> dict[str, Any]:
    """Whether a femur's surfaces are sound, and how far head and neck are from the truth's."""
    if found is None:
        return {"sound": False}
    out: dict[str, Any] = {
        "sound": found["handles"] == 0 and all(
            one["closed"] and one["crossings"] == 0 for one in found["surfaces"].values()
        )
    }  # fmt: skip
    if found["head_centre_lps_mm"] and true["head_centre_lps_mm"]:
        away = np.subtract(found["head_centre_lps_mm"], true["head_centre_lps_mm"])
        out["head_centre_error_mm"] = float(np.linalg.norm(away))
    for name in ("head_radius_mm", "neck_shaft_angle_deg"):
        if found[name] is not None and true[name] is not None:
            out[name.replace("_mm", "_error_mm").replace("_deg", "_error_deg")] = (
                found[name] - true[name]
            )
    return out


def phantoms(count: int = 40) -> None:
    """Forty fresh phantoms, all slice thicknesses, head and feet first."""
    with ProcessPoolExecutor(2) as pool:
        rows = [row for rows in pool.map(phantom, range(1, count + 1)) for row in rows]
    keep("phantoms", {"seed": PHANTOM_SEED, "rows": rows})


def demo() -> None:
    """The picture of the README: the demo's two femurs, and their scores."""
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp) / "demo"
        told = run("demo", "-o", folder)
        if told["exit"]:
            raise RuntimeError(f"the demo failed: {told['said']}")
        result, patient = folder / "reconstruction", folder / "P001"
        found = surfaces(result)
        portraits(found, surfaces(result, "femur_hollow.stl"), OUT / "demo.png")
        true = {s: read_stl(patient / "truth" / f"{s.value}.stl") for s in found}
        where = centres(result, found)
        volume = load(patient / "ct").volume
        overlays(volume, found, true, where, OUT / "demo_outlines.png", title="demo phantom")
        keep("demo", {**told, "rows": compare(result, patient)})


def real() -> None:
    """The real cases: scores where there is a truth, pictures of all."""
    for name, (series, truth) in REAL.items():
        if not (DATA / series).exists():
            print(f"{name}: no data, left as it was")
            continue
        with tempfile.TemporaryDirectory() as tmp:
            result = Path(tmp) / "out"
            told = run("reconstruct", DATA / series, "-o", result)
            if told["exit"] == 0:
                record = json.loads((result / "run.json").read_text())
                told["warnings"] = record["warnings"]
                told["measurements"] = json.loads((result / "measurements.json").read_text())
                found = surfaces(result)
                volume, true = load(DATA / series).volume, {}
                if truth:
                    told["rows"] = compare(result, DATA / truth)
                    labels, grid = read_mask(DATA / truth)
                    told["parting"] = {}
                    for side in found:
                        mask = Mask(labels == side.label, grid)
                        true[side] = outline_of(mask)
                        seen = Mask(read_mask(result / side.value / "mask.nii.gz")[0] > 0, grid)
                        told["parting"][side.value] = label.parting(seen, mask)
                        place = OUT / f"{name}_label_{side.value}.png"
                        title = (
                            f"{side.value}: label (red), found (blue), the label's highest slices"
                        )
                        label.picture(volume, seen, mask, place, title=title)
                where = centres(result, found)
                overlays(volume, found, true, where, OUT / f"{name}_outlines.png", title=name)
                hollow = surfaces(result, "femur_hollow.stl")
                portraits(found, hollow, OUT / f"{name}_surfaces.png")
            keep(name, told)


def keep(name: str, what: dict[str, Any]) -> None:
    """Write one part's figures."""
    (OUT / f"{name}.json").write_text(json.dumps(what, indent=1) + "\n")
    print(f"{name}: done", flush=True)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    parts = {"demo": demo, "phantoms": phantoms, "real": real}
    for name in sys.argv[1:] or parts:
        parts[name]()
    (OUT / "README.md").write_text(page(OUT))


if __name__ == "__main__":
    main()
