import csv
import json

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.errors import BadGeometry, NothingReadable
from femurkit.evaluation.cases import on_voxels, scan_of
from femurkit.evaluation.compare import compare, compare_labels, evaluate, write_rows
from femurkit.geometry import Grid
from femurkit.images import write_mask
from femurkit.mesh import write_stl
from femurkit.surface.contour import contour
from femurkit.volume import Field

GRID = Grid.aligned((20, 30, 60), (3.0, 0.8, 0.8), (-31.5, 12.0, -404.0))


def labels(*, grow=0, left=True, right=True):
    out = np.zeros(GRID.shape, np.uint8)
    if left:
        out[4:16, 8 : 22 + grow, 40:52] = 1
    if right:
        out[4:16, 8:22, 6:18] = 2
    return out


def surface(array):
    return contour(Field(array.astype(np.float32), GRID))


@pytest.fixture
def run(tmp_path):
    """OUT of a run whose left femur is two rows too large, its right one exact."""
    out = tmp_path / "out"
    found = labels(grow=2)
    for side in Side:
        (out / side.value).mkdir(parents=True)
        one = found == side.label
        write_mask(one.astype(np.uint8), GRID, out / side.value / "mask.nii.gz")
        write_stl(surface(one), out / side.value / "femur.stl")
    return out


@pytest.fixture
def phantom(tmp_path):
    folder = tmp_path / "phantoms" / "P001"
    (folder / "truth").mkdir(parents=True)
    write_mask(labels(), GRID, folder / "truth" / "mask.nii.gz")
    for side in Side:
        write_stl(surface(labels() == side.label), folder / "truth" / f"{side.value}.stl")
    return folder


def test_scores_of_each_side_by_hand():
    rows = compare_labels(labels(grow=2), labels(), GRID)
    left, right = rows[Side.LEFT], rows[Side.RIGHT]
    assert left["dsc"] == pytest.approx(2 * 14 / (14 + 16))
    assert left["precision"] == left["average_precision"] == pytest.approx(14 / 16)
    assert left["sensitivity"] == 1
    assert left["volume_error_percent"] == pytest.approx(100 * 2 / 14)
    assert left["truth_volume_ml"] == pytest.approx(12 * 14 * 12 * 3 * 0.64 / 1000)
    assert left["hd_mm"] == pytest.approx(1.6)
    assert right["dsc"] == 1
    assert right["assd_mm"] == 0
    assert right["volume_error_ml"] == 0


def test_a_femur_that_is_missing_scores_nothing_and_swapped_sides_too():
    rows = compare_labels(labels(right=False), labels(), GRID)
    assert rows[Side.RIGHT]["dsc"] == 0
    assert rows[Side.RIGHT]["assd_mm"] is None
    assert rows[Side.RIGHT]["volume_error_percent"] == -100
    swapped = np.choose(labels(), np.array([0, 2, 1], np.uint8))
    assert {r["dsc"] for r in compare_labels(swapped, labels(), GRID).values()} == {0}
    assert set(compare_labels(labels(), labels(left=False), GRID)) == {Side.RIGHT}


def test_a_run_against_a_phantom_with_surfaces(run, phantom):
    left, right = evaluate(run, phantom)
    assert left["area_error_mm2"] == left["surface_area_mm2"] - left["truth_area_mm2"]
    assert (left["case"], left["side"], right["side"]) == ("P001", "left", "right")
    assert left["dsc"] == pytest.approx(28 / 30)
    assert right["surface_assd_mm"] == pytest.approx(0, abs=1e-4)
    assert right["area_error_percent"] == pytest.approx(0, abs=1e-3)
    assert left["surface_hd_mm"] == pytest.approx(1.6, abs=0.01)
    assert left["area_error_percent"] > 2


def test_a_label_file_does_without_surfaces(run, phantom):
    rows = compare(run, phantom / "truth" / "mask.nii.gz")
    assert [row["dsc"] for row in rows] == pytest.approx([28 / 30, 1])
    assert "surface_assd_mm" not in rows[0]


def test_masks_alone_have_areas_too_and_boxes_have_no_regions():
    """Boxes of 36 x 11.2 x 9.6 mm, the left one found 12.8 mm; the surface rounds edges."""
    rows = compare_labels(labels(grow=2), labels(), GRID)
    left, right = rows[Side.LEFT], rows[Side.RIGHT]
    assert right["area_error_percent"] == 0
    assert right["truth_area_mm2"] == pytest.approx(1713, rel=0.12)
    assert left["area_error_mm2"] == pytest.approx(2 * 1.6 * (36 + 9.6), rel=0.15)
    assert left["largest_slice_area_difference_cm2"] == pytest.approx(2 * 12 * 0.64 / 100)
    assert "radius" in left["no_regions"]
    assert left["head_dsc"] is left["shaft_assd_mm"] is None
    lost = compare_labels(labels(left=False), labels(), GRID)[Side.LEFT]
    assert lost["area_error_percent"] == -100
    assert lost["surface_area_mm2"] == 0


def test_a_folder_of_scans_is_matched_by_name(tmp_path):
    for path in ("a/ct.nii.gz", "b/ct/0001.dcm", "c.zip", "d.nrrd"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    found = [scan_of(tmp_path, name).relative_to(tmp_path).as_posix() for name in "abcd"]
    assert found == ["a/ct.nii.gz", "b", "c.zip", "d.nrrd"]
    with pytest.raises(NothingReadable, match="no CT for e"):
        scan_of(tmp_path, "e")


def test_labels_on_part_of_the_voxels_in_another_order_are_put_in_their_place():
    """As a DICOM SEG of the slices with bone may hold them: here from the top down."""
    part, grid = labels()[4:16], GRID.crop((4, 0, 0), (16, 30, 60))
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world((11, 0, 0))
    affine[:3, 0] *= -1
    np.testing.assert_array_equal(on_voxels(part[::-1], Grid(grid.shape, affine), GRID), labels())
    affine[:3, 3] += [0.3, 0, 0]
    assert on_voxels(part[::-1], Grid(grid.shape, affine), GRID) is None
    assert on_voxels(labels(), GRID, GRID.crop((5, 0, 0), (20, 30, 60))) is None


def test_folders_are_matched_by_name(run, phantom, tmp_path):
    preds, truths = tmp_path / "preds", tmp_path / "truths"
    preds.mkdir()
    truths.mkdir()
    for name, grow in (("b", 0), ("a", 2), ("unasked", 0)):
        write_mask(labels(grow=grow), GRID, preds / f"{name}.nii.gz")
    for name in "ab":
        write_mask(labels(), GRID, truths / f"{name}.nii.gz")
    rows = evaluate(preds, truths)
    assert [(r["case"], r["side"]) for r in rows] == [
        ("a", "left"), ("a", "right"), ("b", "left"), ("b", "right"),
    ]  # fmt: skip
    assert [r["dsc"] for r in rows] == pytest.approx([28 / 30, 1, 1, 1])
    run.rename(tmp_path / "preds" / "P001")
    assert len(evaluate(preds, phantom.parent)) == 2


def test_a_truth_without_prediction_is_refused_by_name(tmp_path, phantom):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingReadable, match="P001"):
        evaluate(tmp_path / "empty", phantom.parent)
    with pytest.raises(NothingReadable, match="empty"):
        evaluate(phantom, tmp_path / "empty")
    with pytest.raises(NothingReadable):
        compare(tmp_path / "empty", phantom)


def test_a_truth_without_femur_is_refused(tmp_path, phantom):
    write_mask(np.zeros(GRID.shape, np.uint8), GRID, tmp_path / "none.nii.gz")
    with pytest.raises(NothingReadable, match="without femur"):
        compare(phantom, tmp_path / "none.nii.gz")


@pytest.mark.parametrize("change", ["shifted", "smaller"])
def test_another_grid_is_refused(tmp_path, phantom, change):
    grid, array = GRID, labels()
    if change == "shifted":
        grid = Grid.aligned(GRID.shape, GRID.spacing_mm, GRID.origin_mm + [0.4, 0, 0])
    else:
        grid, array = GRID.crop((0, 0, 0), (19, 30, 60)), array[:19]
    write_mask(array, grid, tmp_path / "pred.nii.gz")
    with pytest.raises(BadGeometry):
        compare(tmp_path / "pred.nii.gz", phantom)


def test_rows_are_written_as_json_and_csv(run, phantom, tmp_path):
    rows = evaluate(run, phantom)
    write_rows(rows, tmp_path)
    content = json.loads((tmp_path / "metrics.json").read_text())
    assert content["rows"] == rows
    assert content["summary"]["dsc"]["mean"] == pytest.approx((28 / 30 + 1) / 2)
    assert content["summary"]["dsc"]["worst"] == pytest.approx(28 / 30)
    assert content["summary"]["hd_mm"]["worst"] == pytest.approx(1.6)
    assert content["summary"]["volume_ml"]["n"] == content["summary"]["area_cm2"]["n"] == 2
    truth_cm2 = [row["truth_area_mm2"] / 100 for row in rows]
    errors = [row["area_error_mm2"] / 100 for row in rows]
    area = content["summary"]["area_cm2"]
    assert area["mae"] == pytest.approx(np.mean(np.abs(errors)))
    assert area["re_percent"] == pytest.approx(np.mean(np.abs(errors) / truth_cm2) * 100)
    assert json.loads((tmp_path / "summary.json").read_text()) == content["summary"]
    with (tmp_path / "metrics.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [float(line["dsc"]) for line in table] == [row["dsc"] for row in rows]
