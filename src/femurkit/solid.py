"""Closed surfaces as solids: which voxels they hold, and where planes cut them off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.mesh import Mesh, from_vtk, to_vtk

FLAT_MM = 1e-3
"""Corners this close to a plane lie in it."""
CLEAR_MM = 0.02
"""No vertex of a surface that is cut lies nearer to the plane."""


@dataclass(frozen=True)
class Plane:
    """Half a space. point_mm: (3,) LPS on the plane; inward: (3,) unit, toward what is kept."""

    point_mm: np.ndarray
    inward: np.ndarray

    def depth_mm(self, points_mm: np.ndarray) -> np.ndarray:
        """Signed distance of points (..., 3), positive on the kept side."""
        return np.asarray((points_mm - self.point_mm) @ self.inward)


def faces(grid: Grid) -> tuple[Plane, ...]:
    """The six outer voxel faces of a grid (oblique and sheared ones too)."""
    rows = np.linalg.inv(grid.affine)[:3, :3]
    out = []
    for axis in range(3):
        normal = rows[axis] / np.linalg.norm(rows[axis])
        for index, sign in ((-0.5, 1.0), (grid.shape[axis] - 0.5, -1.0)):
            at = np.zeros(3)
            at[axis] = index
            out.append(Plane(grid.to_world(at), sign * normal))
    return tuple(out)


def flat_faces(mesh: Mesh, planes: Sequence[Plane]) -> np.ndarray:
    """Which faces lie in one of the planes, where the bone was cut and is no surface, (m,) bool."""
    flat = np.zeros(len(mesh.faces), bool)
    for plane in planes:
        flat |= (np.abs(plane.depth_mm(mesh.vertices)) < FLAT_MM)[mesh.faces].all(1)
    return flat


def uncut(mesh: Mesh, planes: Sequence[Plane]) -> Mesh:
    """The bone's own surface: without the flat ends in the planes, so open there."""
    return Mesh(mesh.vertices, mesh.faces[~flat_faces(mesh, planes)])


def cut(mesh: Mesh, planes: Sequence[Plane]) -> Mesh:
    """What lies on the kept side of every plane, closed by flat caps.

    mesh: closed, LPS mm. Planes that it does not cross cost nothing. Vertices within CLEAR_MM of a
    plane that it crosses are first moved that far inside: cut so close by, they would leave
    slivers that single precision, in which files are written, cannot tell from edges.
    """
    from vtkmodules.vtkCommonDataModel import vtkPlane, vtkPlaneCollection
    from vtkmodules.vtkFiltersCore import vtkCleanPolyData, vtkTriangleFilter
    from vtkmodules.vtkFiltersGeneral import vtkClipClosedSurface

    collection = vtkPlaneCollection()
    vertices = mesh.vertices
    for plane in planes:
        depth = plane.depth_mm(vertices)
        if depth.min() < 0:
            near = np.where(np.abs(depth) < CLEAR_MM, CLEAR_MM - depth, 0.0)
            vertices = vertices + near[:, None] * plane.inward
            one = vtkPlane()
            one.SetOrigin(*plane.point_mm)
            one.SetNormal(*plane.inward)
            collection.AddItem(one)
    if collection.GetNumberOfItems() == 0:
        return mesh
    clip = vtkClipClosedSurface()
    clip.SetInputData(to_vtk(Mesh(vertices, mesh.faces)))
    clip.SetClippingPlanes(collection)
    clip.SetScalarModeToNone()
    triangles = vtkTriangleFilter()
    triangles.SetInputConnection(clip.GetOutputPort())
    triangles.PassLinesOff()
    triangles.PassVertsOff()
    clean = vtkCleanPolyData()
    clean.SetInputConnection(triangles.GetOutputPort())
    clean.SetTolerance(0.0)
    clean.ConvertPolysToLinesOff()
    clean.Update()
    if clean.GetOutput().GetNumberOfPolys() == 0:
        raise DegenerateShape("nothing of the surface lies inside the scan")
    return from_vtk(clean.GetOutput())


def voxelise(mesh: Mesh, grid: Grid) -> np.ndarray:
    """The voxels of a grid whose centres lie inside a closed surface.

    mesh: LPS mm; grid: any, oblique and mirrored too. Returns (z, y, x) bool; centres on the
    surface itself may count or not.
    """
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkImagingStencil import vtkImageStencilToImage, vtkPolyDataToImageStencil

    # every level costs a look at all the faces: few levels
    order = np.argsort(grid.shape, kind="stable")
    nz, ny, nx = np.array(grid.shape)[order].tolist()
    in_index = Mesh(grid.to_index(mesh.vertices)[:, order[::-1]], mesh.faces)
    stencil = vtkPolyDataToImageStencil()
    stencil.SetInputData(to_vtk(in_index))
    stencil.SetOutputWholeExtent(0, nx - 1, 0, ny - 1, 0, nz - 1)
    stencil.SetTolerance(1e-6)
    image = vtkImageStencilToImage()
    image.SetInputConnection(stencil.GetOutputPort())
    image.SetOutputScalarTypeToUnsignedChar()
    image.SetInsideValue(1)
    image.SetOutsideValue(0)
    image.Update()
    values = vtk_to_numpy(image.GetOutput().GetPointData().GetScalars())
    return np.ascontiguousarray(values.reshape(nz, ny, nx).transpose(np.argsort(order)) > 0)
