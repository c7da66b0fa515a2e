"""From where on a surface is no femur: `python -m benchmarks.likeness` (5 minutes).

Lays the shape model over real femora that it was not made of (libhip, the label maps in
../shared/data), whole and cut by windows such as a scan may be, and over pieces of other bones: of
pelvis and spine of the same patients, of pelvis and shin of the shape model. Each is also taken for
one of the other side. Writes docs/results/likeness.md and .json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.morphometry import LIBHIP, libhip_femora
from femurkit.anatomy import Side
from femurkit.bones.likeness import Apart, nearest_femur
from femurkit.bones.model import shape_model
from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.measure.likeness import NO_FEMUR_MM, USUAL_MM
from femurkit.mesh import Mesh
from femurkit.phantom.labelmaps import label_maps
from femurkit.solid import Plane, cut, faces
from femurkit.surface.contour import largest_part

ROOT = Path(__file__).parent.parent
MAPS = LIBHIP.parent / "labelmaps"
SEED, WINDOWS, DRAWS = 77010, 12, 8
LEAST_ML = 25.0
"""Smaller pieces the coarse pass does not take for a femur."""
MEANT = ("out_mm", "worst_mm")
KINDS = (
    "femora, whole", "femora, cut", "femora, cut, taken for the other side", "pelvis", "spine",
    "shin",
)  # fmt: skip


def femora() -> Iterator[tuple[Mesh, Side]]:
    """Of real patients, none of whom the shape model knows."""
    yield from ((mesh, side) for _, mesh, side in libhip_femora())
    for person in label_maps(MAPS):
        for bone in person.bones:
            if bone.side is not None:
                yield bone.mesh, bone.side


def others() -> Iterator[tuple[str, Mesh]]:
    """Bones that are none."""
    for person in label_maps(MAPS):
        yield from ((b.kind, b.mesh) for b in person.bones if b.side is None)
    rng, model = np.random.default_rng(SEED), shape_model()
    for _ in range(DRAWS):
        scores = model.draw_scores(rng)
        yield "pelvis", model.mesh("pelvis", scores)
        yield "shin", model.mesh("tibia", scores)


def window(low: np.ndarray, high: np.ndarray) -> tuple[Plane, ...]:
    """The faces of a scan between two corners, LPS mm."""
    shape = np.maximum(np.round((high - low)[::-1]).astype(int), 1)
    return faces(Grid.aligned(tuple(int(n) for n in shape), (1.0, 1.0, 1.0), low + 0.5))


def around_a_hip(mesh: Mesh, rng: np.random.Generator) -> tuple[Plane, ...]:
    """A scan that shows 90 to 250 mm of a femur and cuts up to 45 mm off its top, or up to a third
    of its width on one side.
    """
    low, high = mesh.vertices.min(0) - 20, mesh.vertices.max(0) + 20
    top, wide = mesh.vertices[:, 2].max(), high - low - 40
    if rng.random() < 0.5:
        high[2] = top - rng.uniform(0, 45)
    else:
        axis, by = rng.integers(0, 2), 20 + rng.uniform(0, 1 / 3) * wide.min()
        if rng.random() < 0.5:
            low[axis] += by
        else:
            high[axis] -= by
    low[2] = max(low[2], top - rng.uniform(90, 250))
    return window(low, high)


def somewhere(mesh: Mesh, rng: np.random.Generator) -> tuple[Plane, ...]:
    """A scan around a point of the surface, 60 to 140 mm wide."""
    middle = mesh.vertices[rng.integers(len(mesh.vertices))]
    half = rng.uniform(30, 70, 3)
    return window(middle - half, middle + half)


def piece(mesh: Mesh, planes: tuple[Plane, ...]) -> Mesh | None:
    """The largest connected part that the planes leave, if it is large enough."""
    try:
        left = cut(mesh, planes)
    except DegenerateShape:
        return None
    best = largest_part(left)
    return best if best.volume_mm3 >= LEAST_ML * 1000 else None


def measured() -> dict[str, list[Apart]]:
    """How far from the nearest femur, by kind."""
    out: dict[str, list[Apart]] = {kind: [] for kind in KINDS}
    rng = np.random.default_rng(SEED)
    for mesh, side in femora():
        ends = np.array([[-20, -20, 5], [20, 20, 20]])
        whole = window(*(ends + [mesh.vertices.min(0), mesh.vertices.max(0)]))
        out["femora, whole"].append(nearest_femur(cut(mesh, whole), side, whole))
        for _ in range(WINDOWS):
            planes = around_a_hip(mesh, rng)
            if (left := piece(mesh, planes)) is not None:
                out["femora, cut"].append(nearest_femur(left, side, planes))
                out["femora, cut, taken for the other side"].append(
                    nearest_femur(left, side.other, planes)
                )
    for kind, mesh in others():
        for n in range(WINDOWS):
            planes = somewhere(mesh, rng)
            if (left := piece(mesh, planes)) is not None:
                side = (Side.LEFT, Side.RIGHT)[n % 2]
                out[kind].append(nearest_femur(left, side, planes))
    return out


def page(found: dict[str, list[Apart]]) -> str:
    """The table, and what follows."""
    lines = [
        "# How like a femur",
        "",
        "RMS distance in mm between a surface and the nearest femur of the shape model (26 people)",
        "laid over it: `python -m benchmarks.likeness`. The femora are of four other people; each",
        f"piece holds {LEAST_ML:.0f} ml at least, as what the coarse pass takes for a femur does.",
        f"What lies farther than {NO_FEMUR_MM} mm is not taken for a femur. *Worse*: the larger of",
        "the distances from the surface to the femur, and from what the femur has within the scan",
        f"to the surface; above {USUAL_MM} mm a femur is looked at.",
        "",
        "| | pieces | least | median | 95 % | most | worse: least | median | most |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind, every in found.items():
        out, worst = (np.array([getattr(a, name) for a in every]) for name in MEANT)
        lines.append(
            f"| {kind} | {len(out)} | {out.min():.2f} | {np.median(out):.2f} "
            f"| {np.percentile(out, 95):.2f} | {out.max():.2f} "
            f"| {worst.min():.2f} | {np.median(worst):.2f} | {worst.max():.2f} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure and write."""
    found = measured()
    out = ROOT / "docs/results"
    rounded = {
        kind: [[round(a.out_mm, 3), round(a.back_mm, 3)] for a in every]
        for kind, every in found.items()
    }
    (out / "likeness.json").write_text(json.dumps({"out_back_mm": rounded}, indent=1) + "\n")
    (out / "likeness.md").write_text(page(found))
    print(page(found))


if __name__ == "__main__":
    main()
