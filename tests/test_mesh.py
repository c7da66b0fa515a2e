import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from femurkit.mesh import Mesh, from_vtk, read_stl, to_vtk, write_stl

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
TETRAHEDRON = Mesh(CORNERS * [2, 3, 4], [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


def test_volume_and_area_of_a_tetrahedron_are_exact():
    assert TETRAHEDRON.volume_mm3 == pytest.approx(4)  # 2 * 3 * 4 / 6
    slanted = np.linalg.norm(np.cross([-2, 3, 0], [-2, 0, 4])) / 2
    assert TETRAHEDRON.area_mm2 == pytest.approx(3 + 4 + 6 + slanted)
    assert TETRAHEDRON.is_watertight


def test_volume_does_not_depend_on_the_place():
    assert Mesh(TETRAHEDRON.vertices + 1e4, TETRAHEDRON.faces).volume_mm3 == pytest.approx(4)


def test_turned_inside_out_the_volume_is_negative():
    inside_out = Mesh(TETRAHEDRON.vertices, TETRAHEDRON.faces[:, ::-1])
    assert inside_out.volume_mm3 == pytest.approx(-4)
    assert inside_out.is_watertight


@pytest.mark.parametrize(
    "faces",
    [
        TETRAHEDRON.faces[:3],
        np.vstack([TETRAHEDRON.faces[:3], TETRAHEDRON.faces[3:, ::-1]]),
        np.vstack([TETRAHEDRON.faces, TETRAHEDRON.faces[:1]]),
        np.zeros((0, 3), int),
    ],
    ids=["a hole", "a face turned over", "a face twice", "no faces"],
)
def test_what_is_not_watertight_is_noticed(faces):
    assert not Mesh(TETRAHEDRON.vertices, faces).is_watertight


@pytest.mark.parametrize("mirror", [1, -1])
def test_a_mirroring_map_keeps_the_outside_outside(mirror):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("zyx", [30, 10, 5], degrees=True).as_matrix()
    affine[:3, 0] *= mirror
    affine[:3, 3] = [5, 6, 7]
    moved = TETRAHEDRON.transformed(affine)
    assert moved.volume_mm3 == pytest.approx(4)
    np.testing.assert_allclose(moved.vertices[0], [5, 6, 7])


def test_vtk_and_back_is_the_same_mesh():
    back = from_vtk(to_vtk(TETRAHEDRON))
    np.testing.assert_array_equal(back.vertices, TETRAHEDRON.vertices)
    np.testing.assert_array_equal(back.faces, TETRAHEDRON.faces)


def test_stl_is_binary_of_the_right_size_and_reads_back_closed(tmp_path):
    write_stl(TETRAHEDRON, tmp_path / "a.stl")
    raw = (tmp_path / "a.stl").read_bytes()
    assert len(raw) == 84 + 50 * 4
    assert int.from_bytes(raw[80:84], "little") == 4
    back = read_stl(tmp_path / "a.stl")
    assert back.is_watertight
    assert back.volume_mm3 == pytest.approx(4, rel=1e-6)


@pytest.mark.parametrize(
    ("vertices", "faces"),
    [
        (np.full((3, 3), np.nan), [[0, 1, 2]]),
        (np.zeros((3, 2)), [[0, 1, 2]]),
        (CORNERS, [[0, 1, 4]]),
        (CORNERS, [[0, 1, 2, 3]]),
    ],
)
def test_what_is_no_mesh_cannot_be_built(vertices, faces):
    with pytest.raises(ValueError, match=r"vertices|face"):
        Mesh(vertices, faces)


def test_a_mesh_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        TETRAHEDRON.vertices[0, 0] = 1
