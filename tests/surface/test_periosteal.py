import numpy as np
import pytest
from scipy import ndimage

from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.surface.contour import contour, genus, parts
from femurkit.surface.field import clip, faces, prepared, to_mask
from femurkit.surface.periosteal import periosteal
from femurkit.surface.smooth import smooth
from femurkit.volume import Field

SCANS = [
    ((1, 1, 1), (0, 0, 0)),
    ((3, 0.8, 0.8), (0, 0, 0)),
    ((3, 0.8, 0.8), (24, -8, 6)),
]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("bottom", [-80.0, -11.3], ids=["whole", "cut off"])
@pytest.mark.parametrize(("spacing", "angles"), SCANS)
def test_surface_and_mask_are_the_same_body(
    shapes, field_of, scan_around, spacing, angles, bottom, mirrored
):
    scan = scan_around(spacing, angles, bottom)
    field = field_of(shapes["capsule"], mirrored=mirrored)
    ready = prepared(field, scan)
    mesh, mask = periosteal(ready).mesh, to_mask(ready)
    assert mesh.is_watertight
    assert parts(mesh).max() == 0
    assert genus(mesh) == 0
    assert mesh.volume_mm3 / 1000 == pytest.approx(mask.volume_ml, rel=0.01)


@pytest.mark.parametrize(("spacing", "angles"), SCANS)
def test_every_vertex_lies_on_the_boundary_of_the_mask_within_a_voxel(
    shapes, field_of, scan_around, spacing, angles
):
    scan = scan_around(spacing, angles, -11.3)
    field = field_of(shapes["capsule"])
    ready = prepared(field, scan)
    mesh, mask = periosteal(ready).mesh, to_mask(ready)
    index = np.rint(scan.to_index(mesh.vertices)).astype(int) + 1
    padded = np.pad(mask.array, 1)
    around = np.ones((3, 3, 3), bool)
    edge = ndimage.binary_dilation(padded, around) & ~ndimage.binary_erosion(padded, around)
    assert edge[tuple(np.clip(index, 0, np.array(edge.shape) - 1).T)].all()


@pytest.mark.parametrize("angles", [(0, 0, 0), (24, -8, 6)])
def test_the_end_is_flat_on_the_scans_face_and_its_rim_sharp(shapes, field_of, scan_around, angles):
    scan = scan_around((3, 0.8, 0.8), angles, -11.3)
    mesh = periosteal(prepared(field_of(shapes["capsule"]), scan)).mesh
    depth = faces(scan)[0].depth_mm(mesh.vertices)
    assert depth.min() == pytest.approx(0, abs=1e-9)
    corners = mesh.vertices[mesh.faces[(np.abs(depth) < 1e-9)[mesh.faces].all(1)]]
    area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    tilt = abs(faces(scan)[0].inward[2])
    assert np.linalg.norm(area, axis=1).sum() / 2 == pytest.approx(np.pi * 14**2 / tilt, rel=0.01)


def test_a_hole_and_an_island_do_not_show(shapes, field_of, scan_around, centre):
    field = field_of(shapes["ball"])
    points = field.grid.to_world(np.moveaxis(np.indices(field.grid.shape), 0, -1)) - centre
    array = np.where(np.linalg.norm(points, axis=-1) < 8, 0, field.array).astype(np.float32)
    array[:3, :3, :3] = 1
    mesh = periosteal(prepared(Field(array, field.grid), scan_around())).mesh
    assert mesh.volume_mm3 == pytest.approx(shapes["ball"].volume_mm3, rel=0.01)
    assert parts(mesh).max() == 0


def test_without_a_femur_there_is_no_surface(scan_around):
    grid = Grid.aligned((9, 9, 9), (1.5,) * 3, (0, 0, 0))
    with pytest.raises(DegenerateShape):
        prepared(Field(np.zeros(grid.shape, np.float32), grid), scan_around())


def test_where_capping_fails_the_clipped_field_closes_instead(
    shapes, field_of, scan_around, monkeypatch
):
    from femurkit.mesh import Mesh
    from femurkit.surface import periosteal as module

    def torn(mesh, planes):
        return Mesh(mesh.vertices, mesh.faces[1:])

    monkeypatch.setattr(module, "cut", torn)
    scan = scan_around((1, 1, 1), (0, 0, 0), -11.3)
    field = field_of(shapes["capsule"])
    ready = prepared(field, scan)
    mesh = periosteal(ready).mesh
    assert mesh.is_watertight
    exact = contour(clip(ready.field, ready.planes)).volume_mm3
    assert mesh.volume_mm3 == pytest.approx(exact, rel=0.002)


def test_a_fold_that_smoothing_would_push_through_itself_is_smoothed_less(scan_around, monkeypatch):
    """Whatever more than ten passes make crosses itself here."""
    from femurkit.surface import periosteal as module

    tried = []

    def crossing(mesh, smoothing):
        tried.append(smoothing.passes)
        return smooth(mesh, smoothing)

    monkeypatch.setattr(module, "smooth", crossing)
    monkeypatch.setattr(module, "self_intersections", lambda mesh: int(tried[-1] > 10))
    grid = Grid.aligned((41, 41, 41), (1.5,) * 3, (58.0, -182.0, -433.0))
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    depth = 20 - np.linalg.norm(points - grid.to_world((20, 20, 20)), axis=-1)
    field = Field(np.clip(0.5 + depth / 3, 0, 1).astype(np.float32), grid)
    assert periosteal(prepared(field, scan_around())).mesh.is_watertight
    assert tried == [30, 10]
