"""What runs a network: onnxruntime on CPUs or a CUDA device, or OpenVINO, twice as fast on CPUs.

They differ by less than 1e-4 in a probability, and no mask has shown it (tests/segment, and
`python -m benchmarks.engines`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Literal, Protocol

import numpy as np

from femurkit.threads import allowed

# onnxruntime tells Microsoft of its use unless this is set before it is loaded, since 1.29 on Linux
# too. What is done to patients is nobody's business.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

Device = Literal["auto", "cpu", "cuda", "openvino"]


class Engine(Protocol):
    """A network ready to run. device: where; said: its metadata."""

    device: str
    said: Mapping[str, str]

    def __call__(self, hu: np.ndarray) -> np.ndarray:
        """Probabilities (1, classes, z, y, x) float32 of HU (1, 1, z, y, x) float32."""
        ...


def devices() -> list[str]:
    """Where networks can run here, the fastest first."""
    from onnxruntime import get_available_providers

    there = {
        "cuda": "CUDAExecutionProvider" in get_available_providers(),
        "openvino": find_spec("openvino") is not None,
        "cpu": True,
    }
    return [device for device, has in there.items() if has]


def engine(data: bytes, device: str = "auto") -> Engine:
    """A network from the bytes of an .onnx. Raises what the engine raises if they are none."""
    device = devices()[0] if device == "auto" else device
    return OpenVino(data) if device == "openvino" else OnnxRuntime(data, device)


class OnnxRuntime:
    """onnxruntime, on CPUs or a CUDA device."""

    device: str
    said: Mapping[str, str]

    def __init__(self, data: bytes, device: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # the arena would keep the peak of the largest box
        options.intra_op_num_threads = allowed() or 0  # 0: as onnxruntime sees fit
        providers = ["CUDAExecutionProvider"] * (device == "cuda") + ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(data, options, providers=providers)
        self.device, self.said = device, self._session.get_modelmeta().custom_metadata_map

    def __call__(self, hu: np.ndarray) -> np.ndarray:
        """See Engine."""
        return np.asarray(self._session.run(None, {"hu": hu})[0])


class OpenVino:
    """OpenVINO on CPUs, at full precision."""

    device: str = "openvino"
    said: Mapping[str, str]

    def __init__(self, data: bytes) -> None:
        import openvino

        core = openvino.Core()
        model = core.read_model(data)
        settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if allowed():
            settings["INFERENCE_NUM_THREADS"] = str(allowed())
        self._compiled = core.compile_model(model, "CPU", settings)
        told = model.rt_info
        said = told["framework"] if "framework" in told else {}  # noqa: SIM401 - no dict
        self.said = {name: str(value.value) for name, value in said.items()}

    def __call__(self, hu: np.ndarray) -> np.ndarray:
        """See Engine."""
        # a request of its own: both sides ask at the same time
        request = self._compiled.create_infer_request()
        return np.asarray(request.infer({"hu": hu})[0])
