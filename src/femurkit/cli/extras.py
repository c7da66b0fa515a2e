"""What only some commands need, by the extra of pyproject.toml that installs it."""

from __future__ import annotations

from importlib.util import find_spec

import typer

from femurkit.cli.screen import say

USAGE = 2
NEEDS = {
    "cohort": ("distributed", "pyarrow"),
    "fe": ("gpytoolbox",),
    "openvino": ("openvino",),
    "node": ("pynetdicom", "dicomweb_client", "filelock"),
    "train": ("torch", "monai", "lightning", "onnx"),
}


def require(extra: str, *, needed_by: str) -> None:
    """Leave with exit code 2 and the command that helps, if a package of an extra is missing."""
    missing = [name for name in NEEDS[extra] if find_spec(name) is None]
    if missing:
        say(
            f"{needed_by} needs {', '.join(missing)}. In the folder of femurkit's source, run: "
            f"pip install -c constraints.txt -e '.[{extra}]'"
        )
        raise typer.Exit(USAGE)
