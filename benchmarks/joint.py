"""The third pass over the hip joint: with it and without, on fresh phantoms and on pelvic-ref-002.

`python -m benchmarks.joint [COUNT]`, or `real` for the real case alone, writes
docs/results/joint.md, .json and, where ../shared/data is, pictures through both joint spaces. The
real case chooses nothing.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import label
from benchmarks.pictures import overlays
from femurkit.anatomy import Side
from femurkit.evaluation.distance import mesh_distance
from femurkit.evaluation.femur import compare_femur
from femurkit.evaluation.joint_gap import joint_gap
from femurkit.evaluation.voxels import scores, voxels_of
from femurkit.images import read_mask
from femurkit.locate.find import find_hips
from femurkit.mesh import Mesh, distances_mm, smooth_over, vertex_areas_mm2
from femurkit.phantom import make_patient
from femurkit.segment.joint import refined
from femurkit.segment.weights import joint_network
from femurkit.sources import load
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import to_mask
from femurkit.surface.periosteal import outline_of, periosteal
from femurkit.surface.regions import Regions, regions_of
from femurkit.volume import Field, Mask, Volume

ROOT = Path(__file__).parent.parent
OUT, DATA = ROOT / "docs/results", ROOT.parent / "shared/data"
SEED = 77012
SLICES_MM = (1.0, 3.0, 1.5, 5.0, 0.8, 2.0, 1.25, 3.0)
EXTENT_MM = (60.0, 110.0)
"""Of the scan above and below the head centres."""
WAYS = {"two passes": False, "three passes": True}
SMOOTH_MM = 4.0
"""Roughness is the distance of a surface from its own average over so much."""
COLUMNS = {
    "dsc": "DSC", "assd_mm": "ASSD mm", "hd95_mm": "HD95 mm",
    "joint_assd_mm": "joint space ASSD mm",
    "joint_hd95_mm": "HD95 mm there", "joint_hd_mm": "greatest mm", "rough_mm": "roughness mm",
    "true_rough_mm": "of the exact head",
}  # fmt: skip


def drawn(field: Field, volume: Volume, side: Side, third: bool) -> tuple[Mask, Mesh]:
    """Mask and outline of one femur."""
    if third:
        network = joint_network()
        assert network is not None
        field = refined(field, volume, side, network=network).field
    ready = outlined(field, volume)
    return to_mask(ready), periosteal(ready).mesh


def roughness(mesh: Mesh, regions: Regions) -> float:
    """Root mean square distance of a head's surface from its own average, mm."""
    centre = regions.axes.centre_mm
    head = regions.junction.depth_mm(mesh.vertices) < -SMOOTH_MM
    near = regions.junction.depth_mm(mesh.vertices) < 2 * SMOOTH_MM
    points, area = mesh.vertices[near], vertex_areas_mm2(mesh)[near]
    away = np.linalg.norm(points - centre, axis=1)
    sums = smooth_over(points, np.c_[away * area, area], SMOOTH_MM)
    rest = (away - sums[:, 0] / sums[:, 1])[head[near]]
    return float(np.sqrt(np.average(rest**2, weights=area[head[near]])))


def score(mask: Mask, mesh: Mesh, labels: np.ndarray, true: Mesh, side: Side, ct: Volume) -> Any:
    """One femur of a phantom against its exact surface; None if that has no head."""
    regions = regions_of(true, side)
    if isinstance(regions, str):
        return None
    gap = joint_gap(true, side, regions.axes.centre_mm, regions.junction, ct=ct)
    there = mesh.vertices[gap.holds(mesh.vertices)]
    facing = gap.surface_mm[gap.facing]
    if not len(there) or not len(facing):
        return None
    off = np.concatenate([distances_mm(facing, mesh), distances_mm(there, true)])
    whole, inside = mesh_distance(mesh, true), labels == side.label
    both = np.count_nonzero(inside & mask.array)
    return {
        "dsc": 2 * both / (np.count_nonzero(inside) + np.count_nonzero(mask.array)),
        "assd_mm": whole.assd_mm, "hd95_mm": whole.hd95_mm,
        "joint_assd_mm": float(off.mean()), "joint_hd95_mm": float(np.percentile(off, 95)),
        "joint_hd_mm": float(off.max()), "rough_mm": roughness(mesh, regions),
        "true_rough_mm": roughness(true, regions),
    }  # fmt: skip


def phantoms(count: int) -> Iterator[dict[str, Any]]:
    """Rows of fresh phantoms, each femur both ways."""
    for number in range(1, count + 1):
        in_plane = (0.7, 0.85, 0.95)[number % 3]
        slices = SLICES_MM[(number - 1) % len(SLICES_MM)]
        patient = make_patient(
            SEED, number=number, spacing_mm=(slices, in_plane, in_plane), extent_mm=EXTENT_MM
        )
        for hip in find_hips(patient.volume):
            assert hip.probability is not None
            for way, third in WAYS.items():
                start = time.process_time()
                mask, mesh = drawn(hip.probability, patient.volume, hip.side, third)
                seconds = time.process_time() - start
                true = patient.meshes[hip.side]
                found = score(mask, mesh, patient.labels, true, hip.side, patient.volume)
                if found:
                    about = {"number": number, "side": hip.side.value, "slice_mm": slices}
                    yield {**about, "way": way, **found, "cpu_s": seconds}


def real() -> Iterator[dict[str, Any]]:
    """Rows of pelvic-ref-002 against its label, and below the label's three highest slices."""
    volume = load(DATA / "pelvic-ref-002/ct.zip").volume
    labels, grid = read_mask(DATA / "pelvic-ref-002/truth_femur.nii.gz")
    hips = find_hips(volume)
    truth = {hip.side: Mask(labels == hip.side.label, grid) for hip in hips}
    true = {side: outline_of(mask) for side, mask in truth.items()}
    for way, third in WAYS.items():
        found, centres = {}, {}
        for hip in hips:
            assert hip.probability is not None
            mask, found[hip.side] = drawn(hip.probability, volume, hip.side, third)
            regions = regions_of(found[hip.side], hip.side)
            assert isinstance(regions, Regions)
            centres[hip.side] = regions.axes.centre_mm
            row = compare_femur(mask, truth[hip.side], hip.side, ct=volume).row
            rest = label.parting(mask, truth[hip.side])["rest"]
            rest["joint_assd_mm"] = _joint_below(
                mask, truth[hip.side], true[hip.side], hip.side, volume
            )
            yield {
                "side": hip.side.value, "way": way, "rough_mm": roughness(found[hip.side], regions),
                **{name: row[name] for name in
                   ("dsc", "assd_mm", "hd95_mm", "joint_gap_assd_mm", "head_assd_mm")},
                **{f"rest_{name}": value for name, value in rest.items()},
            }  # fmt: skip
        place = OUT / f"joint_002_{'three' if third else 'two'}.png"
        overlays(volume, found, true, centres, place, title=f"pelvic-ref-002, {way}")


def _joint_below(found: Mask, truth: Mask, true: Mesh, side: Side, ct: Volume) -> float | None:
    """Distance in the joint space below the label's three highest slices, mm."""
    regions = regions_of(true, side)
    assert isinstance(regions, Regions)
    gap = joint_gap(true, side, regions.axes.centre_mm, regions.junction, ct=ct)
    voxels = voxels_of(found, truth)
    levels = np.unique(np.round(voxels.points_mm[voxels.truth, 2], 3))
    below = voxels.points_mm[:, 2] < levels[-label.TOP] - 1e-2
    return scores(voxels, gap.holds(voxels.points_mm) & below)["assd_mm"]


def page(rows: list[dict[str, Any]], label_rows: list[dict[str, Any]]) -> list[str]:
    """The report as lines of Markdown."""
    out = [
        "# The third pass over the hip joint", "",
        "Generated by `python -m benchmarks.joint`; do not edit. "
        f"{len({r['number'] for r in rows})} fresh phantoms (seed {SEED}), surfaces against the "
        "exact ones; joint space: the part of the head that faces other bone within 7 mm.", "",
        "| slices | way | femurs | " + " | ".join(COLUMNS.values()) + " | CPU s |",
        "|---|---|---:|" + "---:|" * (len(COLUMNS) + 1),
    ]  # fmt: skip
    for name, low, high in (("to 1.5 mm", 0, 1.6), ("2 mm and more", 1.6, 9), ("all", 0, 9)):
        for way in WAYS:
            here = [r for r in rows if r["way"] == way and low < r["slice_mm"] <= high]
            if here:
                means = [f"{np.mean([r[c] for r in here]):.3f}" for c in (*COLUMNS, "cpu_s")]
                out.append(f"| {name} | {way} | {len(here)} | " + " | ".join(means) + " |")
    if label_rows:
        names = [n for n in label_rows[0] if n not in ("side", "way")]
        out += ["", "## pelvic-ref-002 against its label", "",
                "`rest`: without the label's three highest slices, where it covers the roof of the "
                "acetabulum.", "",
                "| side | way | " + " | ".join(n.replace("_", " ") for n in names) + " |",
                "|---|---|" + "---:|" * len(names)]  # fmt: skip
        for row in label_rows:
            values = [f"{row[n]:.3f}" if isinstance(row[n], float) else str(row[n]) for n in names]
            out.append(f"| {row['side']} | {row['way']} | " + " | ".join(values) + " |")
    return out


def main() -> None:
    told = sys.argv[1] if len(sys.argv) > 1 else str(len(SLICES_MM))
    rows: list[dict[str, Any]] = []
    if told == "real":  # the phantoms' rows stay
        rows = [row for row in json.loads((OUT / "joint.json").read_text()) if "number" in row]
    for row in phantoms(0 if told == "real" else int(told)):
        rows.append(row)
        print(row, flush=True)
    label_rows = list(real()) if (DATA / "pelvic-ref-002/ct.zip").exists() else []
    (OUT / "joint.json").write_text(json.dumps([*rows, *label_rows], indent=1) + "\n")
    (OUT / "joint.md").write_text("\n".join(page(rows, label_rows)) + "\n")


if __name__ == "__main__":
    main()
