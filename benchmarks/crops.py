"""Hips that a scan shows in part, and scans without one: `python -m benchmarks.crops` (3 minutes).

Runs the whole command on each case of ../shared/data/sarcoma-hips (GE PET/CT, cropped around a
tumour) and writes docs/results/crops.md and .json: how it ended, and what was said, beside what
a person wrote of the case before.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CASES = ROOT.parent / "shared/data/sarcoma-hips"
CODES = ("HEAD_IN_SCAN", "FEMUR_IN_VIEW")
CLASSES = {"A": "whole", "B": "clipped", "C": "no head", "other": "no hip"}


def row_of(case: dict[str, str]) -> dict[str, Any]:
    """One case through `femurkit reconstruct`."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [sys.executable, "-m", "femurkit", "reconstruct", str(CASES / case["file"])]
        done = subprocess.run([*command, "-o", str(out)], capture_output=True, text=True)
        row: dict[str, Any] = {
            "case": case["case"].removeprefix("STS_"), "class": case["class"],
            "note": case["note"], "exit": done.returncode, "left": sorted(Path(folder).iterdir()),
        }  # fmt: skip
        row["left"] = [path.name for path in row["left"]]
        if done.returncode:
            return {**row, "said": [done.stderr.strip().splitlines()[-1].split(":")[0]]}
        femurs = json.loads((out / "measurements.json").read_text())
        run = json.loads((out / "run.json").read_text())
        said = [r["text"] for r in run["remarks"] if r["code"] in CODES]
        said += [f"no head: {f['not_measurable']['head']}" for f in femurs
                 if "head" in f["not_measurable"]]  # fmt: skip
        said += [f"{c['code']}: {c['text']}" for f in femurs for c in f["checks"]
                 if not c["passed"]]  # fmt: skip
        keys = ("side", "volume_ml", "confidence", "shape_distance_mm", "head_radius_mm")
        return {**row, "femurs": [{key: f[key] for key in keys} for f in femurs], "said": said}


def page(rows: list[dict[str, Any]]) -> str:
    """The table."""
    lines = [
        "# Hips in part, and none",
        "",
        "`python -m benchmarks.crops`: each case of sarcoma-hips (GE PET/CT, 3.27 mm, cropped",
        "around a tumour) through `femurkit reconstruct`, beside what a person wrote of it.",
        "There are no labels of these.",
        "",
        "| case | class | a person's note | end | side, ml | from a femur mm | what was said |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda r: (r["class"], r["case"])):
        femurs = row.get("femurs", [])
        ended = "done" if row["exit"] == 0 else f"refused ({row['exit']})"
        sides = ", ".join(f"{f['side']} {f['volume_ml']:.0f}" for f in femurs)
        far = ", ".join(f"{f['shape_distance_mm']:.1f}" for f in femurs)
        lines.append(
            f"| {row['case']} | {CLASSES[row['class']]} | {row['note']} | {ended} | {sides} | {far}"
            f" | {' '.join(row['said'])} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Run them all and write."""
    with (CASES / "manifest.csv").open(newline="") as file:
        rows = [row_of(case) for case in csv.DictReader(file)]
    out = ROOT / "docs/results"
    (out / "crops.json").write_text(json.dumps(rows, indent=1) + "\n")
    (out / "crops.md").write_text(page(rows))
    print(page(rows))


if __name__ == "__main__":
    main()
