import pytest

pytest.importorskip("torch", reason="training parts are not installed")
pytest.importorskip("monai", reason="training parts are not installed")
pytest.importorskip("lightning", reason="training parts are not installed")

import csv

import numpy as np
import onnx
import torch
from tests.training.conftest import tiny

from femurkit.errors import RunDiffers
from femurkit.segment.calibration import at_temperature
from femurkit.segment.weights import fine_network
from femurkit.training import run as loop
from femurkit.training.learner import OBJECTIVES, Learner
from femurkit.training.whole import predict_whole

ALL = sorted(OBJECTIVES)


def network_temperature(model):
    properties = onnx.load(str(model)).metadata_props
    return float(next(p.value for p in properties if p.key == "temperature"))


def curve(run):
    """The validation curve, as logged."""
    with (run / "log.csv").open() as file:
        rows = csv.DictReader(file)
        return [(int(r["epoch"]), float(r["val_dsc"]), float(r["loss"])) for r in rows]


@pytest.mark.parametrize("objective", ALL)
def test_every_objective_trains_and_its_export_answers_as_torch_does(objective, on_hips, tmp_path):
    config = tiny(objective=objective)
    model = loop.train(config, tmp_path / "run")
    rows = curve(tmp_path / "run")
    assert [epoch for epoch, _, _ in rows] == list(range(config.epochs))
    assert rows[-1][2] < rows[0][2] + 1.5  # the unlabelled term joins on the way
    assert len(list((tmp_path / "run" / "pictures").glob("*.png"))) == config.epochs
    state = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)
    learner = Learner(config, [], tmp_path)
    learner.load_state_dict(state["state_dict"])
    hu = np.random.default_rng(1).uniform(-1100, 1500, (20, 16, 24)).astype(np.float32)
    network = fine_network(weights=model)
    assert network.kind == "hip" and network.spacing_mm == config.spacing_mm
    cold = at_temperature(predict_whole(learner.average, hu, config), network_temperature(model))
    assert np.allclose(network(hu), cold, atol=1e-3)


def test_training_learns_the_annotated_slices(on_hips, tmp_path):
    loop.train(tiny(epochs=20, steps_per_epoch=10), tmp_path / "run")
    rows = curve(tmp_path / "run")
    assert rows[-1][1] > 0.9 > rows[0][1]


@pytest.mark.parametrize(("objective", "workers"), [("mean_teacher", 1), ("self_training", 0)])
def test_a_stopped_run_ends_where_an_uninterrupted_one_does(
    objective, workers, on_hips, tmp_path, monkeypatch
):
    config = tiny(
        objective=objective, workers=workers, schedule="plateau", patience=10, keep="best"
    )
    loop.train(config, tmp_path / "whole")

    def killed(self, *_):
        if self.current_epoch == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "on_train_epoch_start", killed)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            loop.train(config, tmp_path / "stopped")
    assert len(curve(tmp_path / "stopped")) == 3
    loop.train(config, tmp_path / "stopped")
    assert np.allclose(curve(tmp_path / "stopped"), curve(tmp_path / "whole"), atol=1e-6)


def test_a_run_that_stopped_early_does_not_go_on(on_hips, tmp_path):
    config = tiny(learning_rate=0.0, patience=1)
    for _ in range(2):
        loop.train(config, tmp_path / "run")
        assert len(curve(tmp_path / "run")) == 2


def test_another_configuration_in_the_same_folder_is_refused(on_hips, tmp_path):
    loop.claim(tiny(), tmp_path / "run")
    with pytest.raises(RunDiffers, match="learning_rate"):
        loop.claim(tiny(learning_rate=0.5), tmp_path / "run")
    loop.claim(tiny(threads=2, workers=1), tmp_path / "run")
