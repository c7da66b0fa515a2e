"""A surface small enough to travel inside the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from femurkit.mesh import Mesh, from_vtk, to_vtk

UNIT_MM = 0.02
"""Vertices are whole multiples of this from the corner of the stack; 16 bits reach 655 mm."""
MOST_FACES = 80_000
COLOURS = 254
UNKNOWN = 255


@dataclass(frozen=True, eq=False)
class Shell:
    """vertices: (n, 3) int16, UNIT_MM from a corner; faces: (m, 3) uint32; colours: (n,) uint8,
    0..254 along a scale, 255 unknown, or empty.
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    colours: np.ndarray


def shell_of(
    name: str, mesh: Mesh, corner_mm: tuple[float, float, float], shares: np.ndarray | None = None
) -> Shell:
    """A surface about a corner (LPS mm). shares: (n,) 0..1 along a scale of colours, NaN unknown.

    One of more than MOST_FACES is thinned out; it is then for looking only, as the file is not.
    """
    thin = _thinned(mesh)
    if shares is not None and thin is not mesh:
        from scipy.spatial import cKDTree

        shares = shares[cKDTree(mesh.vertices).query(thin.vertices)[1]]
    places = np.rint((thin.vertices - corner_mm) / UNIT_MM)
    limits = np.iinfo(np.int16)
    return Shell(
        name,
        np.clip(places, limits.min, limits.max).astype("<i2"),
        thin.faces.astype("<u4"),
        np.empty(0, np.uint8) if shares is None else _codes(shares),
    )


def _codes(shares: np.ndarray) -> np.ndarray:
    known = np.isfinite(shares)
    codes = np.rint(COLOURS * np.clip(np.where(known, shares, 0), 0, 1))
    return np.where(known, codes, UNKNOWN).astype(np.uint8)


def _thinned(mesh: Mesh) -> Mesh:
    if len(mesh.faces) <= MOST_FACES:
        return mesh
    from vtkmodules.vtkFiltersCore import vtkQuadricDecimation

    fewer = vtkQuadricDecimation()
    fewer.SetInputData(to_vtk(mesh))
    fewer.SetTargetReduction(1 - MOST_FACES / len(mesh.faces))
    fewer.Update()
    return from_vtk(fewer.GetOutput())
