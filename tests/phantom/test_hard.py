"""Implants and fractures on one drawn patient: what is femur, and what is not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.phantom.anatomy import draw_anatomy
from femurkit.phantom.broken import metal_mask, union_mesh
from femurkit.phantom.canal import canal_of
from femurkit.phantom.distance import cut_short, depth_below
from femurkit.phantom.fracture import KINDS, fractured
from femurkit.phantom.hard import METAL, SHARES, draw_hard
from femurkit.phantom.implant import HIP, implanted
from femurkit.phantom.joint import draw_joint, in_any_posture
from femurkit.phantom.render import depths, scan
from femurkit.phantom.scanner import draw_scanner
from femurkit.phantom.turned import turned
from femurkit.phantom.unusual import child, scaled


@pytest.fixture(scope="module")
def anatomy():
    return draw_anatomy(np.random.default_rng(5))


@pytest.fixture(scope="module")
def grid(anatomy):
    frame = anatomy.femurs[Side.LEFT].frame
    low = np.array([frame.head[0] - 45, frame.head[1] - 60, frame.trochanter[2] - 60])
    return Grid.aligned((78, 55, 66), (2.0, 2.0, 2.0), low)


def femur(anatomy, grid):
    """Voxels of the left femur, from the depth of its pieces."""
    out = np.zeros(grid.shape, bool)
    points = grid.to_world(np.indices(grid.shape).reshape(3, -1).T)
    for bone in anatomy.bones:
        if bone.kind == "femur" and bone.side is Side.LEFT:
            depth = cut_short(depth_below(bone.mesh, grid, margin_mm=4, spacing_mm=2), bone.cuts)
            at = np.rint(depth.grid.to_index(points)).astype(int)
            there = ((at >= 0) & (at < depth.grid.shape)).all(1)
            here = np.zeros(len(points), bool)
            here[there] = depth.left_mm[tuple(at[there].T)] > 0
            out |= here.reshape(grid.shape)
    return out


def inside(mask, grid, point):
    return mask[tuple(np.rint(grid.to_index(point)).astype(int))]


def test_a_stem_in_the_bone_is_femur_and_the_ball_is_not(anatomy, grid):
    after = implanted(anatomy, Side.LEFT, "total hip", np.random.default_rng(1))
    mask, frame = femur(after, grid), anatomy.femurs[Side.LEFT].frame
    metal = metal_mask(after, grid)
    canal = canal_of(anatomy.femurs[Side.LEFT])
    assert not inside(mask, grid, frame.head) and inside(mask, grid, canal.at(20))
    assert inside(metal, grid, canal.at(15)), "the stem lies in the canal"
    whole = femur(anatomy, grid)
    assert (mask <= whole).all() and 0.5 < mask.sum() / whole.sum() < 0.9


@pytest.mark.parametrize("kind", [k for k in HIP if k not in ("total hip", "hemiarthroplasty")])
def test_what_holds_a_bone_together_leaves_its_outline(anatomy, grid, kind):
    after = implanted(anatomy, Side.LEFT, kind, np.random.default_rng(1))
    assert np.array_equal(femur(after, grid), femur(anatomy, grid))
    metal = metal_mask(after, grid)
    assert metal.any() and (metal & femur(after, grid)).sum() > 0.25 * metal.sum()


def volume_ml(bone):
    """Of what is left of a bone, on a lattice of 3 mm."""
    low, high = bone.mesh.vertices.min(0) - 5, bone.mesh.vertices.max(0) + 5
    around = Grid.aligned((2, 2, 2), (high - low)[::-1], low)
    depth = cut_short(depth_below(bone.mesh, around, margin_mm=4, spacing_mm=3), bone.cuts)
    return np.count_nonzero(depth.left_mm > 0) * 27 / 1000


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_of_a_broken_femur_are_the_femur(anatomy, kind):
    sound = anatomy.femurs[Side.LEFT]
    broken = fractured(anatomy, Side.LEFT, kind, np.random.default_rng(1))
    pieces = [b for b in broken.bones if b.kind == "femur" and b.side is Side.LEFT]
    assert len(pieces) in (2, 3)
    assert sum(volume_ml(p) for p in pieces) == pytest.approx(volume_ml(sound), rel=0.03)
    assert broken.femurs[Side.LEFT].frame is sound.frame, "the head stays in its socket"
    assert all(p.mesh.volume_mm3 == pytest.approx(sound.mesh.volume_mm3) for p in pieces)


def test_the_surface_around_the_pieces_encloses_their_voxels(anatomy, grid):
    broken = fractured(anatomy, Side.LEFT, "neck", np.random.default_rng(2))
    pieces = [b for b in broken.bones if b.kind == "femur" and b.side is Side.LEFT]
    mesh = union_mesh(pieces, grid)
    assert mesh.is_watertight
    low, high = grid.bounds_mm()
    assert (mesh.vertices.min(0) > low - 12).all() and (mesh.vertices.max(0) < high + 12).all()
    assert union_mesh([anatomy.femurs[Side.LEFT]], grid) is anatomy.femurs[Side.LEFT].mesh


def test_a_child_is_smaller_and_has_growth_plates(anatomy):
    small = child(anatomy, np.random.default_rng(0))
    frames = small.femurs[Side.LEFT].frame, anatomy.femurs[Side.LEFT].frame
    scale = frames[0].head_radius / frames[1].head_radius
    assert 0.68 <= scale < 0.98 and np.allclose(frames[0].head, scale * frames[1].head)
    assert len(small.parts) == 4
    volumes = [a.femurs[Side.LEFT].mesh.volume_mm3 for a in (scaled(anatomy, 0.5), anatomy)]
    assert volumes[0] == pytest.approx(volumes[1] / 8)


def test_kinds_are_drawn_alike_for_one_seed():
    first, again = (draw_hard(np.random.default_rng(4), kind="nail") for _ in range(2))
    assert first.kind == "nail" and first.sides == again.sides
    assert len(first.anatomy.parts) == len(again.anatomy.parts) > 0
    assert min(SHARES.values()) > 0 and set(METAL) <= set(SHARES)


def test_a_turned_patient_is_the_same_patient_turned():
    rng = np.random.default_rng(6)
    upright = draw_anatomy(rng)
    lying = turned(upright, rng)
    turn = lying.soft.turn
    assert not np.allclose(turn, np.eye(3)) and np.allclose(turn @ turn.T, np.eye(3))
    for before, after in zip(upright.bones, lying.bones, strict=True):
        assert np.allclose(after.mesh.vertices, before.mesh.vertices @ turn.T)
    at = np.array([40.0, -20.0, 30.0])
    grids = (Grid.aligned((3, 3, 3), (0.5,) * 3, point - 0.5) for point in (at, turn @ at))
    (first, second) = (
        s.hu(g)[1, 1, 1] for s, g in zip((upright.soft, lying.soft), grids, strict=True)
    )
    assert second == pytest.approx(first, abs=3)


def test_legs_in_any_posture_are_bent_farther_than_those_on_a_table():
    rng = np.random.default_rng(5)
    lying = [draw_joint(rng, 0.3) for _ in range(200)]
    bent = [in_any_posture(joint, rng) for joint in lying]
    assert max(j.flexion_deg for j in lying) <= 20 < 35 < max(j.flexion_deg for j in bent)
    assert max(j.abduction_deg for j in lying) <= 16 < 28 < max(j.abduction_deg for j in bent)
    assert [(j.gap_mm, j.arthritis) for j in lying] == [(j.gap_mm, j.arthritis) for j in bent]


def test_metal_reads_at_the_end_of_the_scale_whatever_its_streaks(anatomy, grid):
    rng = np.random.default_rng(3)
    after = implanted(anatomy, Side.LEFT, "sliding hip screw", rng)
    scanner = replace(draw_scanner(rng, (2.0, 2.0, 2.0)), sharpen=0.0, noise_hu=5.0)
    hu = scan(after, scanner, grid, rng, bones=depths(after, grid, lattice_mm=2.0))
    deep = ndimage.binary_erosion(metal_mask(after, grid), iterations=2)
    assert deep.sum() > 20 and hu[deep].min() > 2400
