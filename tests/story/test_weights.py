"""A network of one's own in place of the shipped one."""

import json
from importlib.resources import files

import numpy as np
import pytest
from scipy import ndimage

from femurkit.images import read_mask
from femurkit.sources import load


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "mine.onnx"
    shipped = files("femurkit.segment") / "weights" / "fine.onnx"
    # A comment more in the file: the same network, other bytes.
    path.write_bytes(shipped.read_bytes() + b"\x32\x04mine")
    return path


def test_the_same_network_in_a_file_gives_the_same_femur_below_the_joint(
    femurkit, patient, both, weights
):
    """In the joint the shipped network has the third pass beside it, a given one has not."""
    out = weights.parent / "out"
    told = femurkit(
        "reconstruct", patient / "ct", "-o", out, "--side", "left", "--weights", weights,
        "--uncertainty", "--outline", "edge",
    )  # fmt: skip
    assert told.code == 0, told.err
    (here, grid), (there, _) = (read_mask(o / "left/mask.nii.gz") for o in (out, both[0]))
    other = grid.to_world(np.argwhere(here != there))
    (row,) = json.loads((out / "measurements.json").read_text())
    away = np.linalg.norm(other - row["head_centre_lps_mm"], axis=1)
    assert 0 < len(other) < 0.01 * np.count_nonzero(here)
    assert np.percentile(away, 90) < 1.5 * row["head_radius_mm"]
    mine, shipped = (json.loads((run / "run.json").read_text()) for run in (out, both[0]))
    assert mine["weights_sha256"] != shipped["weights_sha256"]
    assert mine["settings"]["network"] == "given"
    assert str(weights.parent) not in (out / "run.json").read_text()
    doubt, grid = read_mask(out / "left" / "uncertainty.nii.gz")
    mask, its_grid = read_mask(out / "left" / "mask.nii.gz")
    assert grid.same_as(its_grid)
    assert not (both[0] / "left" / "uncertainty.nii.gz").exists()
    edge = (mask > 0) ^ ndimage.binary_erosion(mask)
    assert 30 < doubt[edge].mean() < 100
    core = ndimage.distance_transform_edt(mask, grid.spacing_mm) > 5
    far = ndimage.distance_transform_edt(mask == 0, grid.spacing_mm) > 5
    assert doubt[core].mean() < 2 and doubt[far].mean() < 2


@pytest.fixture
def half(tmp_path):
    """A network of slices that takes dense bone of the left or right half for femur.

    Not a good one, but it runs the way that the paper's network runs.
    """
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    shape = [1, None, "z", "y", "x"]
    takes = helper.make_tensor_value_info("hu", kind, [1, 1, *shape[2:]])
    gives = helper.make_tensor_value_info("probability", kind, [1, 2, *shape[2:]])
    threshold = helper.make_tensor("threshold", kind, [1], [-200.0])
    scale = helper.make_tensor("scale", kind, [1], [0.05])
    nodes = [
        helper.make_node("Add", ["hu", "threshold"], ["above"]),
        helper.make_node("Mul", ["above", "scale"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["femur"]),
        helper.make_node("Neg", ["logit"], ["minus"]),
        helper.make_node("Sigmoid", ["minus"], ["background"]),
        helper.make_node("Concat", ["background", "femur"], ["probability"], axis=1),
    ]
    graph = helper.make_graph(nodes, "half", [takes], [gives], [threshold, scale])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(
        model,
        {
            "classes": '["background", "femur"]', "kind": "half", "spacing_mm": "2.0",
            "step": "16", "step_z": "1",
        },
    )  # fmt: skip
    path = tmp_path / "half.onnx"
    onnx.save(model, str(path))
    return path


def test_a_network_of_halves_runs_to_the_end(femurkit, patient, half):
    out = half.parent / "out"
    told = femurkit("reconstruct", patient / "ct", "-o", out, "--side", "right", "--weights", half)
    assert told.code == 0, told.err
    mask, grid = read_mask(out / "right" / "mask.nii.gz")
    ct = load(patient / "ct").volume
    assert grid.same_as(ct.grid)
    truth, _ = read_mask(patient / "truth" / "mask.nii.gz")
    left, right = (grid.to_world(np.argwhere(truth == label))[:, 0].mean() for label in (1, 2))
    assert grid.to_world(np.argwhere(mask))[:, 0].max() < (left + right) / 2 + 15
    # fat in the bone is no femur to this network, so what it finds may be any dense piece
    assert (ct.array[mask > 0] > 200).mean() > 0.4


def test_a_file_that_is_no_network_is_refused(femurkit, patient, weights):
    weights.write_text("not a network")
    out = weights.parent / "deep" / "out"
    told = femurkit("reconstruct", patient / "ct", "-o", out, "--weights", weights)
    assert told.code == 3
    assert told.err.splitlines()[-1].startswith("NotWeights: ")
    assert "(expected " in told.err
    assert not out.parent.exists()
