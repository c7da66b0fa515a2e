"""What the scan's edges cut off, told by area and direction of the patient."""

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.locate.edges import EDGE_CLAIMS, edges_of_coarse, edges_of_mask
from femurkit.remark import remarks_on
from femurkit.volume import Field, Mask, Volume

SHAPE, SPACING = (30, 40, 50), (2.0, 1.0, 1.5)


def block(**reach):
    """A block that lies within the scan but for the directions that are named."""
    low, high = np.array([4, 5, 5]), np.array([26, 35, 45])
    ends = {"lower": (0, 0), "upper": (0, 1), "anterior": (1, 0), "posterior": (1, 1),
            "right": (2, 0), "left": (2, 1)}  # fmt: skip
    for name in reach:
        axis, last = ends[name]
        if last:
            high[axis] = SHAPE[axis]
        else:
            low[axis] = 0
    array = np.zeros(SHAPE, bool)
    array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return Mask(array, Grid.aligned(SHAPE, SPACING, (0.0, 0.0, 0.0)))


def codes(edges):
    return [remark.code for remark in remarks_on(edges, EDGE_CLAIMS)]


@pytest.mark.parametrize(
    ("name", "mm2", "said"),
    [
        ("upper", 30 * 1.0 * 40 * 1.5, ["HEAD_IN_SCAN"]),
        ("lower", 30 * 1.0 * 40 * 1.5, []),
        ("anterior", 22 * 2.0 * 40 * 1.5, ["FEMUR_IN_VIEW"]),
        ("posterior", 22 * 2.0 * 40 * 1.5, ["FEMUR_IN_VIEW"]),
        ("right", 22 * 2.0 * 30 * 1.0, ["FEMUR_IN_VIEW"]),
        ("left", 22 * 2.0 * 30 * 1.0, ["FEMUR_IN_VIEW"]),
    ],
)
def test_each_edge_by_its_name_and_area(name, mm2, said):
    edges = edges_of_mask(block(**{name: True}))
    assert edges == {**dict.fromkeys(edges, 0.0), name: pytest.approx(mm2)}
    assert codes(edges) == said


@pytest.mark.parametrize("gap", [0, 1])
@pytest.mark.parametrize(
    ("name", "said"), [("upper", ["HEAD_IN_SCAN"]), ("lower", []), ("left", ["FEMUR_IN_VIEW"])]
)
def test_padding_within_the_scan_cuts_as_its_faces_do(name, said, gap):
    """Slices that were blanked, a round field of view: up to two voxels from the outline."""
    mask = block()
    hu = np.where(mask.array, 700, 40).astype(np.int16)
    beyond = {
        "upper": np.s_[26 + gap :],
        "lower": np.s_[: 4 - gap],
        "left": np.s_[:, :, 45 + gap :],
    }
    hu[beyond[name]] = -1024
    edges = edges_of_mask(mask, Volume(hu, mask.grid))
    assert edges[name] == pytest.approx(edges_of_mask(block(**{name: True}))[name], rel=0.2)
    assert [one for one, mm2 in edges.items() if mm2] == [name] and codes(edges) == said


def test_a_bone_alone_in_air_is_not_cut_off():
    mask = block()
    hu = np.where(mask.array, 700, -1000).astype(np.int16)
    assert not any(edges_of_mask(mask, Volume(hu, mask.grid)).values())


def test_directions_are_the_patients_however_the_voxels_are_stored():
    mask = block(upper=True, left=True)
    flip = np.diag([-1.0, -1.0, 1.0, 1.0])
    flip[:2, 3] = 1000.0
    turned = Mask(mask.array, Grid(mask.grid.shape, flip @ mask.grid.affine))
    named = {name for name, mm2 in edges_of_mask(turned).items() if mm2}
    assert named == {"upper", "right"}


def test_a_femur_within_the_scan_is_cut_nowhere():
    assert not any(edges_of_mask(block()).values())
    assert codes(edges_of_mask(block())) == []


def test_every_side_that_is_cut_is_named():
    (remark,) = remarks_on(edges_of_mask(block(left=True, posterior=True)), EDGE_CLAIMS)
    assert "left edge" in remark.text and "posterior edge" in remark.text


def test_the_coarse_pass_sees_the_same_and_only_its_own_femur():
    mask = block(upper=True)
    grid = Grid.aligned((17, 12, 21), (4.0, 4.0, 4.0), (-4.0, -4.0, -4.0))
    at = mask.grid.to_index(grid.to_world(np.argwhere(np.ones(grid.shape, bool)))).round()
    at = np.clip(at.astype(int), 0, np.array(SHAPE) - 1)
    coarse = Field(mask.array[tuple(at.T)].reshape(grid.shape).astype(np.float32), grid)
    everywhere = np.array([-99.0] * 3), np.array([99.0] * 3)
    edges = edges_of_coarse(coarse, mask.grid, *everywhere)
    assert codes(edges) == ["HEAD_IN_SCAN"]
    assert edges["upper"] == pytest.approx(1800, rel=0.3)
    elsewhere = np.array([50.0] * 3), np.array([99.0] * 3)
    assert codes(edges_of_coarse(coarse, mask.grid, *elsewhere)) == []
