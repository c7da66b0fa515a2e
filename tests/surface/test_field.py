import numpy as np
import pytest

from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.surface.contour import contour
from femurkit.surface.field import clip, faces, prepared, to_mask
from femurkit.volume import Field

SCANS = [
    ((1, 1, 1), (0, 0, 0)),
    ((3, 0.8, 0.8), (0, 0, 0)),
    ((3, 0.8, 0.8), (25, -9, 6)),
]


def centres(grid):
    return grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))


def test_faces_lie_half_a_voxel_beyond_the_outermost_centres(scan_around):
    scan = scan_around((3, 0.8, 0.7), (25, -9, 6))
    outer = scan.crop((0, 0, 0), scan.shape).corners_mm()
    for plane, half in zip(faces(scan), (1.5, 1.5, 0.4, 0.4, 0.35, 0.35), strict=True):
        depth = plane.depth_mm(outer)
        np.testing.assert_allclose(np.sort(depth)[:4], half, atol=1e-9)
        assert np.linalg.norm(plane.inward) == pytest.approx(1)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("spacing", "angles"), SCANS)
def test_a_mask_holds_exactly_the_voxels_inside_the_shape(
    shapes, field_of, scan_around, centre, spacing, angles, mirrored
):
    scan = scan_around(spacing, angles)
    mask = to_mask(prepared(field_of(shapes["capsule"], mirrored=mirrored), scan))
    depth = shapes["capsule"].depth(centres(scan) - centre)
    # trilinear interpolation between 1.5 mm nodes cuts the curvature by < h² / 8r
    np.testing.assert_array_equal(mask.array[np.abs(depth) > 0.05], (depth > 0)[abs(depth) > 0.05])
    assert mask.volume_ml == pytest.approx(shapes["capsule"].volume_mm3 / 1000, rel=0.01)


def test_a_femur_that_fades_before_the_end_of_the_scan_is_continued_to_it(
    shapes, field_of, scan_around, centre
):
    """A network sees air below the last slice and may stop short of it."""
    scan = scan_around((1, 1, 1), bottom_mm=-10.2)
    field = field_of(shapes["capsule"])
    below = centres(field.grid)[..., 2] < centre[2] - 10.2 + 0.5
    faded = Field(np.where(below, 0, field.array).astype(np.float32), field.grid)
    mask, whole = (to_mask(prepared(f, scan)) for f in (faded, field))
    assert mask.array[0].sum() == pytest.approx(np.pi * 14**2, rel=0.03)
    np.testing.assert_array_equal(mask.array, whole.array)


@pytest.mark.parametrize("bottom", [-10.0, -10.4, -11.1, -11.3])
def test_clipped_at_the_scan_the_contour_ends_on_its_face(
    shapes, field_of, scan_around, centre, bottom
):
    """Whatever the offset between face and lattice: a hard clip would be off by up to 0.75 mm."""
    scan = scan_around((3, 0.8, 0.8), bottom_mm=bottom)
    ready = prepared(field_of(shapes["capsule"]), scan)
    mesh = contour(clip(ready.field, ready.planes))
    assert mesh.is_watertight
    assert mesh.vertices[:, 2].min() == pytest.approx(centre[2] + bottom, abs=1e-3)
    left = np.pi * 14**2 * (30 - bottom) + 2 / 3 * np.pi * 14**3
    assert mesh.volume_mm3 == pytest.approx(left, rel=0.01)


def test_islands_go_and_cavities_are_filled(shapes, field_of, scan_around, centre):
    field = field_of(shapes["ball"])
    whole = to_mask(prepared(field, scan_around()))
    points = centres(field.grid) - centre
    array = np.array(field.array)
    array[np.linalg.norm(points, axis=-1) < 8] = 0.1
    array[:3, :3, :3] = 0.9
    np.testing.assert_array_equal(
        to_mask(prepared(Field(array, field.grid), scan_around())).array, whole.array
    )


def test_a_femur_that_leaves_its_box_ends_at_the_faces_of_the_box(shapes, field_of, scan_around):
    field = field_of(shapes["capsule"])
    stop = field.grid.shape[0] // 2
    half = field.grid.crop((stop, 0, 0), field.grid.shape)
    mask = to_mask(
        prepared(Field(np.ascontiguousarray(field.array[stop:]), half), scan_around((1, 1, 1)))
    )
    least = mask.grid.to_world(np.argwhere(mask.array))[:, 2].min()
    face = half.origin_mm[2] - 0.75
    assert face <= least < face + 1


def test_an_empty_field_is_refused_and_a_femur_outside_the_scan_gives_an_empty_mask(
    shapes, field_of, scan_around
):
    field = field_of(shapes["ball"])
    with pytest.raises(DegenerateShape):
        prepared(Field(np.zeros(field.grid.shape, np.float32), field.grid), scan_around())
    far = Grid.aligned((5, 5, 5), (1, 1, 1), (900, 900, 900))
    assert not to_mask(prepared(field, far)).array.any()
