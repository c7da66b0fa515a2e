"""Cortical thickness against that of the phantoms, seen through a point spread of 0.8 mm."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.special import ndtr

from femurkit.anatomy import Side
from femurkit.geometry import Grid
from femurkit.phantom.anatomy import draw_anatomy
from femurkit.phantom.render import depths, scan
from femurkit.phantom.scanner import Scanner
from femurkit.solid import cut, faces
from femurkit.surface.cortex import _normal, cortex
from femurkit.volume import Volume


@pytest.fixture(scope="module", params=[(1.0, 0.8, 0.8), (3.0, 0.9, 0.9)], ids=["1 mm", "3 mm"])
def scanned(request):
    """One femur, its exact outline as the scan shows it, and the scan."""
    anatomy = draw_anatomy(np.random.default_rng(1))
    bone = anatomy.femurs[Side.LEFT]
    frame, spacing = bone.frame, request.param
    low = np.array([*(frame.head[:2] - [45, 70]), frame.trochanter[2] - 60])
    high = frame.head + [105, 80, 40]
    grid = Grid.aligned(np.ceil((high - low)[::-1] / spacing).astype(int), spacing, low)
    scanner = Scanner(spacing, psf_mm=0.8, noise_hu=15.0, table=False)
    rng = np.random.default_rng(0)
    hu = scan(anatomy, scanner, grid, rng, bones=depths(anatomy, grid, lattice_mm=1.0))
    return anatomy, bone, cut(bone.mesh, faces(grid)), Volume(hu, grid)


def errors(bone, outline, found):
    """True thickness and error at the vertices away from the cut end."""
    true = bone.thickness_mm[cKDTree(bone.mesh.vertices).query(outline.vertices)[1]]
    inner = outline.vertices[:, 2] > outline.vertices[:, 2].min() + 6
    error = found.thickness_mm - true
    assert np.isfinite(error[inner]).mean() > 0.95
    return true[inner & np.isfinite(error)], error[inner & np.isfinite(error)]


def test_thickness_is_what_the_phantom_has(scanned):
    anatomy, bone, outline, volume = scanned
    found = cortex(outline, volume)
    assert found.cortical_hu == pytest.approx(anatomy.bone_hu.cortex, rel=0.03)
    assert found.sigma_mm == pytest.approx(0.85, abs=0.15)
    true, error = errors(bone, outline, found)
    thick, thin = true >= 3, (true >= 1) & (true < 3)
    assert thick.sum() > 500 and thin.sum() > 500
    assert np.abs(error[thick]).mean() < 0.3
    assert abs(error[thin].mean()) < 0.25
    assert abs(error[true < 1].mean()) < 0.25, "thinner than the scanner resolves"


def test_a_scan_without_contrast_gives_a_reason(scanned):
    *_, outline, volume = scanned
    flat = Volume(np.full(volume.array.shape, 60, np.int16), volume.grid)
    assert isinstance(cortex(outline, flat), str)


def test_the_normal_distribution_to_two_parts_in_ten_thousand():
    z = np.linspace(-60, 60, 100_001).astype(np.float32)
    assert _normal(z).dtype == np.float32
    np.testing.assert_allclose(_normal(z), ndtr(z), rtol=0, atol=2e-4)
