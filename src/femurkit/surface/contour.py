"""The outline of a field as triangles, and its flat end where the scan stops."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from femurkit.errors import DegenerateShape
from femurkit.mesh import Mesh, from_vtk
from femurkit.volume import Field


def contour(field: Field, level: float = 0.5) -> Mesh:
    """The surface where a field crosses `level`: closed, outward normals, LPS mm.

    Linear along grid edges. The field counts as 0 beyond its grid, so a shape that touches the edge
    is closed there. Raises DegenerateShape if there is no crossing.
    Source: Schroeder et al., 2015, Flying edges, IEEE LDAV, doi 10.1109/LDAV.2015.7348069.
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D

    values = np.pad(field.array, 1)
    # a node exactly on the level would make triangles without area
    values[np.abs(values - level) < 1e-4] = level + 1e-4
    image = vtkImageData()
    image.SetDimensions(*values.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(values.ravel(), deep=True))
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, level)
    edges.ComputeNormalsOff()
    edges.ComputeGradientsOff()
    edges.ComputeScalarsOff()
    edges.Update()
    if edges.GetOutput().GetNumberOfPolys() == 0:
        raise DegenerateShape(f"the field never crosses {level}")
    found = from_vtk(edges.GetOutput())
    vertices = field.grid.to_world(found.vertices[:, ::-1] - 1.0)
    return outward(Mesh(vertices, found.faces))


def outward(mesh: Mesh) -> Mesh:
    """The same surface with its faces turned over if they point inward."""
    return mesh if mesh.volume_mm3 >= 0 else Mesh(mesh.vertices, mesh.faces[:, ::-1])


def parts(mesh: Mesh) -> np.ndarray:
    """Number of the connected part each face belongs to, (m,) int, counted from 0."""
    n = len(mesh.vertices)
    a, b, c = mesh.faces.T
    links = sparse.coo_matrix((np.ones(2 * len(a), bool), (np.r_[a, b], np.r_[b, c])), shape=(n, n))
    _, labels = sparse.csgraph.connected_components(links, directed=False)
    return np.unique(labels[a], return_inverse=True)[1]


def largest_part(mesh: Mesh) -> Mesh:
    """The part that encloses most; vertices without a face are dropped."""
    numbers = parts(mesh)
    if numbers.max(initial=0) == 0:
        return mesh
    pieces = [_only(mesh, numbers == k) for k in range(numbers.max() + 1)]
    return max(pieces, key=lambda piece: abs(piece.volume_mm3))


def _only(mesh: Mesh, chosen: np.ndarray) -> Mesh:
    used, faces = np.unique(mesh.faces[chosen], return_inverse=True)
    return Mesh(mesh.vertices[used], faces.reshape(-1, 3))


def genus(mesh: Mesh) -> int:
    """Handles of a closed surface in one part: 0 for a ball, 1 for a ring."""
    used = len(np.unique(mesh.faces))
    return (2 - (used - len(mesh.faces) * 3 // 2 + len(mesh.faces))) // 2
