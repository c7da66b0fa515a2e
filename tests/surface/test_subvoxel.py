"""A mask as a surface finer than its voxels."""

import numpy as np
import pytest

from femurkit.errors import DegenerateShape
from femurkit.evaluation.distance import mesh_distance
from femurkit.geometry import Grid
from femurkit.mesh import read_stl, write_stl
from femurkit.solid import cut, faces, voxelise
from femurkit.surface.contour import genus
from femurkit.surface.field import prepared, to_mask
from femurkit.surface.periosteal import outline_of
from femurkit.surface.subvoxel import from_mask
from femurkit.volume import Mask


def centres(grid):
    return grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))


SCANS = [((1, 1, 1), (0, 0, 0)), ((3, 0.8, 0.8), (0, 0, 0)), ((3, 0.8, 0.8), (24, -8, 6))]


@pytest.mark.parametrize(("spacing", "angles"), SCANS)
def test_a_mask_made_a_field_and_a_mask_again_is_the_same(
    shapes, scan_around, centre, spacing, angles
):
    scan = scan_around(spacing, angles, bottom_mm=-20)
    mask = Mask(shapes["capsule"].depth(centres(scan) - centre) > 0, scan)
    again = to_mask(prepared(from_mask(mask), scan))
    shared = 2 * (again.array & mask.array).sum() / (again.array.sum() + mask.array.sum())
    assert shared > 0.99
    assert again.volume_ml == pytest.approx(mask.volume_ml, rel=0.005)
    with pytest.raises(DegenerateShape):
        from_mask(Mask(np.zeros(scan.shape, bool), scan))


def scan_of(mesh, spacing, shown_mm):
    lo, hi = mesh.vertices.min(0), mesh.vertices.max(0)
    shape = np.ceil(np.array([shown_mm + 12, *(hi - lo + 24)[1::-1]]) / spacing)
    return Grid.aligned(
        shape, spacing, (lo[0] - 12.3, lo[1] - 11.6, hi[2] - shown_mm + spacing[0] / 2)
    )


@pytest.mark.parametrize(
    ("name", "spacing", "shown_mm", "most_mm"),
    [
        ("m7_lfemur", (1.0, 1.0, 1.0), 80, 0.05),
        ("m7_rfemur", (1.0, 1.0, 1.0), 80, 0.05),
        ("m8_lfemur", (1.0, 1.0, 1.0), 80, 0.05),
        ("m7_lfemur", (3.0, 1.0, 1.0), 80, 0.10),
        ("m7_rfemur", (3.0, 1.0, 1.0), 80, 0.10),
        ("m8_lfemur", (3.0, 1.0, 1.0), 80, 0.10),
    ],
)
def test_a_real_femur_comes_back_from_its_voxels(
    libhip, tmp_path, name, spacing, shown_mm, most_mm
):
    """Through a binary mask and STL."""
    scan = scan_of(libhip[name], spacing, shown_mm)
    truth = cut(libhip[name], faces(scan))
    mask = Mask(voxelise(truth, scan), scan)
    mesh = outline_of(mask)
    write_stl(mesh, tmp_path / "femur.stl")
    back = read_stl(tmp_path / "femur.stl")
    assert back.is_watertight
    assert genus(back) == 0
    assert mesh_distance(back, truth).assd_mm < most_mm
    thick = spacing[0] > 1
    assert back.volume_mm3 == pytest.approx(truth.volume_mm3, rel=0.003 if thick else 0.002)
    assert back.area_mm2 == pytest.approx(truth.area_mm2, rel=0.01 if thick else 0.005)
    assert len(back.faces) < 150_000
