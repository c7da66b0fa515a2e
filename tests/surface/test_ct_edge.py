"""A drawn outline brought back to where a scan of known shape shows its edge."""

import numpy as np
import pytest
from scipy.special import ndtr

from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.surface.contour import genus
from femurkit.surface.ct_edge import SMOOTH_MM, at_ct_edge
from femurkit.surface.field import prepared, to_mask
from femurkit.surface.periosteal import periosteal
from femurkit.volume import Field, Volume

CENTRE = np.array([40.0, -20.0, 300.0])
RADIUS, WALL, BLUR = 20.0, 4.0, 0.7
SOFT, BONE, MARROW = 40.0, 1200.0, 60.0
READS_220 = RADIUS + BLUR * 0.997  # of a step from 40 to 1200 HU, blurred: at 0.155 of it


def depth_of(grid):
    rays = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - CENTRE
    return rays, RADIUS - np.linalg.norm(rays, axis=-1)


def ball_in_a_scan(spacing=(1.0, 0.8, 0.8), *, noise=0.0, neighbour=False):
    """A hollow ball of bone; with a neighbour, a slab of bone that touches it below."""
    shape = tuple(int(n) for n in np.ceil(64 / np.array(spacing)))
    grid = Grid.aligned(shape, spacing, CENTRE - 32)
    rays, depth = depth_of(grid)
    hu = SOFT + (BONE - SOFT) * ndtr(depth / BLUR) + (MARROW - BONE) * ndtr((depth - WALL) / BLUR)
    if neighbour:
        hu = np.where(rays[..., 2] < -RADIUS + 6, np.maximum(hu, BONE), hu)
    hu = hu + np.random.default_rng(0).normal(0, noise, shape)
    return Volume(hu.astype(np.float32), grid)


def drawn(off_mm):
    """A network's field whose outline is off by some distance, (z, y, x) -> mm."""
    box = Grid.aligned((44, 44, 44), (1.5,) * 3, CENTRE - 32.3)
    rays, depth = depth_of(box)
    field = np.clip(0.5 + (depth + off_mm(rays)) / 3, 0, 1).astype(np.float32)
    return Field(field, box)


def radii(mesh: Mesh):
    return np.linalg.norm(mesh.vertices - CENTRE, axis=1)


@pytest.mark.parametrize("noise", [0.0, 30.0])
@pytest.mark.parametrize("off", [-0.9, 0.0, 1.0])
def test_wherever_it_was_drawn_the_outline_comes_to_where_the_scan_reads_220(off, noise):
    volume = ball_in_a_scan((0.8, 0.8, 0.8), noise=noise)
    ready = at_ct_edge(prepared(drawn(lambda rays: off), volume.grid), volume)
    found = radii(periosteal(ready).mesh)
    assert found.mean() == pytest.approx(READS_220, abs=0.04)
    assert np.abs(found - READS_220).max() < 0.25 + noise / 200
    ball = 4 / 3 * np.pi * found.mean() ** 3
    assert to_mask(ready).volume_ml * 1000 == pytest.approx(ball, rel=0.003)


def test_where_the_scan_shows_no_edge_the_networks_word_stands():
    volume = ball_in_a_scan(neighbour=True)
    before = prepared(drawn(lambda rays: 0.6), volume.grid)
    after = at_ct_edge(before, volume)
    mesh = periosteal(after).mesh
    deep = (mesh.vertices - CENTRE)[:, 2] < -RADIUS + 6 - 3 * SMOOTH_MM
    assert deep.any()
    assert np.abs(radii(mesh)[deep] - (RADIUS + 0.6)).max() < 0.15
    assert mesh.is_watertight
    assert genus(mesh) == 0


def test_across_thick_slices_the_edge_counts_for_little():
    volume = ball_in_a_scan((5.0, 0.8, 0.8))
    mesh = periosteal(at_ct_edge(prepared(drawn(lambda rays: -0.8), volume.grid), volume)).mesh
    up = np.abs((mesh.vertices - CENTRE)[:, 2]) / radii(mesh)
    assert np.abs(radii(mesh)[up > 0.9] - (RADIUS - 0.8)).mean() < 0.15
    assert radii(mesh)[up < 0.1].mean() == pytest.approx(READS_220, abs=0.12)


def test_a_scan_of_nothing_but_noise_moves_nothing():
    volume = ball_in_a_scan()
    flat = Volume(np.random.default_rng(1).normal(40, 15, volume.array.shape).astype(np.float32),
                  volume.grid)  # fmt: skip
    mesh = periosteal(at_ct_edge(prepared(drawn(lambda rays: 0.5), volume.grid), flat)).mesh
    assert radii(mesh).mean() == pytest.approx(RADIUS + 0.5, abs=0.03)
    assert np.abs(radii(mesh) - (RADIUS + 0.5)).max() < 0.1
