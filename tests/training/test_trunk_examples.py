"""Boxes from whole trunks: what the fine network is shown, and what it should say."""

import numpy as np

from femurkit.phantom.hip_bones import draw_hips
from femurkit.training.examples import FINE_SHAPE
from femurkit.training.trunk_examples import make_trunk_examples, trunk_examples


def test_a_box_about_a_hip_holds_its_femur_where_the_image_has_bone():
    hips = draw_hips(np.random.default_rng(4))
    boxes = [b for seed in range(4) for b in trunk_examples(hips, np.random.default_rng(seed))]
    assert {b["hu"].shape for b in boxes} == {FINE_SHAPE}
    with_hip = [b for b in boxes if (b["femur"] > 127).sum() > 20_000]
    assert len(with_hip) >= 3, "most boxes are about a hip"
    for box in with_hip:
        inside, other = box["femur"] > 200, box["other"] > 200
        assert not (inside & other).any()
        edge = (box["femur"] > 60) & (box["femur"] < 190)
        assert np.percentile(box["hu"][inside | edge], 90) > np.median(box["hu"]) + 150


def test_the_same_person_gives_the_same_boxes(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        make_trunk_examples(3, 5, tmp_path / folder)
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert len(names) == 6
    for name in names[:2]:
        one, other = (np.load(tmp_path / folder / name) for folder in ("a", "b"))
        assert all((one[key] == other[key]).all() for key in one.files)
