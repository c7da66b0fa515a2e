"""What a notebook shows of a result, and what is one attribute away."""

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.images import write_mask
from femurkit.mesh import Mesh, write_stl
from femurkit.result import Result

CORNERS = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 4]], float)
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


def row(side, **changes):
    return {"side": side, "verdict": "look", "volume_ml": 200.5, "surface_area_mm2": 20123.4,
            "head_radius_mm": None, "neck_shaft_angle_deg": 127.1, "femoral_offset_mm": 43.0,
            "confidence": 0.9, **changes}  # fmt: skip


@pytest.fixture
def result(tmp_path):
    grid = Grid.aligned((3, 4, 5), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    mask = np.zeros((3, 4, 5), np.uint8)
    mask[1, 1:3, 2] = 1
    (tmp_path / "left").mkdir()
    write_mask(mask, grid, tmp_path / "left/mask.nii.gz")
    for name in ("femur", "femur_hollow"):
        write_stl(Mesh(CORNERS, FACES), tmp_path / f"left/{name}.stl")
    return Result(tmp_path, (row("left"),), ("a <b>note</b>",), {"read": 1.25}, 2.0)


def test_arrays_and_meshes_are_one_attribute_away(result):
    assert result.right is None
    assert result.left.side is Side.LEFT
    assert result.left.mask.array.sum() == 2
    assert result.left.surface.volume_mm3 == pytest.approx(4**3 / 6)
    assert result.left.hollow.is_watertight
    assert result.left.measurements["volume_ml"] == 200.5
    assert result.report == result.out / "report.html"


def test_surfaces_that_were_written_in_ras_come_back_in_lps(result):
    ras = Result(result.out, result.measurements, (), space="RAS")
    assert np.allclose(ras.left.surface.vertices.min(0), [-4, -4, 0])
    assert ras.left.surface.volume_mm3 == pytest.approx(result.left.surface.volume_mm3)


def test_its_repr_is_a_small_report(result):
    text = repr(result)
    for part in ("1 femur(s) in 2.0 s", "left: verdict look", "volume 200.5 ml", "head radius -",
                 "neck shaft angle 127.1 °", "confidence 0.9", "a <b>note</b>"):  # fmt: skip
        assert part in text, part


def test_in_a_notebook_it_is_a_table_and_markup_is_text(result):
    html = result._repr_html_()
    assert "<th>left</th>" in html and "<td>200.5 ml</td>" in html
    assert "<b>note" not in html and "&lt;b&gt;note" in html
