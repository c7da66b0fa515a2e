import numpy as np
import pytest
import SimpleITK

from femurkit.errors import DegenerateShape
from femurkit.evaluation.distance import mesh_distance, surface_distance
from femurkit.geometry import Grid
from femurkit.mesh import Mesh, vertex_areas_mm2
from femurkit.surface.contour import contour
from femurkit.volume import Field, Mask

SPACING = (3.0, 0.8, 1.1)


def ball(radius, centre=(0.0, 0.0, 0.0), spacing=SPACING):
    grid = Grid.aligned([int(90 / s) for s in spacing], spacing, (-44.0, -44.3, -43.7))
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - centre
    return Mask(np.linalg.norm(points, axis=-1) <= radius, grid)


def surface(radius, centre=(0.0, 0.0, 0.0), spacing=1.5):
    n = int(np.ceil(2 * (radius + 3) / spacing))
    corner = np.array(centre) - radius - 2.6
    grid = Grid.aligned((n, n, n), (spacing,) * 3, corner)
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - centre
    depth = radius - np.linalg.norm(points, axis=-1)
    return contour(Field(np.clip(0.5 + depth / 4, 0, 1).astype(np.float32), grid))


def test_single_voxels_by_hand():
    grid = Grid.aligned((6, 6, 6), SPACING, (0, 0, 0))
    a, b = np.zeros((2, 6, 6, 6), bool)
    a[1, 1, 1] = True
    b[1, 1, 1] = b[3, 1, 5] = True
    far = np.hypot(2 * 3.0, 4 * 1.1)
    found = surface_distance(Mask(a, grid), Mask(b, grid))
    assert found.hd_mm == pytest.approx(far)
    assert found.assd_mm == pytest.approx(far / 3)  # 0 from a; 0 and far from b
    assert found.hd95_mm == pytest.approx(0.95 * far)  # linear between 0 and far


def test_a_shift_by_whole_voxels_is_its_length():
    """Along z, the flat tops and bottoms of a plate are one slice apart."""
    grid = Grid.aligned((12, 40, 40), SPACING, (0, 0, 0))
    a, b = np.zeros((2, 12, 40, 40), bool)
    a[4:6] = True
    b[5:7] = True
    found = surface_distance(Mask(a, grid), Mask(b, grid))
    assert found.hd_mm == pytest.approx(3.0)
    assert found.hd95_mm == pytest.approx(3.0)


@pytest.mark.parametrize(("radius", "shift"), [(20, (2.2, 0.8, 3.0)), (26, (0, 0, 0))])
def test_against_another_implementation(radius, shift):
    """Borders and distances by SimpleITK: contour of the label, Maurer's distance map."""
    pred, truth = ball(radius, shift), ball(22)

    def image(array):
        out = SimpleITK.GetImageFromArray(array.astype(np.uint8))
        out.SetSpacing(SPACING[::-1])
        return out

    borders = [SimpleITK.LabelContour(image(m.array), fullyConnected=False) for m in (pred, truth)]
    maps = [
        SimpleITK.GetArrayFromImage(
            SimpleITK.SignedMaurerDistanceMap(b, squaredDistance=False, useImageSpacing=True)
        )
        for b in borders
    ]
    on = [SimpleITK.GetArrayFromImage(b) > 0 for b in borders]
    to_truth, to_pred = np.abs(maps[1])[on[0]], np.abs(maps[0])[on[1]]
    found = surface_distance(pred, truth)
    both = np.concatenate([to_truth, to_pred])
    assert found.assd_mm == pytest.approx(both.mean(), rel=1e-4)
    assert found.hd_mm == pytest.approx(both.max(), rel=1e-4)
    directed = max(np.percentile(to_truth, 95), np.percentile(to_pred, 95))
    assert found.hd95_mm == pytest.approx(directed, rel=1e-4)


def test_concentric_balls_are_their_radii_apart():
    found = surface_distance(ball(26, spacing=(1, 1, 1)), ball(22, spacing=(1, 1, 1)))
    assert found.assd_mm == pytest.approx(4, abs=0.25)  # the nearest of lattice points is nearer
    assert found.hd_mm == pytest.approx(4, abs=0.9)


def test_empty_masks_and_other_grids_are_refused():
    some = ball(20)
    with pytest.raises(DegenerateShape):
        surface_distance(Mask(np.zeros(some.grid.shape, bool), some.grid), some)
    with pytest.raises(ValueError, match="grids"):
        surface_distance(ball(20, spacing=(2, 2, 2)), some)


def test_concentric_spheres_as_surfaces():
    found = mesh_distance(surface(21.5), surface(20))
    assert found.assd_mm == pytest.approx(1.5, abs=0.03)
    assert found.hd95_mm == pytest.approx(1.5, abs=0.05)
    assert found.hd_mm == pytest.approx(1.5, abs=0.1)


def test_a_shifted_sphere_is_half_its_shift_away_on_average():
    """The distance is |d cos| to first order; its mean over a sphere is d / 2."""
    found = mesh_distance(surface(20, (1.0, 0, 0)), surface(20))
    assert found.assd_mm == pytest.approx(0.5, abs=0.02)
    assert found.hd_mm == pytest.approx(1.0, abs=0.05)
    assert found.hd95_mm == pytest.approx(0.95, abs=0.05)


def test_how_finely_a_surface_is_divided_does_not_matter():
    fine, coarse, other = surface(20, spacing=1.0), surface(20, spacing=2.0), surface(21)
    a, b = mesh_distance(fine, other), mesh_distance(coarse, other)
    assert a.assd_mm == pytest.approx(b.assd_mm, abs=0.03)
    assert vertex_areas_mm2(fine).sum() == pytest.approx(fine.area_mm2)


def test_a_surface_without_faces_is_refused():
    with pytest.raises(DegenerateShape):
        mesh_distance(Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)), surface(20))
