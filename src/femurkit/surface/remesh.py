"""Other triangles for the same surface: of one size, for finite elements, or as few as may be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from femurkit.errors import DegenerateShape
from femurkit.mesh import Mesh, distances_mm, from_vtk, to_vtk
from femurkit.solid import Plane, flat_faces
from femurkit.surface.crossings import self_intersections

ROUNDS = 10
"""Of splitting, joining, turning and evening edges."""
SHARES = (1.0, 0.9, 0.8, 0.6)
"""Of the length asked for: triangles too large for a fold cross, then smaller ones are tried."""
HALVINGS = 7
"""Of the share of triangles looked for."""


def evened(mesh: Mesh, edge_mm: float, planes: Sequence[Plane] = ()) -> Mesh:
    """A closed surface in near equilateral triangles with edges of about `edge_mm`.

    mesh: closed, LPS mm. Flat ends in the planes stay flat and keep their rim, whose corners may
    move along it by half an edge. Where that crosses itself, edges are somewhat shorter.
    Raises DegenerateShape if no length gives a closed surface without crossings.
    Source: Botsch and Kobbelt, 2004, A remeshing approach to multiresolution modeling, SGP,
    doi 10.1145/1057432.1057457.
    """
    import gpytoolbox

    rims = rim(mesh, flat_faces(mesh, planes)).astype(np.int32)
    for share in SHARES:
        vertices, faces = gpytoolbox.remesh_botsch(
            mesh.vertices.copy(), mesh.faces.astype(np.int32), i=ROUNDS, h=share * edge_mm,
            feature_edges=rims, project=True,
        )  # fmt: skip
        out = Mesh(vertices, faces)
        if out.is_watertight and self_intersections(out) == 0:
            return out
    raise DegenerateShape(f"no sound surface with edges of {edge_mm} mm was found")


def fewest(mesh: Mesh, within_mm: float) -> Mesh:
    """The same surface in as few triangles as stay within a distance of it, both ways.

    mesh: closed, LPS mm. Distances are taken as hausdorff_mm does.
    Source: Garland and Heckbert, 1997, Surface simplification using quadric error metrics,
    doi 10.1145/258734.258849.
    """
    best, low, high = mesh, 0.0, 1.0
    crossings = self_intersections(mesh)
    for _ in range(HALVINGS):
        share = (low + high) / 2
        tried = _decimated(mesh, share)
        sound = tried.is_watertight and self_intersections(tried) <= crossings
        if sound and hausdorff_mm(tried, mesh) <= within_mm:
            best, low = tried, share
        else:
            high = share
    return best


def hausdorff_mm(one: Mesh, other: Mesh) -> float:
    """Greatest distance between two surfaces, from the corners, edges' and faces' middles of each
    to the faces of the other.
    """
    return max(float(distances_mm(_samples(a), b).max()) for a, b in ((one, other), (other, one)))


def rim(mesh: Mesh, flat: np.ndarray) -> np.ndarray:
    """Edges (k, 2) between the faces that are flat, (m,) bool, and the others."""
    edges = [np.sort(mesh.faces[:, pair], axis=1) for pair in ([0, 1], [1, 2], [2, 0])]
    ends, of_edge = np.unique(np.concatenate(edges), axis=0, return_inverse=True)
    flats = np.bincount(of_edge.ravel(), np.tile(flat, 3), minlength=len(ends))
    return np.asarray(ends[flats == 1])


def _samples(mesh: Mesh) -> np.ndarray:
    corners = mesh.vertices[mesh.faces]
    edges = (corners + np.roll(corners, -1, axis=1)) / 2
    return np.concatenate([mesh.vertices, edges.reshape(-1, 3), corners.mean(1)])


def _decimated(mesh: Mesh, share: float) -> Mesh:
    """A share of the triangles taken away, the volume kept."""
    from vtkmodules.vtkFiltersCore import vtkQuadricDecimation

    fewer = vtkQuadricDecimation()
    fewer.SetInputData(to_vtk(mesh))
    fewer.SetTargetReduction(share)
    fewer.VolumePreservationOn()
    fewer.Update()
    return from_vtk(fewer.GetOutput())
