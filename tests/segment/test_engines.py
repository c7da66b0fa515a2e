"""Every engine that is installed gives the same mask."""

import os
import subprocess
import sys

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.locate.boxes import hips_for
from femurkit.phantom import make_patient
from femurkit.segment.engines import devices
from femurkit.segment.weights import fine_network
from femurkit.segment.whole import predict_whole
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import to_mask

pytest.importorskip("openvino", reason="OpenVINO is not installed")


@pytest.fixture(scope="module")
def volume():
    return make_patient(7, spacing_mm=(3.0, 2.0, 2.0), missing=Side.RIGHT).volume


@pytest.fixture(scope="module")
def answers(volume):
    """Probability of a hip by every device here."""
    out = {}
    for device in devices():
        network = fine_network(device=device)
        assert network.device == device
        hip = hips_for(network, volume, device=device).hips[0]
        out[device] = predict_whole(volume, hip.box, network=network)
    return out


def test_openvino_comes_before_onnxruntime(answers):
    assert list(answers)[-2:] == ["openvino", "cpu"]
    assert fine_network().device == devices()[0]


def test_all_give_the_same_mask(volume, answers):
    cpu = answers.pop("cpu")
    mask = to_mask(outlined(cpu, volume)).array
    assert mask.any()
    for other in answers.values():
        assert np.abs(other.array - cpu.array).max() < 1e-4
        assert np.array_equal(to_mask(outlined(other, volume)).array, mask)


def test_nothing_is_told_to_anybody_nor_left_in_the_users_folder(tmp_path):
    """onnxruntime keeps what it will tell in a cache below HOME."""
    program = "from femurkit.segment.weights import fine_network; fine_network(device='cpu')"
    env = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", program], check=True, env={**env, "HOME": str(tmp_path)})
    assert list(tmp_path.rglob("*")) == []
