"""Which points of a lattice lie inside a closed surface."""

from __future__ import annotations

import numpy as np

from femurkit.geometry import Grid
from femurkit.mesh import Mesh, to_vtk


def voxelise(mesh: Mesh, grid: Grid) -> np.ndarray:
    """The voxels of a grid whose centres lie inside a closed surface.

    mesh: LPS mm; grid: any, oblique and mirrored too. Returns (z, y, x) bool.
    """
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkImagingStencil import vtkImageStencilToImage, vtkPolyDataToImageStencil

    nz, ny, nx = grid.shape
    in_index = Mesh(grid.to_index(mesh.vertices)[:, ::-1], mesh.faces)
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
    return np.asarray(values.reshape(grid.shape) > 0)
