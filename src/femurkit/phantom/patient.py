"""A whole synthetic patient: a scan of one drawn anatomy, and the exact truth about its femurs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.phantom.anatomy import Anatomy, draw_anatomy
from femurkit.phantom.broken import metal_mask, union_mesh
from femurkit.phantom.hard import draw_hard
from femurkit.phantom.person import Person
from femurkit.phantom.render import depths, scan
from femurkit.phantom.scanner import ROD_HU_PER_DENSITY, Scanner, draw_scanner, rods
from femurkit.phantom.shapes import FemurFrame
from femurkit.phantom.tissue import OUTLINE_HU
from femurkit.solid import cut, faces, uncut, voxelise
from femurkit.surface.axes import axes_of
from femurkit.surface.head import fit_head
from femurkit.volume import Volume

MATRIX = 512
LATTICE_MM = 1.25


@dataclass(frozen=True, eq=False)
class PhantomPatient:
    """A CT and what is true of it. Volume, labels and meshes share LPS mm."""

    volume: Volume
    labels: np.ndarray
    """uint8 (z, y, x) on the volume's grid: 1 left femur, 2 right femur."""
    meshes: dict[Side, Mesh]
    """Each femur's exact surface, closed where the scan ends."""
    frames: dict[Side, FemurFrame]
    """Each femur's landmarks that the drawing went by."""
    truth: dict[str, Any]
    position: str
    """DICOM Patient Position: HFS or FFS."""
    metal: np.ndarray | None = None
    """Where metal is, bool (z, y, x), if there is any."""


def make_patient(
    seed: int,
    *,
    number: int = 1,
    spacing_mm: tuple[float, float, float] | None = None,
    tissue_maps: Path | None = None,
    missing: Side | None = None,
    person: Person | None = None,
    extent_mm: tuple[float, float] | None = None,
    kind: str | None = None,
) -> PhantomPatient:
    """Draw patient `number` of a seed; the same arguments give the same patient.

    spacing_mm: (z, y, x), drawn if not given. tissue_maps: folder of label maps with real
    muscles and skin (labelmaps.py). missing: a femur that is not there. person: whom to draw.
    extent_mm: how far the scan reaches above the higher and below the lower head centre. kind: of
    an unusual patient, a key of hard.SHARES, who is drawn whole and as the kind has it.
    """
    rng = np.random.default_rng([seed, number])
    about: dict[str, Any] = {}
    if kind is None:
        anatomy = draw_anatomy(rng, tissue_maps=tissue_maps, missing=missing, person=person)
    else:
        hard = draw_hard(rng, kind=kind, tissue_maps=tissue_maps)
        anatomy = hard.anatomy
        about = {"kind": kind, "sides": [side.value for side in hard.sides]}
    scanner = draw_scanner(rng, spacing_mm)
    grid = _field_of_view(anatomy, scanner, rng, drawn=spacing_mm is None, extent_mm=extent_mm)
    position = "FFS" if rng.random() < 0.2 else "HFS"
    bones = depths(anatomy, grid, lattice_mm=LATTICE_MM)
    hu = scan(anatomy, scanner, grid, rng, bones=bones)
    home = np.eye(4)
    home[:3, 3] = np.round(rng.uniform([-20, -150, -900], [20, 50, 900]), 1)
    scanned = Grid(grid.shape, home @ grid.affine)
    labels = np.zeros(grid.shape, np.uint8)
    meshes, frames, sides = {}, {}, {}
    for side, bone in anatomy.femurs.items():
        whole = union_mesh([b for b in anatomy.bones if b.kind == "femur" and b.side is side], grid)
        bone = replace(bone, mesh=whole).moved(home)
        mesh = cut(bone.mesh, faces(scanned))
        window = scanned.window_around(mesh.vertices.min(0), mesh.vertices.max(0))
        part = scanned.crop([w.start for w in window], [w.stop for w in window])
        labels[window][voxelise(bone.mesh, part)] = side.label
        assert bone.frame is not None
        meshes[side], frames[side] = mesh, bone.frame
        sides[side.value] = _measures(side, mesh, labels, scanned)
    truth = {
        "seed": seed,
        "number": number,
        "position": position,
        "spacing_mm": [float(s) for s in grid.spacing_mm],
        "femurs": sides,
        "outline": f"the surface lies where the noise-free scan reads about {OUTLINE_HU:.0f} HU, "
        "or half of what the wall shows where it is too thin for that",
        "nominal_densities_mg_cm3": _densities(anatomy),
        "rods": [
            {**rod, "x_mm": rod["x_mm"] + home[0, 3], "y_mm": rod["y_mm"] + home[1, 3]}
            for rod in (rods(anatomy.skin_back_mm) if scanner.table and scanner.rods else [])
        ],
        **about,
    }
    metal = metal_mask(anatomy, grid) if anatomy.beam else None
    return PhantomPatient(Volume(hu, scanned), labels, meshes, frames, truth, position, metal)


def _field_of_view(
    anatomy: Anatomy,
    scanner: Scanner,
    rng: np.random.Generator,
    *,
    drawn: bool,
    extent_mm: tuple[float, float] | None,
) -> Grid:
    """Grid of the scan: both hips, from above the heads to somewhere below the lesser
    trochanters.
    """
    dz, dy, dx = scanner.spacing_mm
    if drawn:
        shape_xy = MATRIX
    else:
        shape_xy = min(MATRIX, round(float(rng.uniform(400, 480)) / dx))
    frames = [b.frame for b in anatomy.femurs.values() if b.frame is not None]
    top = max(f.head[2] for f in frames) + rng.uniform(40, 110)
    bottom = min(f.trochanter[2] for f in frames) - rng.uniform(25, 130)
    if extent_mm:
        heads = [f.head[2] for f in frames]
        top, bottom = max(heads) + extent_mm[0], min(heads) - extent_mm[1]
    centre = np.array([0.0, -10.0]) + rng.normal(0, 8, 2)
    reach = max(abs(f.trochanter[0]) for f in frames) + 45
    centre[0] = np.clip(
        centre[0], -max(0, shape_xy * dx / 2 - reach), max(0, shape_xy * dx / 2 - reach)
    )
    low = np.array([centre[0] - dx * shape_xy / 2, centre[1] - dy * shape_xy / 2, bottom])
    return Grid.aligned(
        (int(np.ceil((top - bottom) / dz)), shape_xy, shape_xy), scanner.spacing_mm, low
    )


def _measures(side: Side, mesh: Mesh, labels: np.ndarray, grid: Grid) -> dict[str, Any]:
    """What is true of one femur: its exact surface, measured. None for what it does not show."""
    head = fit_head(mesh, side)
    axes = axes_of(mesh, side, head)
    area = uncut(mesh, faces(grid)).area_mm2
    return {
        "volume_ml": mesh.volume_mm3 / 1000,
        "surface_area_mm2": area,
        "end_area_mm2": mesh.area_mm2 - area,
        "mask_volume_ml": float((labels == side.label).sum()) * grid.voxel_mm3 / 1000,
        "head_centre_lps_mm": None if head.centre_mm is None else head.centre_mm.tolist(),
        "head_radius_mm": head.radius_mm,
        "neck_shaft_angle_deg": None if isinstance(axes, str) else axes.neck_shaft_deg,
    }


def _densities(anatomy: Anatomy) -> dict[str, float]:
    """Densities the tissues are drawn around, before texture, bands and blur."""
    hu = anatomy.bone_hu
    named = {"cortex": hu.cortex, "head": hu.head, "neck": hu.neck, "wards_triangle": hu.ward}
    return {name: value / ROD_HU_PER_DENSITY for name, value in named.items()}
