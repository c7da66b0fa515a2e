"""Generated pages are what their generators say."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["make_check_docs", "make_command_docs", "make_refusal_docs"])
def test_a_generated_page_is_what_its_generator_says(name, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    generator = importlib.import_module(name)
    assert generator.PAGE.read_text() == generator.page(), f"run python scripts/{name}.py"


def test_the_readme_names_every_command():
    listed = subprocess.run(
        [sys.executable, "-c", "from femurkit.cli import app; print(*[c.name for c in "
         "app.registered_commands])"], capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    readme = (ROOT / "README.md").read_text()
    assert [name for name in listed if f"femurkit {name}" not in readme] == []
