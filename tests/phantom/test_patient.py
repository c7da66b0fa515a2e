import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.geometry import Grid, resample
from femurkit.phantom import make_patient, write_patient
from femurkit.phantom.anatomy import draw_anatomy
from femurkit.phantom.render import depths, scan
from femurkit.phantom.scanner import Scanner
from femurkit.phantom.tissue import OUTLINE_HU

SPACING = (4.0, 2.0, 2.0)


@pytest.fixture(scope="module")
def patient():
    return make_patient(11, spacing_mm=SPACING)


def _bytes(folder: Path) -> dict[str, str]:
    return {
        str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*")) if f.is_file()
    }  # fmt: skip


@pytest.mark.parametrize("form", ["dicom", "nifti"])
def test_same_seed_same_bytes(patient, tmp_path, form):
    write_patient(patient, tmp_path / "a", format=form)
    write_patient(make_patient(11, spacing_mm=SPACING), tmp_path / "b", format=form)
    first = _bytes(tmp_path / "a")
    assert {"truth/mask.nii.gz", "truth/left.stl", "truth/right.stl", "truth/truth.json"} <= set(
        first
    )
    assert first == _bytes(tmp_path / "b")


def test_another_number_is_another_patient(patient):
    other = make_patient(11, number=2, spacing_mm=SPACING)
    assert (
        other.truth["femurs"]["left"]["volume_ml"] != patient.truth["femurs"]["left"]["volume_ml"]
    )


def test_mask_surface_and_numbers_are_one_truth(patient):
    grid = patient.volume.grid
    for side in Side:
        mesh, true = patient.meshes[side], patient.truth["femurs"][side.value]
        assert mesh.is_watertight
        assert mesh.volume_mm3 / 1000 == pytest.approx(true["volume_ml"])
        voxels = np.count_nonzero(patient.labels == side.label) * grid.voxel_mm3 / 1000
        assert voxels == pytest.approx(true["volume_ml"], rel=0.01)
        centre = np.rint(grid.to_index(true["head_centre_lps_mm"])).astype(int)
        assert patient.labels[tuple(centre)] == side.label
    left, right = (patient.truth["femurs"][s.value]["head_centre_lps_mm"][0] for s in Side)
    assert left > right, "the patient's left is +x in LPS"


def test_the_noise_free_scan_reads_the_outline_value_on_the_femur():
    anatomy = draw_anatomy(np.random.default_rng(5))
    femur = anatomy.femurs[Side.LEFT]
    scanner = Scanner((1.0, 0.8, 0.8), psf_mm=0.6, noise_hu=0.0, table=False)
    assert femur.frame is not None
    low = femur.frame.trochanter + [-35, -35, -70]
    grid = Grid.aligned((60, 90, 90), scanner.spacing_mm, low)
    hu = scan(
        anatomy,
        replace(scanner),
        grid,
        np.random.default_rng(0),
        bones=depths(anatomy, grid, lattice_mm=1.0),
    )
    index = grid.to_index(femur.mesh.vertices)
    on = ((index > 4) & (index < np.array(grid.shape) - 5)).all(1)
    at = np.rint(index[on] * 4).astype(int)
    fine = Grid(tuple(4 * n for n in grid.shape), grid.affine @ np.diag([0.25, 0.25, 0.25, 1]))
    seen = resample(hu, grid, fine)[tuple(at.T)]
    assert len(seen) > 100
    assert np.median(seen) == pytest.approx(OUTLINE_HU, abs=60)


def test_a_missing_femur_is_missing_everywhere():
    patient = make_patient(12, spacing_mm=(4.0, 2.0, 2.0), missing=Side.LEFT)
    assert set(patient.meshes) == {Side.RIGHT}
    assert set(np.unique(patient.labels)) == {0, 2}
    assert set(patient.truth["femurs"]) == {"right"}
