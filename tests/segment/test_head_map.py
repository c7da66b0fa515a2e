"""The polar map: places and rays against each other, and left against right."""

import numpy as np

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.segment.head_map import RADII, SHAPE, HeadMap

CENTRE, RADIUS, NECK = np.array([90.0, 10.0, 40.0]), 24.0, np.array([0.6, 0.2, -0.77])


def test_each_node_lies_where_its_ray_and_radius_say():
    head = HeadMap.around(CENTRE, RADIUS, NECK, Side.LEFT)
    nodes = head.nodes()[:, 10:70, 10:70]
    distance, angle, at = head.polar(nodes.reshape(-1, 3))
    k, v, u = np.indices(nodes.shape[:3])
    shares = RADII[0] + (RADII[1] - RADII[0]) * k / (SHAPE[0] - 1)
    assert np.allclose(distance.reshape(k.shape), RADIUS * shares)
    assert np.allclose(at[0].reshape(k.shape), v + 10)
    assert np.allclose(at[1].reshape(k.shape), u + 10)
    pole = -NECK / np.linalg.norm(NECK)
    assert np.allclose(np.cos(angle), ((nodes.reshape(-1, 3) - CENTRE) @ pole) / distance)


def test_the_map_leaves_out_the_neck():
    head = HeadMap.around(CENTRE, RADIUS, NECK, Side.LEFT)
    middle_of_edges = head.rays()[[0, -1, 40, 40], [40, 40, 0, -1]]
    assert (middle_of_edges @ (NECK / np.linalg.norm(NECK)) < np.cos(np.deg2rad(54))).all()


def test_a_right_hip_makes_the_map_of_its_mirror_image():
    grid = Grid.aligned((70, 70, 70), (1.2,) * 3, CENTRE - 42)
    array = np.random.default_rng(1).normal(0, 100, grid.shape).astype(np.float32)
    left = HeadMap.around(CENTRE, RADIUS, NECK, Side.LEFT).sample(array, grid, outside=0.0)
    mirror = np.diag([-1.0, 1.0, 1.0, 1.0])
    turned = Grid(grid.shape, mirror @ grid.affine)
    across = np.array([-1.0, 1.0, 1.0])
    right = HeadMap.around(CENTRE * across, RADIUS, NECK * across, Side.RIGHT)
    assert np.allclose(right.sample(array, turned, outside=0.0), left, atol=1e-3)


def test_linear_values_are_met_exactly_and_what_lies_outside_is_named():
    grid = Grid.aligned((50, 80, 80), (2.0, 1.0, 1.0), CENTRE - [40, 40, 20])
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    head = HeadMap.around(CENTRE, RADIUS, NECK, Side.LEFT)
    seen = head.sample((points @ [1.0, 2.0, 3.0]).astype(np.float32), grid, outside=-7.0)
    index = grid.to_index(head.nodes())
    within = ((index >= 0) & (index <= np.array(grid.shape) - 1)).all(-1)
    beyond = ((index < -0.5) | (index > np.array(grid.shape) - 0.5)).any(-1)
    assert within.any() and beyond.any()
    assert np.allclose(seen[within], (head.nodes() @ [1.0, 2.0, 3.0])[within], atol=1e-2)
    assert (seen[beyond] == -7.0).all() and np.array_equal(beyond, ~head.within(grid))
