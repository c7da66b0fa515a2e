"""Surfaces as files: STL, PLY, OBJ, VTP, 3MF, GLB, in LPS or RAS, with the unit where one fits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from femurkit.mesh import Mesh, to_vtk, write_stl

Format = Literal["stl", "ply", "obj", "vtp", "3mf", "glb"]
FORMATS: tuple[Format, ...] = get_args(Format)
Space = Literal["LPS", "RAS"]
RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
METRES = np.diag([0.001, 0.001, 0.001, 1.0])


def write_mesh(
    mesh: Mesh,
    path: Path,
    *,
    space: Space = "LPS",
    scalars: Mapping[str, np.ndarray] | None = None,
    cells: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write a surface in the format that the name ends in.

    mesh: LPS mm. space: whose axes the file has. scalars: a value a vertex by name, NaN where there
    is none; cells: a bool a face by name. VTP holds both, the others leave them out. Millimetres,
    but GLB, whose unit is the metre by its own standard. 3MF names its unit; STL, PLY, OBJ and VTP
    say unit and space in a comment or header. Raises ValueError for another ending.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise ValueError(f"{path.suffix} is none of {', '.join(FORMATS)}")
    if space == "RAS":
        mesh = mesh.transformed(RAS)
    note = f"femurkit {space} mm"
    if kind == "stl":
        write_stl(mesh, path, header=note)
    elif kind == "vtp":
        _write_vtp(mesh, path, note, scalars or {}, cells or {})
    else:
        path.write_bytes(_encoded(mesh, kind, note))


def _encoded(mesh: Mesh, kind: str, note: str) -> bytes:
    """What trimesh makes of it."""
    import trimesh

    placed = mesh.transformed(METRES) if kind == "glb" else mesh
    body = trimesh.Trimesh(placed.vertices, placed.faces, process=False)
    out = body.export(file_type=kind, **({"header": note} if kind == "obj" else {}))
    data = out.encode() if isinstance(out, str) else bytes(out)
    return data.replace(b"comment https", f"comment {note} https".encode(), 1)


def _write_vtp(
    mesh: Mesh,
    path: Path,
    note: str,
    scalars: Mapping[str, np.ndarray],
    cells: Mapping[str, np.ndarray],
) -> None:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkStringArray
    from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

    polydata = to_vtk(mesh)
    for name, values in scalars.items():
        array = numpy_to_vtk(np.asarray(values, np.float32), deep=True)
        array.SetName(name)
        polydata.GetPointData().AddArray(array)
        polydata.GetPointData().SetActiveScalars(name)
    for name, values in cells.items():
        array = numpy_to_vtk(np.asarray(values, np.uint8), deep=True)
        array.SetName(name)
        polydata.GetCellData().AddArray(array)
    about = vtkStringArray()
    about.SetName("about")
    about.InsertNextValue(note)
    polydata.GetFieldData().AddArray(about)
    writer = vtkXMLPolyDataWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(polydata)
    writer.SetCompressorTypeToZLib()
    written = writer.Write() == 1
    del writer  # which would keep the file open as long as somebody keeps the error
    if not written:
        raise OSError(f"could not write {path.name}")
