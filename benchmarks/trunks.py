"""Femora in fresh synthetic trunks, and none elsewhere: `python -m benchmarks.trunks --count 200`.

Draws whole people with arms, contrast, implants and wires, scans each once from any view (a third
without a proximal femur), and counts the femora that are found, missed and invented:
docs/results/trunks.md and .json. The bones are painted on a lattice of 4 mm, coarser than any CT;
with --sharp they are drawn at 1.4 x 1.4 x 3 mm, without implants (trunks_sharp.md), at ten times
the time. No label map and no seed of the training is used. Each answer is
kept in WORK as it comes, so a run that was stopped goes on; --fresh begins again.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.found import Found, Hip, Score, found_femurs, score
from benchmarks.robustness import count, table
from femurkit.geometry import Grid
from femurkit.phantom.coarse_scan import CoarseScan, scan_coarsely
from femurkit.phantom.hip_bones import draw_hips
from femurkit.phantom.trunk import Trunk, draw_trunk
from femurkit.phantom.trunk_patient import make_trunk
from femurkit.phantom.views import View, draw_view
from femurkit.volume import Volume

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs/results"
SEED = 77020
"""Never used in training."""
TARGET = 0.995
STEP_MM = 3.0
SHARP_MM = (3.0, 1.4, 1.4)
METAL_HU = 2500
BALL_MM = 8.0
"""Within a prosthetic head, but not within a screw."""
ABOVE_LESSER_MM = 25.0
"""The second landmark: on the shaft axis, so far above the lesser trochanter."""
LEAST_FEMUR_ML = 2.0
"""What is found over so much of a femur that need not be found is not invented."""
NOT_SEEN = np.array([-1e6, -1e6, 1e6])
"""Outside every scan, and above: no box reaches too far above such a head."""
Row = dict[str, Any]


def hips_seen(trunk: Trunk, view: View, scan: CoarseScan) -> list[Hip]:
    """The femora in the scanner's space; a landmark is far away if it lies outside the field of
    view, and a head if it was replaced: a prosthesis is no femur.
    """
    turn = np.linalg.inv(view.to_patient)
    out = []
    for bone in trunk.hips.lattice:
        if bone.frame is None or bone.side is None or bone.kind != "femur":
            continue
        frame = bone.frame
        points = [frame.head, frame.trochanter - ABOVE_LESSER_MM * frame.down]
        head, trochanter = (in_circle(turn[:3, :3] @ p + turn[:3, 3], view) for p in points)
        size = abs(np.linalg.det(turn[:3, :3])) ** (1 / 3)
        around = head + BALL_MM * size * np.vstack([np.eye(3), -np.eye(3)])
        if all(is_metal(point, scan, view.grid) for point in around):  # a screw fills one direction
            head = NOT_SEEN
        out.append(Hip(bone.side, head, trochanter, float(frame.head_radius * size)))
    return out


def is_metal(point: np.ndarray, scan: CoarseScan, grid: Grid) -> bool:
    """Whether there is metal at a point (3,) of the scan."""
    z, y, x = np.rint(grid.to_index(point)).astype(int)
    inside = all(0 <= n < size for n, size in zip((z, y, x), scan.hu.shape, strict=True))
    return inside and bool(scan.hu[z, y, x] > METAL_HU)


def in_circle(point: np.ndarray, view: View) -> np.ndarray:
    """The point, or one far away where a circular field of view leaves it out."""
    middle = view.grid.to_world((np.array(view.grid.shape) - 1) / 2)
    away = float(np.hypot(*(point - middle)[:2]))
    return point if view.circle_mm is None or away < view.circle_mm else NOT_SEEN


def judged(hips: list[Hip], found: list[Found], scan: CoarseScan, grid: Grid) -> Score:
    """What was found against what is there; parts of a femur that need not be found may be."""
    first = score(hips, found, grid)
    kept = [
        one for one in found
        if one.side.value in first.expected or not over_femur(one, scan, grid)
    ]  # fmt: skip
    return score(hips, kept, grid)


def over_femur(found: Found, scan: CoarseScan, grid: Grid) -> bool:
    """Whether a box holds some of a proximal femur of its side."""
    window = grid.window_around(found.low, found.high)
    there = np.count_nonzero(scan.label[window] == found.side.label)
    return there * grid.voxel_mm3 / 1000 >= LEAST_FEMUR_ML


def draw(number: int) -> tuple[Trunk, View, CoarseScan]:
    """One person and one scan of them."""
    rng = np.random.default_rng((SEED, number))
    trunk = draw_trunk(draw_hips(rng), rng)
    view = draw_view(trunk, rng, step_mm=STEP_MM)
    return trunk, view, scan_coarsely(trunk, view, rng, below_trochanter_mm=60.0)


def draw_sharp(number: int) -> tuple[View, CoarseScan, Grid, list[Hip]]:
    """One person whose bones are drawn as sharp as a CT shows them; the landmark on the shaft is
    the lesser trochanter.
    """
    made = make_trunk(SEED, number=number, spacing_mm=SHARP_MM, below_trochanter_mm=60.0)
    hips = [
        Hip(side, in_circle(one.head, made.view), in_circle(one.trochanter, made.view),
            one.head_radius)
        for side, one in made.femora.items()
    ]  # fmt: skip
    return made.view, CoarseScan(made.volume.array, made.labels), made.volume.grid, hips


def row_of(number: int, *, sharp: bool = False) -> Row:
    """Draw, search and score one trunk."""
    if sharp:
        view, scan, grid, hips = draw_sharp(number)
    else:
        trunk, view, scan = draw(number)
        grid, hips = view.grid, hips_seen(trunk, view, scan)
    start = time.perf_counter()
    found = found_femurs(Volume(scan.hu, grid))
    seconds = round(time.perf_counter() - start, 2)
    result = judged(hips, found, scan, grid)
    metal = bool((scan.hu > METAL_HU).any())
    return {"number": number, "view": view.kind, "metal": "metal" if metal else "no metal",
            **asdict(result), "seconds": seconds}  # fmt: skip


def met(total: dict[str, int]) -> str:
    """Whether the target is met."""
    found = total["found"] >= TARGET * total["expected"]
    return "met" if found and not total["invented"] else "not met"


def page(rows: list[Row], *, sharp: bool = False) -> str:
    """Totals, a table by view, and each failure."""
    where = "the lesser trochanter" if sharp else "the shaft axis 25 mm above its lesser trochanter"
    total = count(rows)
    share = 100 * total["found"] / max(1, total["expected"])
    out = [
        "# Synthetic trunks" + (", bones at 1.4 x 1.4 x 3 mm" if sharp else ""), "",
        f"`python -m benchmarks.trunks --count {len(rows)}{' --sharp' if sharp else ''}`: whole",
        f"synthetic people (seed {SEED}), one scan each from any view, in any posture of the arms,",
        "with contrast, wires" + ("" if sharp else " and implants") + ". A femur is expected where",
        f"its head centre, or {where}, is in the scan.",
        *([] if sharp else ["A head that was replaced does not count."]), "",
        f"**{total['found']} of {total['expected']} femora found ({share:.1f} %), "
        f"{total['wrong_side']} with the wrong side, {total['invented']} invented**, in "
        f"{total['scans']} scans, {sum(not row['expected'] for row in rows)} of them without a "
        f"proximal femur. Target: 99.5 % found, none invented: {met(total)}.", "",
        *table(rows, "view", "view"), "", *table(rows, "metal", "metal"), "",
    ]  # fmt: skip
    bad = [row for row in rows if row["missed"] or row["wrong_side"] or row["invented"]]
    out += ["| number | view | missed | wrong side | invented |", "|---|---|---|---|---|"]
    out += [
        f"| {row['number']} | {row['view']}, {row['metal']} | "
        + " | ".join(", ".join(row[k]) for k in ("missed", "wrong_side", "invented")) + " |"
        for row in bad
    ]  # fmt: skip
    return "\n".join([*out, ""])


def main() -> None:
    """Run what is missing and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--sharp", action="store_true", help="bones drawn as a CT shows them")
    parser.add_argument("--fresh", action="store_true", help="forget what is kept in WORK")
    given = parser.parse_args()
    name = "trunks_sharp" if given.sharp else "trunks"
    kept = (given.work or ROOT / "out" / name) / "detection.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    if given.fresh:
        kept.unlink(missing_ok=True)
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    for number in range(1, given.count + 1):
        if any(row["number"] == number for row in rows):
            continue
        rows.append(row := json.loads(json.dumps(row_of(number, sharp=given.sharp))))
        with kept.open("a") as out:
            out.write(json.dumps(row) + "\n")
        faults = {k: row[k] for k in ("missed", "wrong_side", "invented") if row[k]}
        print(f"{number:4} {row['view']:20} {faults or 'ok'}", flush=True)
    rows = sorted((row for row in rows if row["number"] <= given.count), key=lambda r: r["number"])
    (OUT / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
    (OUT / f"{name}.md").write_text(page(rows, sharp=given.sharp))
    print(page(rows, sharp=given.sharp))


if __name__ == "__main__":
    main()
