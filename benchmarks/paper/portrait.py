"""One unseen femur as three networks see it: masks and surfaces kept for the pictures.

RUNS/portraits/RUN/mask.nii.gz, femur.stl, femur_hollow.stl, and weights.txt once all are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.paper.cohort import Patient, patients
from benchmarks.paper.score import HASH, femur_of, network_of, read_scan, weights_of
from femurkit.anatomy import Side
from femurkit.images import read_mask, write_mask
from femurkit.mesh import Mesh, read_stl, write_stl
from femurkit.surface.field import to_mask
from femurkit.surface.hollow import hollow
from femurkit.surface.periosteal import periosteal
from femurkit.volume import Mask

SIDE = Side.LEFT


@dataclass(frozen=True, eq=False)
class Portrait:
    """What one network made of the sitter's left femur."""

    mask: Mask
    solid: Mesh
    hollow: Mesh


def sitter() -> Patient:
    """The first unseen patient: chosen by number, not by score."""
    return next(p for p in patients() if p.split == "unseen")


def sit(cohort: Path, runs: Path, names: list[str]) -> None:
    """Make the portraits that are missing or were made with other weights."""
    left = [name for name in names if not _there(runs, name)]
    if not left:
        return
    scan = read_scan(sitter(), cohort)
    for name in left:
        network = network_of(name, runs)
        place = runs / "portraits" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "weights.txt").unlink(missing_ok=True)
        box = next(hip.box for hip in scan.hips(network) if hip.side is SIDE)
        ready = femur_of(name, scan.volume, box, network)
        if ready is None:
            raise RuntimeError(f"{name} sees no {SIDE.value} femur in {sitter().name}")
        write_mask(to_mask(ready).array.astype("uint8"), scan.grid, place / "mask.nii.gz")
        outline = periosteal(ready)
        write_stl(outline.mesh, place / "femur.stl")
        write_stl(hollow(ready, scan.volume, outline).mesh, place / "femur_hollow.stl")
        (place / "weights.txt").write_text(network.sha256[:HASH])
        print(f"portrait: {name} of {sitter().name}, {SIDE.value} femur", flush=True)


def _there(runs: Path, name: str) -> bool:
    file = runs / "portraits" / name / "weights.txt"
    return file.exists() and file.read_text() == weights_of(name, runs)


def portrait(runs: Path, name: str) -> Portrait | None:
    """A portrait kept by sit(), or None if there is none of these weights."""
    place = runs / "portraits" / name
    if not _there(runs, name):
        return None
    array, grid = read_mask(place / "mask.nii.gz")
    surfaces = (read_stl(place / f"{n}.stl") for n in ("femur", "femur_hollow"))
    return Portrait(Mask(array > 0, grid), *surfaces)
