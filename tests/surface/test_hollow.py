import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.surface.contour import genus, parts
from femurkit.surface.field import Plane, faces, prepared
from femurkit.surface.hollow import hollow, two_classes
from femurkit.surface.periosteal import periosteal
from femurkit.volume import Field, Volume

CENTRE = np.array([60.0, -40.0, 100.0])
MARROW, CORTEX, TRABECULAR, MUSCLE = -20.0, 1380.0, 240.0, 50.0
OUTER, INNER = 14.0, 7.0


def bone(*, inner=INNER, spacing=(1.0, 1.0, 1.0), bottom=-80.0, noise=25.0, trabecular=TRABECULAR):
    """A shaft of radius 14 mm under a ball of 26 mm: a field, and the CT of it with its canal.

    Down the axis from the ball: trabecular bone to 30 mm below its centre, marrow below.
    """
    box = Grid.aligned((100, 44, 44), (1.5,) * 3, CENTRE - [32.7, 33.1, 105.2])
    field = np.clip(0.5 + depth(box) / 3, 0, 1).astype(np.float32)
    shape = tuple(int(n) for n in np.ceil(np.array([120, 90, 90]) / spacing))
    scan = Grid.aligned(shape, spacing, CENTRE + [-45, -45, bottom + spacing[0] / 2])
    edge_mm = 1.0  # a point spread: HU pass linearly from one tissue to the next
    inside = np.clip(0.5 + depth(scan) / edge_mm, 0, 1)
    p = points(scan)
    core = np.clip(0.5 + (inner - np.hypot(p[..., 0], p[..., 1])) / edge_mm, 0, 1)
    high = p[..., 2] > -30
    filling = np.where(high, trabecular, MARROW)
    core = np.where(high, np.clip(depth(scan) - 2, 0, 1), core)
    hu = (1 - inside) * MUSCLE + inside * (core * filling + (1 - core) * CORTEX)
    hu += np.random.default_rng(1).normal(0, noise, shape) if noise else 0
    return Field(field, box), Volume(hu.astype(np.float32), scan)


def opened(field, volume):
    ready = prepared(field, volume.grid)
    return hollow(ready, volume, periosteal(ready))


def points(grid):
    return grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1)) - CENTRE


def depth(grid):
    p = points(grid)
    shaft = np.minimum(OUTER - np.hypot(p[..., 0], p[..., 1]), -p[..., 2])
    return np.maximum(26 - np.linalg.norm(p, axis=-1), shaft)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 0.8, 0.8)])
@pytest.mark.parametrize("inner", [5.0, 7.0, 10.0])
def test_the_canal_has_its_radius_and_is_open_at_the_cut(inner, spacing):
    field, volume = bone(inner=inner, spacing=spacing)
    found = opened(field, volume)
    mesh = found.mesh
    assert mesh.is_watertight
    assert parts(mesh).max() == 0
    assert genus(mesh) == 0  # a cavity with one mouth; with none it would be two parts
    floor = faces(volume.grid)[0]
    end = np.abs(floor.depth_mm(mesh.vertices)) < 1e-9
    corners = mesh.vertices[mesh.faces[end[mesh.faces].all(1)]]
    ring = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(ring, axis=1).sum() / 2
    assert area == pytest.approx(np.pi * (OUTER**2 - inner**2), rel=0.04)
    p = mesh.vertices - CENTRE
    canal = (np.hypot(p[:, 0], p[:, 1]) < inner + 1.5) & (p[:, 2] < -50) & ~end
    radius = np.hypot(p[canal, 0], p[canal, 1])
    assert radius.mean() == pytest.approx(inner, abs=0.2)
    assert radius.std() < 0.2


def test_the_threshold_is_half_way_between_marrow_and_cortex():
    found = opened(*bone())
    assert found.marrow_hu == pytest.approx(MARROW, abs=40)
    assert found.cortical_hu == pytest.approx(CORTEX, abs=40)
    assert found.threshold_hu == (found.marrow_hu + found.cortical_hu) / 2
    assert found.notes == ()


CANAL_ML = np.pi * INNER**2 * 50 / 1000  # up to where trabecular bone begins
ABOVE_ML = np.pi * 12**2 * 8 / 1000  # from there to where the shaft widens


@pytest.mark.parametrize(
    ("trabecular", "most_ml"),
    [(240.0, CANAL_ML), (120.0, CANAL_ML + ABOVE_ML), (MARROW, CANAL_ML + ABOVE_ML)],
    ids=["young", "old", "none left"],
)
def test_above_the_shaft_the_bone_is_solid_however_thin_its_trabeculae(trabecular, most_ml):
    field, volume = bone(trabecular=trabecular)
    found = opened(field, volume)
    solid = periosteal(prepared(field, volume.grid)).mesh
    p = found.mesh.vertices - CENTRE
    axis = (np.hypot(p[:, 0], p[:, 1]) < 11) & (p[:, 2] > -20) & (p[:, 2] < 0)
    assert not ((np.linalg.norm(p, axis=1) < 20) | axis).any()
    assert found.canal_ml == pytest.approx((solid.volume_mm3 - found.mesh.volume_mm3) / 1000)
    assert 0.9 * CANAL_ML < found.canal_ml < 1.02 * most_ml


def test_a_scan_that_ends_above_the_shaft_leaves_the_bone_solid_and_says_so():
    field, volume = bone(bottom=-5.0)
    found = opened(field, volume)
    assert found.canal_ml == 0
    assert found.threshold_hu is None
    assert "No shaft" in found.notes[0]
    assert found.mesh.volume_mm3 == periosteal(prepared(field, volume.grid)).mesh.volume_mm3


def test_without_contrast_no_canal_is_invented():
    field, volume = bone()
    flat = Volume(np.clip(volume.array, 0, 200), volume.grid)
    found = opened(field, flat)
    assert found.canal_ml == 0
    assert "too close" in found.notes[0]


def test_a_nail_in_the_canal_is_said_and_no_canal_guessed():
    field, volume = bone()
    p = points(volume.grid)
    nail = np.where(np.hypot(p[..., 0], p[..., 1]) < 11, np.float32(3000), volume.array)
    found = opened(field, Volume(nail.astype(np.float32), volume.grid))
    assert found.canal_ml == 0
    assert "metal" in found.notes[0]


def test_a_mask_too_wide_by_a_voxel_does_not_open_the_cortex():
    field, volume = bone()
    wide = Field(np.clip(0.5 + (depth(field.grid) + 1.5) / 3, 0, 1).astype(np.float32), field.grid)
    mesh = opened(wide, volume).mesh
    assert mesh.is_watertight
    outer = periosteal(prepared(wide, volume.grid)).mesh
    level = Plane(CENTRE - [0, 0, 60], np.array([0.0, 0, 1]))
    near = [m.vertices[np.abs(level.depth_mm(m.vertices)) < 2] - CENTRE for m in (mesh, outer)]
    radii = [np.hypot(p[:, 0], p[:, 1]) for p in near]
    wall = radii[0][radii[0] > 10]
    assert wall.min() == pytest.approx(radii[1].min(), abs=0.1)


def test_two_classes_are_the_medians_of_the_two_tissues():
    rng = np.random.default_rng(2)
    hu = np.concatenate([rng.normal(-30, 40, 3000), rng.normal(1300, 90, 7000)])
    low, high = two_classes(hu)
    assert low == pytest.approx(-30, abs=5)
    assert high == pytest.approx(1300, abs=5)
