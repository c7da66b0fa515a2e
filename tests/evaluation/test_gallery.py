"""Which figures there are for one patient, two femurs and many."""

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.evaluation.compare import Comparison
from femurkit.evaluation.femur import compare_femur
from femurkit.evaluation.gallery import patient_figures, study_figures
from femurkit.evaluation.rows import summary
from femurkit.geometry import Grid
from femurkit.solid import voxelise
from femurkit.volume import Mask, Volume


@pytest.fixture(scope="module")
def femur(femur_like):
    """A femur found two voxels too far back, and its scan."""
    mesh = femur_like(Side.RIGHT)
    low, high = mesh.vertices.min(0) - 12, mesh.vertices.max(0) + 12
    grid = Grid.aligned(np.ceil((high - low)[::-1] / 2).astype(int), (2.0,) * 3, low)
    truth = voxelise(mesh, grid)
    ct = Volume(np.where(truth, 600, 20).astype(np.int16), grid)
    pred = Mask(np.roll(truth, 2, axis=1), grid)
    return compare_femur(pred, Mask(truth, grid), Side.RIGHT, ct=ct), ct, mesh


def test_all_scores_of_a_femur_are_in_one_row(femur):
    found, _, mesh = femur
    row = found.row
    assert row["no_regions"] is None
    assert row["joint_gap_by"] == "ct"
    parts = ("head", "neck", "trochanter", "shaft")
    truth_ml = sum(row[f"{part}_truth_volume_ml"] for part in parts)
    assert truth_ml == pytest.approx(row["truth_volume_ml"])
    assert sum(row[f"{part}_volume_ml"] for part in parts) == pytest.approx(row["volume_ml"])
    assert row["truth_area_mm2"] == pytest.approx(mesh.area_mm2, rel=0.03)
    assert row["area_error_percent"] == pytest.approx(0, abs=0.1)
    assert row["hd_mm"] == pytest.approx(4)
    assert 0.5 < row["dsc"] < 0.95


def test_a_patient_has_slices_only_with_a_scan(femur):
    found, ct, mesh = femur
    one = Comparison("P1", [found.row], {Side.RIGHT: found}, ct, {Side.RIGHT: mesh})
    names = [name for name, _ in patient_figures(one)]
    assert names == ["P1_right_slices", "P1_right_areas", "P1_right_views"]
    one = Comparison("P1", [found.row], {Side.RIGHT: found}, None, {})
    assert [name for name, _ in patient_figures(one)] == ["P1_right_areas", "P1_right_views"]


def test_charts_grow_with_the_number_of_femurs(femur):
    row = {"case": "P1", **femur[0].row}
    rows = [{**row, "volume_ml": row["volume_ml"] + k} for k in range(4)]
    assert [name for name, _ in study_figures(rows[:1])] == ["regions"]
    two = [name for name, _ in study_figures(rows[:2])]
    assert two == ["regions", "scores", "volumes", "areas"]
    assert [name for name, _ in study_figures(rows)] == [
        "regions", "scores", "volumes", "volume_agreement", "areas", "area_agreement",
        "differences",
    ]  # fmt: skip
    found = summary(rows)
    assert found["head_dsc"]["mean"] == pytest.approx(row["head_dsc"])
    assert found["volume_ml"]["mae"] == pytest.approx(1.5)
    assert found["shaft_assd_mm"]["sd"] == 0
