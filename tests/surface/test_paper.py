"""The paper's recipe on a ball of bone and on one with a cavity."""

import numpy as np
import pytest

from femurkit.errors import DegenerateShape
from femurkit.geometry import Grid
from femurkit.surface.contour import parts
from femurkit.surface.paper import paper_hollow, paper_surface
from femurkit.volume import Mask, Volume


@pytest.fixture(params=[(1.0, 1.0, 1.0), (3.0, 1.0, 1.0)], ids=["1 mm", "3 mm"])
def ball(request):
    """HU of a blurred ball of bone of 20 mm, its mask, and the grid."""
    spacing = request.param
    grid = Grid.aligned(tuple(int(60 / s) for s in spacing), spacing, (-30.0, -29.5, -29.0))
    away = np.linalg.norm(grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)), axis=-1)
    hu = 40 + 560 * np.clip((20 - away) / 2 + 0.5, 0, 1)
    return Volume(hu.astype(np.int16), grid), Mask(away < 20.5, grid), away


def test_a_ball_is_found_within_a_voxel(ball):
    """The surface lies where the masked voxels end; the median takes from thick ones."""
    volume, mask, _ = ball
    found = paper_surface(volume, mask)
    radius = (3 * found.mesh.volume_mm3 / (4 * np.pi)) ** (1 / 3)
    assert found.mesh.is_watertight
    assert 19.5 < radius < 21.5
    assert abs(found.volume_change) < 1e-3, "smoothing gives the volume back"
    assert found.area_change < 0


def test_islands_and_what_is_not_bone_go(ball):
    volume, mask, away = ball
    hu = np.where(away < 8, -60, volume.array).astype(np.int16)
    speck = mask.array.copy()
    speck[2:4, 2:4, 2:4] = True
    found = paper_surface(Volume(hu, volume.grid), Mask(speck, volume.grid))
    assert parts(found.mesh).max() == 0, "one part: the outer surface, without the cavity's"
    assert found.mesh.vertices.max() < 25


def test_a_mask_without_bone_is_refused(ball):
    volume, mask, _ = ball
    fat = Volume(np.full(volume.array.shape, -100, np.int16), volume.grid)
    with pytest.raises(DegenerateShape):
        paper_surface(fat, mask)
    with pytest.raises(DegenerateShape):
        paper_surface(volume, Mask(np.zeros_like(mask.array), mask.grid))


def test_it_is_the_hollow_bone_of_the_recipe_and_says_what_smoothing_changed(ball):
    volume, mask, _ = ball
    found = paper_hollow(volume, mask)
    assert found.mesh.is_watertight
    assert found.threshold_hu == 20
    assert found.surface.smoothing.passes == 200
    assert found.surface.area_change < 0
