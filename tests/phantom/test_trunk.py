import zlib

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.phantom import views
from femurkit.phantom.canvas import Ball, BoneStuff, Canvas, Rod, rods
from femurkit.phantom.coarse_scan import canvas_for, scan_coarsely
from femurkit.phantom.hip_bones import STEP_MM, draw_hips
from femurkit.phantom.trunk import draw_trunk, paint
from femurkit.phantom.trunk_patient import make_trunk
from femurkit.phantom.views import draw_view


def canvas(step=2.0, size=60.0):
    n = int(size / step)
    return Canvas(Grid.aligned((n, n, n), (step,) * 3, [-(n - 1) * step / 2] * 3))


@pytest.mark.parametrize(
    ("solid", "ml"),
    [
        ([Ball(np.zeros(3), np.array([20.0, 15.0, 10.0]))], 4 / 3 * np.pi * 3.0),
        ([Ball(np.array([3.0, 1, 2]), np.full(3, 20.0), np.eye(3)[[1, 2, 0]])], 4 / 3 * np.pi * 8),
        ([Rod(np.array([0, 0, -10.0]), np.array([0, 0, 10.0]), 10, 10)], np.pi * (2 + 4 / 3)),
        (rods([[-10.0, 0, 0], [0, 0, 0], [10, 0, 0]], 8.0), np.pi * (1.28 + 4 / 3 * 0.512)),
    ],
)
def test_a_solid_fills_its_volume(solid, ml):
    painted = canvas()
    painted.fill(solid, 0.0)
    filled = (painted.hu + 1000).sum() / 1000 * painted.grid.voxel_mm3 / 1000
    assert filled == pytest.approx(ml, rel=0.03)


def test_a_bone_has_a_cortex_around_what_it_is_filled_with():
    painted = canvas()
    painted.lay_bone([Ball(np.zeros(3), np.full(3, 20.0))], BoneStuff(100, 1200, 4.0))
    middle = painted.hu[15, 15]
    assert middle[15] == pytest.approx(100, abs=1)
    assert middle.max() == pytest.approx(1200, abs=1)
    assert middle[0] == -1000
    ml = painted.bone.sum() * painted.grid.voxel_mm3 / 1000
    assert ml == pytest.approx(33.5, rel=0.03)


@pytest.fixture(scope="module")
def hips():
    return draw_hips(np.random.default_rng(4))


def scans(hips, kind, monkeypatch, count=2):
    monkeypatch.setattr(views, "VIEWS", {kind: 1.0})
    out = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        trunk = draw_trunk(hips, rng)
        view = draw_view(trunk, rng, step_mm=6.0)
        out.append((trunk, view, scan_coarsely(trunk, view, rng, below_trochanter_mm=25.0)))
    return out


@pytest.mark.parametrize("kind", ["chest", "abdomen", "head", "knees"])
def test_scans_away_from_the_hips_hold_none(hips, kind, monkeypatch):
    for _, _, scan in scans(hips, kind, monkeypatch):
        assert not np.isin(scan.label, [1, 2]).any()
        assert (scan.label > 2).any()


def test_a_scan_of_the_pelvis_holds_both_femora_on_their_sides(hips, monkeypatch):
    for trunk, view, scan in scans(hips, "abdomen and pelvis", monkeypatch):
        heads = {b.side: b.frame.head for b in trunk.hips.lattice if b.frame is not None}
        for side, head in heads.items():
            at = np.argwhere(scan.label == side.label)
            there = view.in_patient.to_world(at).mean(0)
            assert np.sign(there[0]) == side.sign
            assert np.linalg.norm(there - head) < 70


def test_a_label_is_on_the_bone_wherever_the_patient_lies(hips, monkeypatch):
    _, _, scan = max(scans(hips, "legs", monkeypatch), key=lambda s: (s[2].label == 3).sum())
    assert np.median(scan.hu[scan.label == 3]) > 250


def test_the_same_seed_paints_the_same(hips):
    def once():
        rng = np.random.default_rng(9)
        trunk = draw_trunk(hips, rng)
        view = draw_view(trunk, rng, step_mm=8.0)
        return scan_coarsely(trunk, view, rng, below_trochanter_mm=25.0)

    first, second = once(), once()
    assert (first.hu == second.hu).all() and (first.label == second.label).all()


def test_femora_on_the_canvas_have_their_volume(hips):
    for bone in hips.lattice:
        if bone.kind == "femur":
            mesh = next(b.mesh for b in hips.bones if b.kind == "femur" and b.side is bone.side)
            share = np.clip(bone.depth / STEP_MM + 0.5, 0, 1)
            assert share.sum() * STEP_MM**3 == pytest.approx(mesh.volume_mm3, rel=0.02)


def test_a_third_of_the_views_holds_no_hip():
    assert sum(views.VIEWS.values()) == pytest.approx(1)
    without = ("chest", "abdomen", "head", "knees", "part")
    assert sum(views.VIEWS[kind] for kind in without) >= 0.35


def test_a_whole_person_is_painted_once(hips, monkeypatch):
    monkeypatch.setattr(views, "VIEWS", {"whole": 1.0})
    rng = np.random.default_rng(1)
    trunk = draw_trunk(hips, rng)
    view = draw_view(trunk, rng, step_mm=8.0)
    painted = canvas_for(trunk, view, step_mm=8.0)
    paint(painted, trunk, rng, with_hips=False)
    litres = (painted.hu > -300).sum() * painted.grid.voxel_mm3 / 1e6
    assert 25 < litres < 200
    assert 1 < painted.bone.sum() * painted.grid.voxel_mm3 / 1e6 < 12


def test_a_trunk_of_clinical_resolution_knows_its_femora(monkeypatch):
    monkeypatch.setattr(views, "VIEWS", {"pelvis": 1.0})
    trunk = make_trunk(3, spacing_mm=(5.0, 2.5, 2.5))
    assert set(trunk.femora) == {Side.LEFT, Side.RIGHT}
    for side, femur in trunk.femora.items():
        marked = trunk.labels == side.label
        assert marked.sum() * trunk.volume.grid.voxel_mm3 / 1000 >= femur.proximal_ml > 20
        assert trunk.volume.array[marked].mean() > 200


def test_a_posture_in_which_no_head_can_be_fitted_is_drawn_again():
    rng = np.random.default_rng([1, 265, zlib.crc32(b"coarse")])  # failed once in a training
    femurs = [bone for bone in draw_hips(rng).lattice if bone.kind == "femur"]
    assert len(femurs) == 2 and all(bone.frame is not None for bone in femurs)
