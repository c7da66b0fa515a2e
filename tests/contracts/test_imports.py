"""What may be loaded when: the promise that femurkit starts fast and runs without torch."""

import subprocess
import sys

import pytest

import femurkit

HEAVY = (
    "numpy", "scipy", "vtkmodules", "pydicom", "highdicom", "SimpleITK", "onnxruntime",
    "matplotlib", "torch", "monai", "lightning",
)  # fmt: skip
TRAINING = ("torch", "monai", "lightning")


def loaded_after(code: str) -> set[str]:
    """Names of the packages in sys.modules after some code ran in a fresh interpreter."""
    tell = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", code + tell], capture_output=True, text=True, check=True
    )
    return set(run.stdout.splitlines()[-1].split())


def test_import_loads_nothing_heavy():
    loaded = loaded_after("import femurkit")
    assert "femurkit" in loaded
    assert loaded.isdisjoint({*HEAVY, "typer", "rich"})


@pytest.mark.parametrize("arguments", [["--help"], ["reconstruct", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments):
    code = f"from femurkit.cli import run\nassert run({arguments!r})[0] == 0"
    loaded = loaded_after(code)
    assert "typer" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_the_pipeline_never_loads_what_only_training_needs():
    loaded = loaded_after("import femurkit.pipeline, femurkit.cli.demo, femurkit.phantom")
    assert "numpy" in loaded
    assert loaded.isdisjoint(TRAINING)


@pytest.mark.parametrize("name", femurkit.__all__)
def test_every_public_name_is_there(name):
    value = getattr(femurkit, name)
    assert name == "__version__" or value.__name__ == name


def test_a_name_that_is_not_public_is_refused():
    with pytest.raises(AttributeError, match="femurs_of_steel"):
        femurkit.femurs_of_steel  # noqa: B018
