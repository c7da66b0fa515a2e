"""The import layers must be able to fail: a contract that names nothing holds nothing."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def contracts():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["tool"]["importlinter"]["contracts"]


def test_every_module_stands_in_a_layer():
    layers = next(c for c in contracts() if c["type"] == "layers")["layers"]
    named = {part.strip(" ()") for layer in layers for part in layer.split("|")}
    package = ROOT / "src" / "femurkit"
    there = {
        f"femurkit.{path.stem}"
        for path in package.iterdir()
        if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))
    }
    assert there - named == {"femurkit.__init__", "femurkit.__main__"}
