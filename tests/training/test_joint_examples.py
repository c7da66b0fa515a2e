"""Examples of the hip joint: what is drawn in them lies where the exact surface is."""

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.mesh import distances_mm
from femurkit.phantom.anatomy import draw_anatomy
from femurkit.segment.head_map import RADII, SHAPE, HeadMap
from femurkit.segment.joint import heights
from femurkit.training import joint_examples as module
from femurkit.training.joint_examples import MAPS, SCANS, joint_examples


@pytest.fixture(scope="module")
def drawn():
    """A patient's right joint: its maps, examples and anatomy; no scan ends within it."""
    maps = []

    def noted(frame, side, rng):
        maps.append(HeadMap.around(frame.head, frame.head_radius, frame.neck, side))
        return maps[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_head_map", noted)
        patch.setattr(module, "CUT_SHARE", 0.0)
        anatomy = draw_anatomy(np.random.default_rng(4))
        examples = joint_examples(anatomy, Side.RIGHT, np.random.default_rng(5))
    return maps, examples, anatomy


def test_a_joint_gives_maps_of_two_scans(drawn):
    _, examples, _ = drawn
    assert len(examples) == SCANS * MAPS
    for example in examples:
        assert {name: a.dtype for name, a in example.items()} == {
            "hu": np.int16, "femur": np.uint8, "other": np.uint8
        }  # fmt: skip
        assert all(a.shape == SHAPE for a in example.values())
        assert (example["femur"].astype(int) + example["other"] <= 256).all()
        assert example["femur"].any() and example["other"].any()
    assert not np.array_equal(examples[0]["hu"], examples[-1]["hu"])


def test_the_femur_ends_at_its_surface(drawn):
    maps, examples, anatomy = drawn
    head, example = maps[0], examples[0]
    height, _ = heights(example["femur"] / 255)
    radius = head.radius_mm * (RADII[0] + (RADII[1] - RADII[0]) * height / (SHAPE[0] - 1))
    places = head.centre_mm + radius[..., None] * head.rays()
    middle = (slice(20, 60), slice(20, 60))
    away = distances_mm(places[middle].reshape(-1, 3), anatomy.femurs[Side.RIGHT].mesh)
    assert np.percentile(away, 95) < 0.15


def test_bone_is_brighter_than_the_joint_space(drawn):
    _, examples, _ = drawn
    hu, femur, other = (examples[0][name].astype(float) for name in ("hu", "femur", "other"))
    assert hu[femur > 250].mean() > 150 and hu[other > 250].mean() > 150
    assert hu[(femur == 0) & (other == 0)].mean() < 120


def test_maps_differ_as_heads_are_found_differently(drawn):
    frame = drawn[2].femurs[Side.LEFT].frame
    rng = np.random.default_rng(6)
    found = [module._head_map(frame, Side.LEFT, rng) for _ in range(200)]
    away = np.array([head.centre_mm - frame.head for head in found])
    assert np.allclose(away.std(0), module.AWAY_MM, rtol=0.25)
    sizes = np.array([head.radius_mm for head in found]) / frame.head_radius
    assert np.log(sizes).std() == pytest.approx(module.RADIUS_SPREAD, rel=0.25)
