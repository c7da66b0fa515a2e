"""Which side of a femur each view shows."""

import matplotlib
import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.mesh import Mesh
from femurkit.report.views import THICK_MM, thickness_colours, view


def joined(*meshes):
    start = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + s for m, s in zip(meshes, start, strict=False)]),
    )


@pytest.mark.parametrize("side", list(Side))
def test_patient_left_is_right_in_the_picture_from_the_front(box, side):
    # A shaft with a head on its inner, upper side; inner is patient right (-x) for a left femur.
    shaft, inner = box((0, 0, 0), (20, 20, 100)), -side.sign
    x = sorted((10 + inner * 10, 10 + inner * 50))
    femur = joined(shaft, box((x[0], 0, 80), (x[1], 20, 100)))
    lower = view(femur, "anterior", side).image[-20:, :, 3] > 127
    columns = np.flatnonzero(lower.any(0))
    # The shaft stands at the lateral edge: right in the picture for a left femur.
    centre = columns.mean() / lower.shape[1]
    assert centre > 0.6 if side is Side.LEFT else centre < 0.4
    back = view(femur, "posterior", side).image[-20:, :, 3] > 127
    assert np.flatnonzero(back.any(0)).mean() / back.shape[1] == pytest.approx(1 - centre, abs=0.05)


@pytest.mark.parametrize("side", list(Side))
def test_medial_and_lateral_see_opposite_sides(box, side):
    # A bump in front: anterior (-y) is left in the lateral view of a left femur.
    femur = joined(box((0, 0, 0), (20, 20, 100)), box((0, -40, 80), (20, 0, 100)))
    for name, shaft_at_right in (("lateral", side is Side.LEFT), ("medial", side is Side.RIGHT)):
        lower = view(femur, name, side).image[-20:, :, 3] > 127
        centre = np.flatnonzero(lower.any(0)).mean() / lower.shape[1]
        assert (centre > 0.5) == shaft_at_right


def test_the_colours_of_thickness_are_cividis():
    theirs = matplotlib.colormaps["cividis"](np.arange(256))[:, :3]
    share = (np.arange(256) + 0.5) / 256
    assert np.abs(thickness_colours(THICK_MM * share) / 255 - theirs).max() < 1 / 255
