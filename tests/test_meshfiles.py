"""Every format read back by another program than the one that wrote it, where there is one."""

import numpy as np
import pytest
import trimesh

from femurkit.mesh import read_stl
from femurkit.meshfiles import FORMATS, write_mesh


@pytest.fixture
def brick(box):
    return box((10, -20, 30), (25, 20, 90))


def read(path):
    """Vertices and faces, however many meshes the reader makes of them."""
    found = trimesh.load(path, process=False)
    return found.to_mesh() if isinstance(found, trimesh.Scene) else found


def read_vtp(path):
    from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(path))
    reader.Update()
    return reader.GetOutput()


@pytest.mark.parametrize("space", ["LPS", "RAS"])
@pytest.mark.parametrize("kind", [k for k in FORMATS if k != "vtp"])
def test_a_surface_comes_back_closed_outward_and_in_its_place(brick, tmp_path, kind, space):
    path = tmp_path / f"bone.{kind}"
    write_mesh(brick, path, space=space)
    back = read(path)
    back.merge_vertices()
    scale = 1000 if kind == "glb" else 1
    assert back.is_watertight
    assert back.volume * scale**3 == pytest.approx(15 * 40 * 60, rel=1e-5)
    sign = np.array([1, 1, 1]) if space == "LPS" else np.array([-1, -1, 1])
    ends = np.sort(np.array([[10, -20, 30], [25, 20, 90]]) * sign, axis=0)
    np.testing.assert_allclose(back.bounds * scale, ends, atol=1e-4)


def test_vtp_holds_a_value_a_vertex(brick, tmp_path):
    from vtkmodules.util.numpy_support import vtk_to_numpy

    values = np.arange(len(brick.vertices), dtype=float)
    values[2] = np.nan
    write_mesh(brick, tmp_path / "bone.vtp", scalars={"cortical_thickness_mm": values})
    back = read_vtp(tmp_path / "bone.vtp")
    np.testing.assert_allclose(vtk_to_numpy(back.GetPoints().GetData()), brick.vertices)
    seen = vtk_to_numpy(back.GetPointData().GetArray("cortical_thickness_mm"))
    np.testing.assert_array_equal(seen, values)
    assert back.GetFieldData().GetAbstractArray("about").GetValue(0) == "femurkit LPS mm"


@pytest.mark.parametrize(
    ("kind", "said"), [("stl", b"femurkit RAS mm"), ("ply", b"RAS mm"), ("obj", b"# femurkit RAS")]
)
def test_unit_and_space_stand_in_the_header(brick, tmp_path, kind, said):
    write_mesh(brick, tmp_path / f"bone.{kind}", space="RAS")
    assert said in (tmp_path / f"bone.{kind}").read_bytes()[:400]


def test_3mf_names_its_unit(brick, tmp_path):
    import zipfile

    write_mesh(brick, tmp_path / "bone.3mf")
    with zipfile.ZipFile(tmp_path / "bone.3mf") as archive:
        assert b'unit="millimeter"' in archive.read("3D/3dmodel.model")


def test_another_format_is_refused_and_nothing_is_written(brick, tmp_path):
    with pytest.raises(ValueError, match="stl, ply, obj"):
        write_mesh(brick, tmp_path / "bone.step")
    assert not list(tmp_path.iterdir())


def test_stl_still_reads_as_before(brick, tmp_path):
    write_mesh(brick, tmp_path / "bone.stl")
    assert read_stl(tmp_path / "bone.stl").volume_mm3 == pytest.approx(brick.volume_mm3)
