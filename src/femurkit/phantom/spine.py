"""Lumbar spine and lowest ribs from simple solids: there to be told apart from femurs, not to
be measured.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from femurkit.mesh import Mesh, from_vtk
from femurkit.phantom.shapes import Bone

PITCH_MM = 36.0
SPACING_MM = 3.0
LEVELS = 9


def spine_above(pelvis: Mesh, rng: np.random.Generator) -> Bone:
    """Vertebrae stacked on the sacrum, scaled to the pelvis, with a random lordosis."""
    middle = pelvis.vertices[np.abs(pelvis.vertices[:, 0]) < 12]
    top = middle[middle[:, 2] > middle[:, 2].max() - 14].mean(0)
    template = _template()
    scale = np.array([1, 1, 1]) * np.ptp(pelvis.vertices[:, 0]) / 275 * rng.uniform(0.9, 1.1)
    vertices = template.vertices * scale
    height = vertices[:, 2]
    sway = rng.uniform(-14, 14) * np.sin(height / 90)
    lordosis = -rng.uniform(0, 25) * np.sin(np.clip(height / 170, 0, np.pi))
    vertices = vertices + np.c_[sway, lordosis, np.zeros(len(height))]
    mesh = Mesh(vertices + top + [0, -8, 20], template.faces)
    return Bone("spine", None, mesh, np.full(len(vertices), rng.uniform(0.6, 1.4)))


@lru_cache(maxsize=1)
def _template() -> Mesh:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D

    low, high = np.array([-150.0, -150, -24]), np.array([150.0, 75, PITCH_MM * LEVELS])
    axes = [np.arange(a, b, SPACING_MM) for a, b in zip(low, high, strict=True)]
    z, y, x = np.meshgrid(*axes[::-1], indexing="ij")
    field = np.full(z.shape, 99.0)
    for level in range(LEVELS):
        h = z - level * PITCH_MM
        body = (((x / 25) ** 4 + (y / 18) ** 4 + (h / 14) ** 4) ** 0.25 - 1) * 16
        pedicle = np.hypot(np.abs(x) - 14, h - 4) - 5.5 + 99 * ((y < 8) | (y > 34))
        lamina = np.sqrt(((np.abs(x) - 10) / 1.4) ** 2 + (y - 36) ** 2 + (h / 2) ** 2) - 7
        spinous = np.sqrt((x * 1.0) ** 2 + ((y - 52) / 3) ** 2 + ((h + 6) / 2) ** 2) - 5
        transverse = np.sqrt(((np.abs(x) - 28) / 4) ** 2 + (y - 28) ** 2 + h**2) - 4.5
        parts = [body, pedicle, lamina, spinous, transverse]
        if level >= 6:  # a pair of ribs, half ellipses falling forward
            ring = np.hypot(x / 132, (y + 40) / 92)
            drop = h + 0.35 * (y - 40) * -1 + 8
            parts.append(
                np.hypot((ring - 1) * 105, drop / 1.3) - 4.5 + 99 * ((y < -90) & (level == 6))
            )
        field = np.minimum(field, np.minimum.reduce(parts))
    field[[0, -1]] = field[:, [0, -1]] = field[:, :, [0, -1]] = 9.0
    image = vtkImageData()
    image.SetDimensions(field.shape[::-1])
    image.SetSpacing(SPACING_MM, SPACING_MM, SPACING_MM)
    image.SetOrigin(low.tolist())
    image.GetPointData().SetScalars(numpy_to_vtk(field.ravel().astype(np.float32), deep=True))
    contour = vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.SetValue(0, 0.0)
    contour.Update()
    mesh = from_vtk(contour.GetOutput())
    return mesh if mesh.volume_mm3 > 0 else Mesh(mesh.vertices, mesh.faces[:, ::-1])
