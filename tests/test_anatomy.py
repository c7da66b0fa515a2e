import pytest

from femurkit.anatomy import Side, side_named


@pytest.mark.parametrize(
    "name", ["left femur", "Femur_L", "femur_left", "FEMUR L", "LFemur", "FemurLt", "leftfemur"]
)
def test_left_in_any_spelling(name):
    assert side_named(name) is Side.LEFT
    mirror = {"left": "right", "LT": "RT", "Lt": "Rt", "L": "R"}
    for one, other in mirror.items():
        if one in name:
            assert side_named(name.replace(one, other)) is Side.RIGHT
            break


@pytest.mark.parametrize(
    "name", ["femur", "", "femora", "left and right femur", "Femur 2", "tissue"]
)
def test_no_side_or_both_is_none(name):
    assert side_named(name) is None
