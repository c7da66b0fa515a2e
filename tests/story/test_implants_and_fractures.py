"""A nail in the left femur, a broken right one: both come out, neither is accepted."""

import json

import numpy as np
import pytest
from pydicom import dcmread
from scipy import ndimage

from femurkit.anatomy import Side
from femurkit.dicom import write_new_series
from femurkit.images import read_mask
from femurkit.mesh import read_stl
from femurkit.sources import load
from femurkit.volume import Volume

STEEL, MUSCLE = 8000.0, 50.0
NAIL_MM, APART_MM = 5.0, 30.0


def line(labels, grid, side):
    """The middle of the shaft: a point on it and its direction downward, LPS mm."""
    at = grid.to_world(np.argwhere(labels == side.label))
    shaft = at[at[:, 2] < at[:, 2].min() + 60]
    low, high = (shaft[(shaft[:, 2] > z) & (shaft[:, 2] < z + 12)].mean(0)
                 for z in shaft[:, 2].min() + np.array([2, 45]))  # fmt: skip
    return low, (low - high) / np.linalg.norm(low - high)


def nailed(hu, labels, grid):
    """A nail in the lower 110 mm of the left shaft. Returns the HU and where the nail is."""
    low, down = line(labels, grid, Side.LEFT)
    rays = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - low
    along = rays @ down
    away = np.linalg.norm(rays - along[..., None] * down, axis=-1)
    nail = (away < NAIL_MM) & (along > -90)
    share = ndimage.gaussian_filter(nail.astype(np.float32), 0.6 / np.array(grid.spacing_mm))
    return hu * (1 - share) + STEEL * share, nail


def broken(hu, labels, grid):
    """The right shaft broken 45 mm above its end, the lower part moved aside."""
    low, down = line(labels, grid, Side.RIGHT)
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    bone = labels == Side.RIGHT.label
    part = bone & ((points - low) @ down > -40)
    aside = np.array([-APART_MM, 0.0, -4.0])
    step = np.rint(grid.to_index(grid.origin_mm + aside)).astype(int)
    wide = ndimage.binary_dilation(part, iterations=2) & ~(bone & ~part)
    at = np.argwhere(wide)
    to = at + step
    there = ((to >= 0) & (to < hu.shape)).all(1)
    out, truth = hu.copy(), labels.copy()
    out[wide], truth[part] = MUSCLE, 0
    out[tuple(to[there].T)] = hu[tuple(at[there].T)]
    moved = np.argwhere(part) + step
    truth[tuple(moved[((moved >= 0) & (moved < hu.shape)).all(1)].T)] = Side.RIGHT.label
    return out, truth


@pytest.fixture(scope="module")
def spoilt(patient, femurkit, tmp_path_factory):
    """OUT, the truth's labels, and where the nail is."""
    scan = load(patient / "ct")
    grid = scan.volume.grid
    labels, _ = read_mask(patient / "truth/mask.nii.gz")
    hu, nail = nailed(scan.volume.array.astype(np.float32), labels, grid)
    hu, truth = broken(hu, labels, grid)
    folder = tmp_path_factory.mktemp("spoilt")
    hu = np.clip(hu, -1024, 3071).astype(np.int16)
    written = write_new_series(
        Volume(hu, grid), folder / "ct", seed_text="nail and fracture",
        patient={"PatientID": "P001", "PatientName": "Phantom^P001"},
    )  # fmt: skip
    assert written.same_as(grid)
    told = femurkit("reconstruct", folder / "ct", "-o", folder / "out", "--also", "ply", "--json")
    assert told.code == 0, told.err
    return folder / "out", truth, nail


def rows(out):
    return {row["side"]: row for row in json.loads((out / "measurements.json").read_text())}


def findings(out):
    told = json.loads((out / "run.json").read_text())["remarks"]
    return {(remark["of"], remark["code"]): remark for remark in told}


def test_neither_is_accepted_and_each_says_why(spoilt):
    out, *_ = spoilt
    found, said = rows(out), findings(out)
    assert "accept" not in {row["verdict"] for row in found.values()}
    assert ("left", "IMPLANT") in said
    assert ("right", "IMPLANT") not in said
    assert ("right", "FRACTURE_SUSPECTED") in said
    assert ("left", "FRACTURE_SUSPECTED") not in said
    page = (out / "report.html").read_text()
    assert "of metal at this femur" in page
    assert "The femur may be broken" in page


def test_the_bone_with_the_nail_is_one_solid(spoilt):
    out, truth, _ = spoilt
    mask, _ = read_mask(out / "left/mask.nii.gz")
    true = truth == Side.LEFT.label
    assert 2 * np.count_nonzero(true & (mask > 0)) / (true.sum() + (mask > 0).sum()) > 0.97
    checks = {c["code"]: c["passed"] for c in rows(out)["left"]["checks"]}
    assert checks["WATERTIGHT"]
    assert checks["ONE_COMPONENT"]


def test_the_nail_is_outlined_apart(spoilt):
    out, _, nail = spoilt
    mask, grid = read_mask(out / "left/implant_mask.nii.gz")
    agreement = 2 * np.count_nonzero(nail & (mask > 0)) / (nail.sum() + (mask > 0).sum())
    assert agreement > 0.93
    mesh = read_stl(out / "left/implant.stl")
    assert mesh.is_watertight
    assert mesh.volume_mm3 == pytest.approx(np.count_nonzero(mask) * grid.voxel_mm3, rel=0.05)
    assert (out / "left/implant.ply").exists()
    assert dcmread(out / "left/implant_stl.dcm").DocumentTitle == "Left femur, implant"
    assert not list(out.glob("right/implant*"))


def test_nothing_measured_from_metal_is_stated(spoilt):
    out, *_ = spoilt
    row = rows(out)["left"]
    why = row["not_measurable"]
    assert row["canal_volume_ml"] is None
    assert why["canal_volume_ml"] == "metal in the canal"
    assert row["shaft_cortical_thickness_mm"] is None
    assert "metal" in why["shaft_cortical_thickness_mm"]
    assert row["head_radius_mm"] is not None  # the nail ends far below
    assert row.get("compact_bone_hu", 0) < 2000


def test_the_pieces_of_the_broken_femur_are_all_there(spoilt):
    out, truth, _ = spoilt
    mask, _ = read_mask(out / "right/mask.nii.gz")
    true = truth == Side.RIGHT.label
    assert 2 * np.count_nonzero(true & (mask > 0)) / (true.sum() + (mask > 0).sum()) > 0.95
    assert read_stl(out / "right/femur.stl").is_watertight


def test_the_implant_is_a_segment_of_its_own(spoilt, femurkit, tmp_path):
    out, *_ = spoilt
    segments = dcmread(out / "segmentation.dcm").SegmentSequence
    labels = [s.SegmentLabel for s in segments]
    assert labels == ["Left femur", "Right femur", "Left hip implant"]
    kind = segments[2].SegmentedPropertyTypeCodeSequence[0]
    assert (kind.CodeValue, kind.CodingSchemeDesignator) == ("40388003", "SCT")
    category = segments[2].SegmentedPropertyCategoryCodeSequence[0]
    assert category.CodeValue == "260787004"
    told = femurkit("mesh", out / "segmentation.dcm", "-o", tmp_path / "mesh", "--json")
    assert told.code == 0, told.err
    assert [row["side"] for row in told.json["femurs"]] == ["left", "right"]
    same = {s: r["mask_volume_ml"] for s, r in rows(out).items()}
    assert {r["side"]: r["mask_volume_ml"] for r in told.json["femurs"]} == same
