"""A triangle surface in LPS mm, its exact volume and area, and binary STL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles. vertices: (n, 3) float64 LPS mm; faces: (m, 3), outside counter-clockwise."""

    vertices: np.ndarray
    faces: np.ndarray

    def __post_init__(self) -> None:
        vertices = np.array(self.vertices, dtype=np.float64)
        faces = np.array(self.faces, dtype=np.int64)
        if vertices.ndim != 2 or vertices.shape[1] != 3 or not np.isfinite(vertices).all():
            raise ValueError("vertices must be finite and (n, 3)")
        if faces.ndim != 2 or faces.shape[1] != 3:
            raise ValueError("faces must be (m, 3)")
        if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
            raise ValueError("a face names a vertex that is not there")
        vertices.flags.writeable = faces.flags.writeable = False
        object.__setattr__(self, "vertices", vertices)
        object.__setattr__(self, "faces", faces)

    @cached_property
    def volume_mm3(self) -> float:
        """Enclosed volume by the divergence theorem; negative if the faces point inward."""
        a, b, c = (self.vertices[self.faces[:, i]] - self.vertices.mean(0) for i in range(3))
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)

    @cached_property
    def area_mm2(self) -> float:
        """Sum of the triangle areas."""
        a, b, c = (self.vertices[self.faces[:, i]] for i in range(3))
        return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2.0)

    @cached_property
    def is_watertight(self) -> bool:
        """Every edge is shared by exactly two faces that run along it in opposite directions."""
        edges = np.concatenate([self.faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
        forward = edges[:, 0] * (len(self.vertices) + 1) + edges[:, 1]
        backward = edges[:, 1] * (len(self.vertices) + 1) + edges[:, 0]
        forward.sort()
        backward.sort()
        once = len(forward) > 0 and bool((forward[1:] != forward[:-1]).all())
        return once and np.array_equal(forward, backward)

    def transformed(self, affine: np.ndarray) -> Mesh:
        """Vertices through a (4, 4) map; faces turned over if it mirrors, so outside stays out."""
        vertices = self.vertices @ affine[:3, :3].T + affine[:3, 3]
        mirrors = np.linalg.det(affine[:3, :3]) < 0
        return Mesh(vertices, self.faces[:, ::-1] if mirrors else self.faces)


def vertex_normals(mesh: Mesh) -> np.ndarray:
    """Unit outward normals, (n, 3), means over the adjoining faces weighted by their area."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    of_face = np.cross(b - a, c - a)
    out = np.zeros_like(mesh.vertices)
    for corner in range(3):
        for axis in range(3):
            out[:, axis] += np.bincount(mesh.faces[:, corner], of_face[:, axis], minlength=len(out))
    length = np.linalg.norm(out, axis=1, keepdims=True)
    return np.asarray(out / np.where(length > 0, length, 1.0))


def vertex_areas_mm2(mesh: Mesh) -> np.ndarray:
    """A third of the area of the faces around each vertex, (n,)."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    third = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.bincount(mesh.faces.ravel(), np.repeat(third, 3), minlength=len(mesh.vertices))


def distances_mm(points: np.ndarray, mesh: Mesh) -> np.ndarray:
    """Distance from each of (n, 3) points to the nearest place on the faces of a surface, mm."""
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkCommonCore import vtkDoubleArray
    from vtkmodules.vtkFiltersCore import vtkImplicitPolyDataDistance

    implicit = vtkImplicitPolyDataDistance()
    implicit.SetInput(to_vtk(mesh))
    found = vtkDoubleArray()
    implicit.FunctionValue(numpy_to_vtk(points, deep=True), found)
    return np.asarray(np.abs(vtk_to_numpy(found)))


def smooth_over(points: np.ndarray, values: np.ndarray, reach_mm: float) -> np.ndarray:
    """Gaussian average of values (n, ...) over neighbouring points (n, 3)."""
    from scipy import sparse
    from scipy.spatial import cKDTree

    pairs = cKDTree(points).sparse_distance_matrix(
        cKDTree(points), 2 * reach_mm, output_type="coo_matrix"
    )
    weights = sparse.csr_matrix(
        (np.exp(-0.5 * (pairs.data / reach_mm) ** 2), (pairs.row, pairs.col)), shape=pairs.shape
    )
    total = np.asarray(weights.sum(1)).ravel()
    mixed = weights @ values
    return np.asarray(mixed / (total if values.ndim == 1 else total[:, None]))


def to_vtk(mesh: Mesh) -> Any:
    """The same surface as vtkPolyData."""
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    points = vtkPoints()
    points.SetData(numpy_to_vtk(mesh.vertices, deep=True))
    cells = vtkCellArray()
    offsets = np.arange(0, 3 * len(mesh.faces) + 1, 3, dtype=np.int64)
    cells.SetData(
        numpy_to_vtkIdTypeArray(offsets, deep=True),
        numpy_to_vtkIdTypeArray(np.ascontiguousarray(mesh.faces.ravel()), deep=True),
    )
    polydata = vtkPolyData()
    polydata.SetPoints(points)
    polydata.SetPolys(cells)
    return polydata


def from_vtk(polydata: Any) -> Mesh:
    """A vtkPolyData of triangles as a Mesh."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    points = vtk_to_numpy(polydata.GetPoints().GetData())
    faces = vtk_to_numpy(polydata.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return Mesh(points, faces)


def stl_bytes(mesh: Mesh, *, header: str = "femurkit LPS mm") -> bytes:
    """Binary STL in the mesh's own space and unit, which the header names: STL has no field."""
    corners = mesh.vertices[mesh.faces].astype("<f4")
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), np.float32(1e-30))
    triangles = np.zeros(
        len(corners), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")]
    )
    triangles["normal"], triangles["corners"] = normals, corners
    count = np.uint32(len(corners)).astype("<u4").tobytes()
    return header.encode("ascii")[:80].ljust(80, b" ") + count + triangles.tobytes()


def write_stl(mesh: Mesh, path: Path, *, header: str = "femurkit LPS mm") -> None:
    """A binary STL file, as of stl_bytes."""
    path.write_bytes(stl_bytes(mesh, header=header))


def read_stl(path: Path) -> Mesh:
    """Any STL, equal vertices merged."""
    from vtkmodules.vtkIOGeometry import vtkSTLReader

    reader = vtkSTLReader()
    reader.SetFileName(str(path))
    reader.MergingOn()
    reader.Update()
    return from_vtk(reader.GetOutput())
