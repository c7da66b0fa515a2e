"""Smoothing that keeps the volume, and says what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from femurkit.mesh import Mesh, from_vtk, to_vtk, vertex_normals


@dataclass(frozen=True)
class Smoothing:
    """Windowed-sinc passes over a contour. pass_band: 0..2, lower is smoother.

    Raises ValueError for what is no smoothing.
    """

    passes: int = 30
    pass_band: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.passes <= 1000:
            raise ValueError("0 to 1000 passes of smoothing")
        if not 0 < self.pass_band <= 2:
            raise ValueError("the pass band of smoothing lies above 0, at most 2")


STEPS = Smoothing()
"""For a network's field on a 1.5 mm lattice: below its steps, above the curvature of the lesser
trochanter."""
NONE = Smoothing(0)
RIDGES = Smoothing(10, 0.5)
"""For a field that is smooth already: takes the ridges of the contour, no more."""


@dataclass(frozen=True)
class Surface:
    """A surface with what smoothing did to it, as fractions of the volume and area before."""

    mesh: Mesh
    smoothing: Smoothing
    volume_change: float
    area_change: float


def together(surfaces: Sequence[Surface]) -> Surface:
    """Several surfaces as one; what smoothing changed is their mean by volume."""
    if len(surfaces) == 1:
        return surfaces[0]
    first = np.cumsum([0, *(len(s.mesh.vertices) for s in surfaces)])
    mesh = Mesh(
        np.vstack([s.mesh.vertices for s in surfaces]),
        np.vstack([s.mesh.faces + k for s, k in zip(surfaces, first[:-1], strict=True)]),
    )
    weight = np.array([s.mesh.volume_mm3 for s in surfaces])
    volume = float(np.average([s.volume_change for s in surfaces], weights=weight))
    area = float(np.average([s.area_change for s in surfaces], weights=weight))
    return Surface(mesh, surfaces[0].smoothing, volume, area)


def smooth(mesh: Mesh, smoothing: Smoothing = STEPS) -> Surface:
    """Windowed-sinc smoothing, then a shift along the normals that gives the volume back.

    mesh: closed, LPS mm. The shift is the same everywhere, a few hundredths of a millimetre.
    Vertices move, faces stay.
    Source: Taubin, Zhang, Golub, 1996, Optimal surface smoothing as filter design, ECCV,
    doi 10.1007/BFb0015544.
    """
    if smoothing.passes == 0:
        return Surface(mesh, smoothing, 0.0, 0.0)
    from vtkmodules.vtkFiltersCore import vtkWindowedSincPolyDataFilter

    sinc = vtkWindowedSincPolyDataFilter()
    sinc.SetInputData(to_vtk(mesh))
    sinc.SetNumberOfIterations(smoothing.passes)
    sinc.SetPassBand(smoothing.pass_band)
    sinc.NormalizeCoordinatesOn()
    sinc.NonManifoldSmoothingOn()
    sinc.BoundarySmoothingOff()
    sinc.FeatureEdgeSmoothingOff()
    sinc.Update()
    smoothed = Mesh(from_vtk(sinc.GetOutput()).vertices, mesh.faces)
    for _ in range(2):
        shift = (mesh.volume_mm3 - smoothed.volume_mm3) / smoothed.area_mm2
        smoothed = Mesh(smoothed.vertices + shift * vertex_normals(smoothed), mesh.faces)
    return Surface(
        smoothed,
        smoothing,
        smoothed.volume_mm3 / mesh.volume_mm3 - 1.0,
        smoothed.area_mm2 / mesh.area_mm2 - 1.0,
    )
