from importlib.resources import files

import numpy as np
import pytest

from femurkit.errors import NotWeights
from femurkit.segment.head_map import RADII, SHAPE
from femurkit.segment.weights import fine_network, joint_network, shipped, weights_hash


def test_the_shipped_networks_say_what_they_are():
    coarse, fine = shipped("coarse"), shipped("fine")
    assert fine.classes[fine.femur] == "femur"
    assert coarse.classes[1:3] == ("left proximal femur", "right proximal femur")
    assert (coarse.spacing_mm, fine.spacing_mm) == (4.0, 1.5)
    assert (coarse.kind, fine.kind) == ("scan", "hip")
    assert fine_network() is fine
    joint = shipped("joint")
    assert (joint.kind, joint.classes[joint.femur]) == ("joint", "femur")
    assert all(n % step == 0 for n, step in zip(SHAPE, joint.steps, strict=True))


def test_the_third_pass_goes_with_the_default_network_alone(fine_file):
    assert joint_network() is shipped("joint")
    assert joint_network("paper") is None
    assert joint_network(weights=fine_file()) is None
    assert weights_hash(joint=joint_network()) != weights_hash()


def test_a_network_of_joints_does_not_draw_femurs(tmp_path):
    path = tmp_path / "joint.onnx"
    path.write_bytes((files("femurkit.segment") / "weights" / "joint.onnx").read_bytes())
    with pytest.raises(NotWeights, match="of kind joint"):
        fine_network(weights=path)


@pytest.mark.parametrize("name", ["coarse", "fine"])
def test_answers_are_probabilities_and_air_is_background(name):
    network = shipped(name)
    says = network(np.full((32, 32, 48), -1000.0, np.float32))
    assert says.shape == (len(network.classes), 32, 32, 48)
    assert np.allclose(says.sum(0), 1, atol=1e-4)
    assert (says.argmax(0) == 0).all()


def test_the_joint_network_finds_a_head_in_its_map():
    away = np.linspace(*RADII, SHAPE[0])[:, None, None] * np.ones(SHAPE)
    hu = np.where(away < 1.0, 350.0, 40.0)  # a ball of bone in soft tissue, its radius as expected
    says = shipped("joint")(hu.astype(np.float32))
    assert says.shape == (3, *SHAPE) and np.allclose(says.sum(0), 1, atol=1e-4)
    assert (says[1] > 0.5)[away < 0.95].mean() > 0.95
    assert (says[1] < 0.5)[away > 1.05].mean() > 0.95


def test_the_package_stays_small():
    sizes = [f.stat().st_size for f in files("femurkit.segment").joinpath("weights").iterdir()]
    assert 1e6 < sum(sizes) < 30e6


def test_a_network_of_ones_own_is_used_and_named_by_its_bytes(fine_file):
    same = fine_network(weights=fine_file())
    assert same is not shipped("fine")
    assert weights_hash(same) == weights_hash()
    other = fine_network(weights=fine_file(author="somebody"))
    assert weights_hash(other) != weights_hash()
    assert all(len(weights_hash(network)) == 64 for network in (same, other))


def test_its_metadata_say_what_it_sees(fine_file):
    network = fine_network(weights=fine_file(kind="half", step_z="32"))
    assert (network.kind, network.steps) == ("half", (32, 16, 16))


@pytest.mark.parametrize("metadata", [{"kind": "knee"}, {"step_z": "0"}, {"step_z": "few"},
                                      {"step_z": "1"}])  # fmt: skip
def test_a_network_that_cannot_work_so_is_refused(fine_file, metadata):
    with pytest.raises(NotWeights, match=r"expected an \.onnx from femurkit train"):
        fine_network(weights=fine_file(**metadata))


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(NotWeights, match="no file"):
        fine_network(weights=path)
    path.write_text("not a network")
    with pytest.raises(NotWeights, match="is no network"):
        fine_network(weights=path)
    path.write_bytes((files("femurkit.segment") / "weights" / "coarse.onnx").read_bytes())
    with pytest.raises(NotWeights, match="left proximal femur"):
        fine_network(weights=path)


def test_the_papers_network_sees_halves_slice_by_slice():
    paper = fine_network("paper")
    assert (paper.kind, paper.spacing_mm, paper.steps) == ("half", 1.0, (1, 16, 16))
    assert paper.classes == ("background", "femur")
