"""Anatomy from label maps of real patients: their muscles and skin, and if wanted their bones.

A folder holds pairs NAME_labels.nii.gz and NAME_body.nii.gz with the classes of
yuta-hi/pelvic-annotation (MIT): pelvis 1, femur 2, sacrum 3, spine 4, muscles from 5; 0 is fat,
organs or air.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, label

from femurkit.anatomy import Side
from femurkit.errors import NothingReadable
from femurkit.geometry import Grid, resample
from femurkit.images import read_mask
from femurkit.mesh import Mesh, from_vtk
from femurkit.phantom.brush import Ellipsoid, lay_organs, lay_vessels, smooth_field
from femurkit.phantom.shapes import MIRROR, Bone, FemurFrame, femur_frame
from femurkit.phantom.soft import AIR_HU, SoftHu

BELOW_MM = 200.0
PELVIS, FEMUR, SACRUM, SPINE, FIRST_MUSCLE = 1, 2, 3, 4, 5


@dataclass(frozen=True, eq=False)
class LabelMap:
    """One patient: hip midpoint at the origin. labels and body on `grid`; bones as surfaces."""

    grid: Grid
    muscle: np.ndarray
    """Share of muscle per voxel, bones filled with what lay next to them; float32 (z, y, x)."""
    body: np.ndarray
    free: np.ndarray
    """Where nothing was labelled: room for organs and vessels."""
    bones: tuple[Bone, ...]


def label_maps(folder: Path) -> list[LabelMap]:
    """All pairs in a folder, read once per process."""
    names = sorted(p.name.removesuffix("_labels.nii.gz") for p in folder.glob("*_labels.nii.gz"))
    if not names:
        raise NothingReadable(
            "no label maps in the folder",
            expected="pairs NAME_labels.nii.gz and NAME_body.nii.gz",
            remedy="Pass the folder that holds them to --tissue-maps.",
        )
    return [_load(folder, name) for name in names]


@lru_cache(maxsize=8)
def _load(folder: Path, name: str) -> LabelMap:
    labels, grid = read_mask(folder / f"{name}_labels.nii.gz")
    body, _ = read_mask(folder / f"{name}_body.nii.gz")
    femurs = _femurs(labels, grid)
    frames = [b.frame for b in femurs if b.frame is not None]
    middle = np.mean([f.head for f in frames], axis=0)
    home = np.eye(4)
    home[:3, 3] = -middle
    bones = [*femurs, _surface(labels == PELVIS, grid, "pelvis", None)]
    bones.append(_surface((labels == SACRUM) | (labels == SPINE), grid, "spine", None))
    thin = (home @ grid.affine) @ np.diag([1.0, 2.0, 2.0, 1.0])
    labels, body = labels[:, ::2, ::2], body[:, ::2, ::2]
    half = Grid(labels.shape, thin)
    below = int(np.ceil(BELOW_MM / half.spacing_mm[0]))  # the thigh goes on as its last slice
    labels, body = (np.pad(a, ((below, 0), (0, 0), (0, 0)), mode="edge") for a in (labels, body))
    half = half.crop((-below, 0, 0), half.shape)
    bone = (labels > 0) & (labels < FIRST_MUSCLE)
    nearest = distance_transform_edt(
        bone, half.spacing_mm, return_distances=False, return_indices=True
    )
    soft = labels[tuple(nearest)]
    return LabelMap(
        half,
        _softened(soft >= FIRST_MUSCLE),
        _softened(body > 0),
        _softened((soft == 0) & (body > 0)),
        tuple(b.moved(home) for b in bones),
    )


def _softened(mask: np.ndarray) -> np.ndarray:
    """A mask as shares 0..1 with its steps rounded off."""
    return np.asarray(gaussian_filter(mask.astype(np.float32), 0.6))


def _femurs(labels: np.ndarray, grid: Grid) -> list[Bone]:
    parts, count = label(labels == FEMUR)
    sizes = np.bincount(parts.ravel())[1:]
    two = np.argsort(sizes)[-2:] + 1
    found = [_surface(parts == n, grid, "femur", None) for n in two if count]
    found.sort(key=lambda b: -b.mesh.vertices[:, 0].mean())
    out = []
    for bone, side in zip(found, (Side.LEFT, Side.RIGHT), strict=True):
        frame = _frame(bone.mesh, side)
        out.append(Bone("femur", side, bone.mesh, bone.thickness_mm, frame))
    return out


def _frame(mesh: Mesh, side: Side) -> FemurFrame:
    if side is Side.LEFT:
        return femur_frame(mesh.vertices)
    return femur_frame(mesh.vertices * [-1, 1, 1]).moved(MIRROR)


def _surface(mask: np.ndarray, grid: Grid, kind: str, side: Side | None) -> Bone:
    """A smooth surface on the outline of a mask made on thick slices."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkWindowedSincPolyDataFilter

    ends = [
        np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)
    ]
    low = np.maximum(np.array([e[0] for e in ends]) - 3, 0)
    high = np.minimum(np.array([e[-1] for e in ends]) + 4, mask.shape)
    grid = grid.crop(low, high)
    mask = mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    fine = Grid.aligned(
        tuple((np.array(grid.shape) * np.array(grid.spacing_mm) / 2).astype(int)),
        (2.0, 2.0, 2.0),
        grid.origin_mm,
    )
    signed = distance_transform_edt(mask, grid.spacing_mm) - distance_transform_edt(
        ~mask, grid.spacing_mm
    )
    field = gaussian_filter(resample(signed.astype(np.float32), grid, fine, outside=-9.0), 0.5)
    field = np.pad(field, 1, constant_values=-9.0)
    image = vtkImageData()
    image.SetDimensions(*field.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(field.ravel(), deep=True))
    contour = vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.SetValue(0, 0.0)
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(contour.GetOutputPort())
    smooth.SetNumberOfIterations(25)
    smooth.SetPassBand(0.04)
    smooth.Update()
    mesh = from_vtk(smooth.GetOutput())
    vertices = fine.to_world(mesh.vertices[:, ::-1] - 1)
    mesh = Mesh(vertices, mesh.faces)
    if mesh.volume_mm3 < 0:
        mesh = Mesh(vertices, mesh.faces[:, ::-1])
    return Bone(kind, side, mesh, np.zeros(len(vertices)))


@dataclass(frozen=True, eq=False)
class MappedBody:
    """Soft tissue of a label map placed by a (4, 4) map from the map's own space."""

    source: LabelMap
    place: np.ndarray
    values: SoftHu
    organs: list[Ellipsoid]
    capsules: list[Ellipsoid]
    vessels: list[tuple[np.ndarray, float, float]]
    seed: int

    def hu(self, grid: Grid) -> np.ndarray:
        """HU of soft tissue and air on a grid."""
        moved = Grid(self.source.grid.shape, self.place @ self.source.grid.affine)
        values = self.values
        body = resample(self.source.body, moved, grid, outside=0.0)
        muscle = resample(self.source.muscle, moved, grid, outside=0.0)
        free = resample(self.source.free, moved, grid, outside=0.0)
        lean = np.clip(1.6 - 2.2 * values.fat_in_muscle - smooth_field(grid, self.seed, 9.0), 0, 1)
        meat = values.fat + (values.muscle - values.fat) * (0.2 + 0.8 * lean)
        out = values.fat + (meat - values.fat) * np.clip(muscle * 2 - 0.5, 0, 1)
        low, high = grid.bounds_mm()
        shape = np.ceil((high - low) / 3.5).astype(int)[::-1] + 2
        lay_organs(out, grid, self.organs, room=np.clip(free * 2 - 0.5, 0, 1))
        lay_organs(out, grid, self.capsules, room=None)
        lay_vessels(out, grid, Grid.aligned(tuple(shape), (3.5,) * 3, low), self.vessels)
        return np.asarray(AIR_HU + (out - AIR_HU) * np.clip(body * 2 - 0.5, 0, 1), np.float32)
