"""Implants and fractures made in synthetic patients: is each found, and how good is the bone?

    python -m benchmarks.broken --patients 3

Draws synthetic patients, spoils the left femur in each way of WAYS, draws it with the shipped
network, and prints for each: the finding, the DSC of the femur (metal within the bone counted as
bone) and of the implant. The right femur, and the left one as it was, must carry no finding.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.locate.find import locate
from femurkit.phantom.patient import make_patient
from femurkit.phantom.shapes import FemurFrame
from femurkit.segment.weights import fine_network
from femurkit.segment.whole import predict_whole
from femurkit.solid import faces
from femurkit.surface.breaks import breaks_in, gap_around_shaft
from femurkit.surface.fragments import mask_of, outlined_pieces
from femurkit.surface.implant import implant_of, with_implant
from femurkit.surface.periosteal import periosteal
from femurkit.surface.smooth import together
from femurkit.volume import Volume

SEED = 4711
STEEL, MUSCLE, LINER = 8000.0, 50.0, 80.0
LABEL = Side.LEFT.label

Spoilt = tuple[np.ndarray, np.ndarray, np.ndarray]
"""HU, labels and metal."""


def rod(points, a, b, ra, rb) -> np.ndarray:
    along = np.clip(((points - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
    away = np.linalg.norm(points - a - along[..., None] * (b - a), axis=-1)
    return away < ra + (rb - ra) * along


def with_metal(hu, labels, grid: Grid, metal) -> Spoilt:
    """Metal in the scan, blurred, with bands through its slices, on a scale that ends at 3071."""
    _, dy, dx = grid.spacing_mm
    out = hu.astype(np.float32)
    yy, xx = np.ogrid[tuple(slice(n) for n in hu.shape[1:])]
    for z in np.flatnonzero(metal.any((1, 2))):
        y, x = np.argwhere(metal[z]).mean(0)
        angle = np.arctan2((yy - y) * dy, (xx - x) * dx)
        away = np.hypot((yy - y) * dy, (xx - x) * dx) + 25
        area = min(1.0, np.count_nonzero(metal[z]) * dy * dx / 400)
        out[z] += np.cos(7 * angle + z / 5) * 9000 * area / away
    share = ndimage.gaussian_filter(metal.astype(np.float32), 0.6 / np.array(grid.spacing_mm))
    out = out * (1 - share) + STEEL * share
    return np.clip(out, -1024, 3071).astype(np.int16), labels, metal


def prosthesis(hu, labels, grid: Grid, f: FemurFrame) -> Spoilt:
    """Ball of 32 mm, liner, cup, neck and stem in the place of head and neck."""
    p = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    away, top = np.linalg.norm(p - f.head, axis=-1), f.trochanter - 32 * f.down
    bone = labels == LABEL
    head = bone & ((p - f.head) @ f.neck < 1.3 * f.head_radius) & (away < 2.2 * f.head_radius)
    hu, labels = hu.astype(np.float32), labels.copy()
    hu[ndimage.binary_dilation(head)] = MUSCLE
    hu[away < 24] = LINER
    bone &= ~head & (away >= 24)
    labels[(labels == LABEL) & ~bone] = 0
    cup = (away > 23) & (away < 27) & ((f.head - p) @ f.neck > -2)
    stem = rod(p, top, f.trochanter, 8, 8)
    stem |= rod(p, f.trochanter, f.trochanter + 90 * f.down, 8, 5)
    return with_metal(hu, labels, grid, (away < 16) | cup | stem | rod(p, f.head, top, 6, 7))


def nail(hu, labels, grid: Grid, f: FemurFrame) -> Spoilt:
    """A nail in the shaft, which stands out above, and a screw through it into the head."""
    p = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    metal = rod(p, f.trochanter - 60 * f.down, f.trochanter + 140 * f.down, 7, 5)
    ends = (f.head + k * f.head_radius * f.neck for k in (-0.4, 3.2))
    return with_metal(hu, labels, grid, metal | rod(p, *ends, 5, 5))


def plate(hu, labels, grid: Grid, f: FemurFrame) -> Spoilt:
    """A plate beside the shaft, with five screws."""
    p = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    start = f.trochanter + 15 * f.down
    along, aside = (p - start) @ f.down, (p - start) @ np.cross(f.down, f.lateral)
    away = ndimage.distance_transform_edt(labels != LABEL, grid.spacing_mm)
    metal = (along > 0) & (along < 95) & (np.abs(aside) < 8) & (away > 0) & (away < 4.5)
    metal &= (p - start) @ f.lateral > 0
    for depth in (10, 30, 50, 70, 88):
        at = start + depth * f.down
        metal |= rod(p, at - 15 * f.lateral, at + 20 * f.lateral, 2.3, 2.3)
    return with_metal(hu, labels, grid, metal)


def broken(hu, labels, grid: Grid, point, normal, shift, gap=0.0) -> Spoilt:
    """The bone beyond a plane moved by a shift (LPS mm), or a gap (mm) in it."""
    p = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    depth, bone = (p - point) @ normal, labels == LABEL
    part, lost = bone & (depth > gap / 2), bone & (np.abs(depth) <= gap / 2)
    stays = bone & ~part & ~lost
    step = np.rint(grid.to_index(grid.origin_mm + shift)).astype(int)
    out, truth = hu.astype(np.float32), np.where(bone & ~stays, 0, labels)
    out[ndimage.binary_dilation(part | lost, iterations=2) & ~stays] = MUSCLE
    for which, target, values in (
        (ndimage.binary_dilation(part, iterations=2) & ~stays, out, hu),
        (part, truth, labels),
    ):
        at = np.argwhere(which)
        there = ((at + step >= 0) & (at + step < hu.shape)).all(1)
        there[there] &= ~stays[tuple((at[there] + step).T)]
        target[tuple((at[there] + step).T)] = values[tuple(at[there].T)]
    return out.astype(np.int16), truth, np.zeros(hu.shape, bool)


def _shaft(lateral: float, down: float, gap: float = 0.0) -> Callable[..., Spoilt]:
    return lambda hu, labels, grid, f: broken(
        hu, labels, grid, f.trochanter + 60 * f.down, f.down,
        lateral * f.lateral + down * f.down, gap,
    )  # fmt: skip


def _neck(lateral: float, up: float, gap: float = 0.0) -> Callable[..., Spoilt]:
    return lambda hu, labels, grid, f: broken(
        hu, labels, grid, f.head + 1.3 * f.head_radius * f.neck, f.neck,
        lateral * f.lateral - up * f.down, gap,
    )  # fmt: skip


def _trochanter(hu, labels, grid: Grid, f: FemurFrame) -> Spoilt:
    normal = 0.3 * f.neck + 0.95 * f.down
    return broken(
        hu, labels, grid, f.trochanter - 14 * f.down, normal / np.linalg.norm(normal),
        -14 * f.lateral + 4 * f.down,
    )  # fmt: skip


WAYS: dict[str, Callable[..., Spoilt]] = {
    "as it was": lambda hu, labels, grid, f: (hu, labels, np.zeros(hu.shape, bool)),
    "prosthesis": prosthesis,
    "nail": nail,
    "plate": plate,
    "shaft moved 15 mm": _shaft(15, 0),
    "shaft moved 24 mm, 20 mm shorter": _shaft(24, -20),
    "shaft 30 mm apart": _shaft(30, 6),
    "shaft with a gap of 4 mm": _shaft(0, 0, 4),
    "neck moved 15 mm": _neck(5, 15),
    "neck moved 20 mm": _neck(12, 20),
    "neck with a gap of 4 mm": _neck(0, 0, 4),
    "trochanter moved 14 mm": _trochanter,
}


def findings(volume: Volume, side: Side, probability, truth, metal) -> str:
    """One row: what was found, and how well."""
    implant = implant_of(probability, volume)
    bone = probability if implant is None else with_implant(probability, implant)
    pieces = outlined_pieces(bone, volume)
    outline = together([periosteal(piece) for piece in pieces]).mesh
    seen = [f"{len(pieces)} pieces"] if len(pieces) > 1 else []
    seen += [found.text for found in breaks_in(outline, side, faces(volume.grid))]
    if implant is None and gap_around_shaft(outline, side, volume):
        seen.append("gap in the cortex")
    row = f"DSC {dsc(mask_of(pieces).array, truth):.3f}"
    if implant is not None:
        seen.insert(0, f"implant of {implant.volume_ml:.0f} ml")
        seen += ["head replaced"] if implant.ball_mm is not None else []
        row += f", of the implant {dsc(implant.mask.array, metal):.3f}"
    return f"{row}: {'; '.join(seen) or 'nothing found'}"


def dsc(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / max(np.count_nonzero(a) + np.count_nonzero(b), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patients", type=int, default=3)
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    asked = parser.parse_args()
    network = fine_network(device="cpu")
    for number in range(1, asked.patients + 1):
        patient = make_patient(SEED, number=number, spacing_mm=(2.0, 1.0, 1.0), extent_mm=(60, 170))
        grid, frame = patient.volume.grid, patient.frames[Side.LEFT]
        for way in asked.ways:
            hu, labels, metal = WAYS[way](patient.volume.array, patient.labels, grid, frame)
            volume = Volume(hu, grid)
            located = {hip.side: hip for hip in locate(volume, network=network).hips}
            for side in (Side.LEFT, Side.RIGHT) if way == "as it was" else (Side.LEFT,):
                result = "not located"
                if (hip := located.get(side)) is not None:
                    drawn = hip.probability
                    if drawn is None:
                        drawn = predict_whole(volume, hip.box, network=network)
                    result = findings(volume, side, drawn, labels == side.label, metal)
                print(f"{number} {side.value:6}{way:34}{result}", flush=True)


if __name__ == "__main__":
    main()
