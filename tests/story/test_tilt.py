"""A gantry tilted by 15 degrees: the femur lies where the upright scan had it."""

import numpy as np
import pytest
from pydicom import dcmread
from scipy.spatial.transform import Rotation

from femurkit.geometry import Grid, resample
from femurkit.images import read_mask
from femurkit.mesh import distances_mm, read_stl
from femurkit.sources import load

TILT = Rotation.from_euler("x", 15, degrees=True)
ENDS_MM = 20.0
"""The scans are cut at different slants: what is so near the lower end is not compared."""


@pytest.fixture(scope="module")
def tilted(patient, tmp_path_factory):
    """The patient's scan, each slice sampled where a tilted gantry would have taken it."""
    scan = load(patient / "ct")
    grid = scan.volume.grid
    affine, middle = grid.affine.copy(), (np.array(grid.shape) - 1) / 2
    affine[:3, 1:3] = TILT.apply(affine[:3, 1:3].T).T
    affine[:3, 3] = grid.to_world(middle) - affine[:3, :3] @ middle
    slanted = Grid(grid.shape, affine)
    hu = resample(scan.volume.array, grid, slanted, outside=-1000.0)
    row, column = (affine[:3, k] / np.linalg.norm(affine[:3, k]) for k in (2, 1))
    files = {ds.SOPInstanceUID: ds for ds in map(dcmread, (patient / "ct").iterdir())}
    folder = tmp_path_factory.mktemp("tilted")
    for index, header in enumerate(scan.series.headers):
        ds = files[header.SOPInstanceUID]
        ds.ImagePositionPatient = [f"{v:.6f}" for v in slanted.to_world((index, 0, 0))]
        ds.ImageOrientationPatient = [f"{v:.9f}" for v in (*row, *column)]
        stored = np.rint((hu[index] - float(ds.RescaleIntercept)) / float(ds.RescaleSlope))
        ds.PixelData = stored.astype(ds.pixel_array.dtype).tobytes()
        ds.save_as(folder / f"{index:04d}.dcm")
    return folder


def test_the_femur_is_where_it_was_and_the_tilt_is_told(tilted, patient, femurkit, tmp_path):
    told = femurkit("reconstruct", tilted, "-o", tmp_path / "out", "--side", "left")
    assert told.code == 0, told.err
    assert "15.0 degrees" in told.err
    found = read_stl(tmp_path / "out/left/femur.stl")
    true = read_stl(patient / "truth/left.stl").vertices
    shown = true[true[:, 2] > found.vertices[:, 2].min() + ENDS_MM]
    assert np.percentile(distances_mm(shown, found), 95) < 1.5
    labels, grid = read_mask(tmp_path / "out/left/mask.nii.gz")
    assert np.count_nonzero(labels) * grid.voxel_mm3 == pytest.approx(found.volume_mm3, rel=0.01)
