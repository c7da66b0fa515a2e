import numpy as np
import pytest

from femurkit.training import examples


def test_the_scans_of_a_patient_are_drawn_once_and_again_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "SCANS_PER_PATIENT", 1)
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        examples.make_coarse(3, 7, folder)
    names = sorted(p.name for p in first.iterdir())
    assert names == ["coarse-0003-0.npz"]
    for name in names:
        one, other = np.load(first / name), np.load(second / name)
        assert one["hu"].shape == one["label"].shape
        assert (one["hu"] == other["hu"]).all() and (one["label"] == other["label"]).all()
        assert set(np.unique(one["label"])) <= {0, 1, 2, 3, 4}
    written = (first / names[0]).stat().st_mtime_ns
    examples.make_coarse(3, 7, first)
    assert (first / names[0]).stat().st_mtime_ns == written


@pytest.mark.parametrize("seed", range(4))
def test_air_around_a_body_is_left_out_but_for_a_margin(seed):
    hu = np.full((10, 60, 70), -1000.0)
    hu[:, 20:40, 30:50] = 40.0
    z, y, x = examples.around_body(hu, np.random.default_rng(seed))
    assert z == slice(None)
    for window, first, last in ((y, 20, 40), (x, 30, 50)):
        assert first - examples.AIR_VOXELS < window.start <= first
        assert last <= window.stop < last + examples.AIR_VOXELS
