import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from femurkit.geometry import Grid, resample


def oblique(shape, spacing, *, angles=(20, -8, 5), origin=(37.0, -120.0, 410.0), mirrored=False):
    turn = Rotation.from_euler("zyx", angles, degrees=True).as_matrix()
    plain = Grid.aligned(shape, spacing, (0, 0, 0), mirrored=mirrored)
    affine = np.eye(4)
    affine[:3, :3] = turn @ plain.affine[:3, :3]
    affine[:3, 3] = origin
    return Grid(shape, affine)


def ramp(grid):
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    return (points @ [0.7, -1.1, 0.4] + 12).astype(np.float32)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angles", [(0, 0, 0), (90, 0, 0), (180, -70, 33), (-12, 4, 171)])
@pytest.mark.parametrize("spacing", [(1, 1, 1), (5, 0.3, 0.7), (0.6, 1.2, 0.9)])
def test_index_and_world_are_inverse_and_spacing_survives_rotation(spacing, angles, mirrored):
    grid = oblique((5, 6, 7), spacing, angles=angles, mirrored=mirrored)
    indices = np.random.default_rng(0).uniform(-3, 9, (20, 3))
    np.testing.assert_allclose(grid.to_index(grid.to_world(indices)), indices, atol=1e-9)
    np.testing.assert_allclose(grid.spacing_mm, spacing, rtol=1e-9)
    assert grid.voxel_mm3 == pytest.approx(np.prod(spacing))


def test_a_mirrored_grid_runs_from_left_to_right():
    grid = Grid.aligned((2, 3, 4), (3, 2, 1), (10, 20, 30), mirrored=True)
    np.testing.assert_allclose(grid.to_world([1, 2, 3]), [7, 24, 33])


def test_crop_keeps_every_voxel_where_it_was():
    grid = oblique((9, 8, 7), (3, 0.8, 0.9))
    part = grid.crop((2, 3, 1), (6, 8, 5))
    assert part.shape == (4, 5, 4)
    np.testing.assert_allclose(part.to_world([1, 2, 3]), grid.to_world([3, 5, 4]))


def test_a_window_holds_the_box_and_is_empty_outside():
    grid = oblique((20, 30, 40), (2, 1, 1))
    lo, hi = grid.to_world([9, 14, 19]) - 3, grid.to_world([9, 14, 19]) + 3
    window = grid.window_around(lo, hi)
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    within = ((points >= lo) & (points <= hi)).all(-1)
    assert within.any()
    outside = within.copy()
    outside[window] = False
    assert not outside.any()
    empty = grid.window_around(hi + 500, hi + 510)
    assert any(w.stop == w.start for w in empty)


@pytest.mark.parametrize("shape", [(4, 4), (3, 3)])
def test_an_affine_that_is_none_is_refused(shape):
    with pytest.raises(ValueError, match="affine"):
        Grid((2, 2, 2), np.zeros(shape))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("spacing", [(0.5, 0.7, 0.6), (1.5, 1.5, 1.5), (4, 4, 4), (0.9, 6, 2)])
def test_a_linear_ramp_is_resampled_exactly_at_any_spacing(spacing, mirrored):
    """Block means of a ramp lie on it: averaging and interpolation must both be centred."""
    source = oblique((40, 60, 70), (2.0, 0.9, 0.8))
    lo = source.to_world((14, 20, 25))
    target = Grid.aligned((4, 3, 3), spacing, lo, mirrored=mirrored)
    np.testing.assert_allclose(
        resample(ramp(source), source, target), ramp(target), rtol=1e-5, atol=1e-3
    )


def test_the_last_coarse_voxel_inside_a_large_source_is_not_lost():
    source = Grid.aligned((100, 100, 100), (0.7, 0.7, 0.7), (0, 0, 0))
    target = Grid.aligned((10, 10, 10), (4, 4, 4), (10, 10, 10))
    np.testing.assert_allclose(
        resample(ramp(source), source, target), ramp(target), rtol=1e-5, atol=1e-3
    )


def test_the_source_reaches_to_its_voxel_faces_and_no_further():
    source = Grid.aligned((4, 4, 4), (3, 1, 1), (0, 0, 0))
    array = np.full(source.shape, 7, np.int16)
    target = Grid.aligned((14, 4, 4), (1, 1, 1), (0, 0, -2))
    found = resample(array, source, target, outside=-1000)[:, 0, 0]
    z = np.arange(14) - 2.0
    np.testing.assert_array_equal(found, np.where((z >= -1.5) & (z <= 10.5), 7, -1000))


def test_without_overlap_everything_is_outside():
    source = Grid.aligned((4, 4, 4), (1, 1, 1), (0, 0, 0))
    target = Grid.aligned((3, 3, 3), (1, 1, 1), (100, 0, 0))
    assert (resample(np.ones((4, 4, 4)), source, target, outside=-5) == -5).all()


def test_same_as_notices_a_shift_a_turn_and_a_size():
    grid = oblique((5, 6, 7), (3, 1, 1))
    assert grid.same_as(Grid(grid.shape, grid.affine + 1e-5))
    assert not grid.same_as(oblique((5, 6, 7), (3, 1, 1), origin=(37.1, -120, 410)))
    assert not grid.same_as(oblique((5, 6, 7), (3, 1, 1), angles=(21, -8, 5)))
    assert not grid.same_as(oblique((5, 6, 8), (3, 1, 1)))
