"""Metal in a bone of rods, whose truth is known: found, outlined, given to the bone or kept out."""

import numpy as np
import pytest
from scipy import ndimage

from femurkit.geometry import Grid
from femurkit.mesh import Mesh
from femurkit.surface.contour import parts
from femurkit.surface.crossings import self_intersections
from femurkit.surface.implant import implant_of, with_implant
from femurkit.surface.implant_surface import implant_surface
from femurkit.volume import Field, Volume

HEAD = np.array([80.0, -30.0, 400.0])
KNEE, TOP = HEAD + [50, 0, -140], HEAD + [50, 0, -10]
SCAN = Grid.aligned((100, 130, 150), (2.0, 1.0, 1.0), HEAD + [-70, -65, -140])
BOX = Grid.aligned((120, 64, 80), (1.5, 1.5, 1.5), HEAD + [-40, -48, -128])
STEEL, BONE, MARROW, MUSCLE = 8000.0, 1200.0, 0.0, 50.0


def rod(grid, a, b, radius):
    """Signed distance to a rod with round ends, mm, positive inside."""
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    along = np.clip(((points - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
    return radius - np.linalg.norm(points - a - along[..., None] * (b - a), axis=-1)


def ball(grid, centre, radius):
    return radius - np.linalg.norm(
        grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - centre, axis=-1
    )


def bone(grid, *, head=True):
    """A shaft, and a neck and head of radius 23 mm."""
    out = rod(grid, KNEE - [0, 0, 60], TOP, 15.0)
    if head:
        out = np.maximum(out, rod(grid, HEAD, TOP - [0, 0, 20], 13.0))
        out = np.maximum(out, ball(grid, HEAD, 23.0))
    return out


def answer(depth):
    """What a network says of a bone whose depth on BOX is given."""
    return Field(np.clip(0.5 + depth / 3, 0, 1).astype(np.float32), BOX)


def scan(metal, *, head=True, top_hu=3071.0):
    """A CT of the bone with metal, whose signed distance is given; blurred, cut at top_hu."""
    depth = bone(SCAN, head=head)
    hu = np.select([metal > 0, depth > 4, depth > 0], [STEEL, MARROW, BONE], MUSCLE)
    hu = ndimage.gaussian_filter(hu, 0.7 / np.array(SCAN.spacing_mm))
    return Volume(np.clip(hu, -1000, top_hu).astype(np.int16), SCAN)


def agreement(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def nail(grid):
    return rod(grid, KNEE - [0, 0, 60], TOP - [0, 0, 20], 6.0)


def plate(grid):
    """A flat bar beside the shaft, with a screw through it."""
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    middle, half = KNEE + [17.5, 0, 50], np.array([2.5, 6, 35])
    bar = (half - np.abs(points - middle)).min(-1)
    return np.maximum(bar, rod(grid, middle - [30, 0, 0], middle, 2.5))


def prosthesis(grid):
    """Ball, cup, neck and stem."""
    shell = np.minimum(ball(grid, HEAD, 26.0), -ball(grid, HEAD, 22.0))
    up = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))[..., 2] - HEAD[2]
    stem = rod(grid, TOP - [0, 0, 25], KNEE, 7.0)
    neck = rod(grid, HEAD, TOP - [0, 0, 25], 5.0)
    return np.max([ball(grid, HEAD, 14.0), np.minimum(shell, up), stem, neck], axis=0)


def test_the_bone_around_a_nail_is_one_solid():
    depth, metal = bone(BOX), nail(BOX)
    hole = answer(np.minimum(depth, -metal))  # the network left the nail out, and its streaks
    found = implant_of(hole, scan(nail(SCAN)))
    assert found is not None
    assert found.ball_mm is None
    assert found.within_ml > 0.8 * found.volume_ml  # the scan ends below the box
    solid = with_implant(hole, found).array >= 0.5
    assert agreement(solid, depth >= 0) > 0.995
    assert agreement(hole.array >= 0.5, depth >= 0) < 0.97
    # and a network that drew it rightly is left as it is
    assert agreement(with_implant(answer(depth), found).array >= 0.5, depth >= 0) > 0.995


def test_a_plate_beside_the_bone_is_not_bone():
    depth, metal = bone(BOX), plate(BOX)
    bright = answer(np.maximum(depth, metal + 1.0))  # taken for bone, with its blooming
    found = implant_of(bright, scan(plate(SCAN)))
    assert found is not None
    assert found.within_ml < 0.35 * found.volume_ml
    corrected = with_implant(bright, found).array >= 0.5
    assert agreement(corrected, depth >= 0) > 0.99
    assert not corrected[(metal > 0.5) & (depth < -1.5)].any()


def test_a_prosthetic_head_and_its_cup_are_not_bone():
    depth, metal = bone(BOX, head=False), prosthesis(BOX)
    everything = answer(np.maximum(depth, np.maximum(metal, ball(BOX, HEAD, 23.0))))
    found = implant_of(everything, scan(prosthesis(SCAN), head=False))
    assert found is not None
    assert found.ball_mm is not None
    centre, radius = found.ball_mm
    assert np.linalg.norm(centre - HEAD) < 1.5
    assert radius == pytest.approx(14.0, abs=1.5)
    # the cup does not touch the bone, and belongs to the implant all the same
    assert found.mask.array[tuple(np.rint(SCAN.to_index(HEAD + [0, 0, 24])).astype(int))]
    names, _ = ndimage.label(with_implant(everything, found).array >= 0.5)
    shaft = names == names[tuple(np.rint(BOX.to_index(TOP - [0, 0, 40])).astype(int))]
    assert agreement(shaft, depth >= 0) > 0.98


@pytest.mark.parametrize(
    ("metal", "why"),
    [
        (lambda g: -np.ones(g.shape), "there is none"),
        (lambda g: rod(g, HEAD + [-60, 0, -60], HEAD + [-60, 0, 20], 5.0), "it is elsewhere"),
        (lambda g: rod(g, TOP, TOP + [0, 0, -20], 1.0), "it is a wire"),
    ],
)
def test_other_metal_is_no_implant(metal, why):
    assert implant_of(answer(bone(BOX)), scan(metal(SCAN))) is None, why


@pytest.mark.parametrize(("top_hu", "tolerance"), [(30000.0, 0.02), (3071.0, 0.1)])
def test_its_surface_is_closed_and_as_large_as_the_metal(top_hu, tolerance):
    shape = rod(SCAN, HEAD + [55, 0, -120], HEAD + [45, 5, -30], 8.0)
    volume = scan(shape, top_hu=top_hu)
    found = implant_of(answer(bone(BOX)), volume)
    assert found is not None
    assert found.clipped is (top_hu < 4000)
    mesh = implant_surface(found, volume).mesh
    exact = np.pi * 64 * np.linalg.norm([10, 5, 90]) + 4 / 3 * np.pi * 512
    assert mesh.is_watertight
    assert self_intersections(mesh) == 0
    assert mesh.volume_mm3 == pytest.approx(exact, rel=tolerance)
    assert mesh.volume_mm3 == pytest.approx(1000 * found.volume_ml, rel=0.06)


def test_each_part_has_its_surface_and_a_tube_is_filled():
    tube = np.minimum(
        rod(SCAN, KNEE - [0, 0, 60], TOP, 6.0), -rod(SCAN, KNEE - [0, 0, 60], TOP, 2.0)
    )
    screw = rod(SCAN, HEAD - [15, 0, 0], HEAD + [15, 0, -10], 4.0)
    volume = scan(np.maximum(tube, screw))
    found = implant_of(answer(bone(BOX)), volume)
    assert found is not None
    mesh = implant_surface(found, volume).mesh
    assert mesh.is_watertight
    assert parts(mesh).max() == 1
    bottom = SCAN.origin_mm[2] - 1.0
    assert mesh.vertices[:, 2].min() == pytest.approx(bottom, abs=1e-3)  # flat where the scan ends
    numbers = parts(mesh)
    lowest = mesh.vertices[mesh.faces][..., 2].min(1)
    in_shaft = Mesh(mesh.vertices, mesh.faces[numbers == numbers[lowest.argmin()]])
    length = TOP[2] - bottom
    assert in_shaft.volume_mm3 == pytest.approx(np.pi * 36 * length + 2 / 3 * np.pi * 216, rel=0.12)
