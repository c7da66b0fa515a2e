"""A package that is missing: one wording, the command that helps, exit code 2, nothing written."""

import re
import tomllib
from pathlib import Path

import pytest

from femurkit.cli import extras, run

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "cohort": ["cohort", "scans.csv", "-o", "out"],
    "fe": ["mesh", "mask.nii.gz", "-o", "out", "--edge-mm", "2"],
    "openvino": ["reconstruct", "ct", "-o", "out", "--device", "openvino"],
    "node": ["serve", "-o", "out"],
    "train": ["train", "mine.toml", "-o", "out"],
}


@pytest.mark.parametrize("extra", extras.NEEDS)
def test_the_hint_names_what_is_missing_and_what_installs_it(extra, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").touch()
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    code, reason, _ = run(COMMANDS[extra])
    out, err = capsys.readouterr()
    assert (code, reason, out) == (2, "Usage", "")
    (line,) = err.splitlines()
    assert ", ".join(extras.NEEDS[extra]) in line
    assert line.endswith(f"pip install -c constraints.txt -e '.[{extra}]'")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


@pytest.mark.parametrize("extra", extras.NEEDS)
def test_the_extra_installs_what_is_needed(extra):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [re.split("[>=]", each)[0] for each in project["optional-dependencies"][extra]]
    assert set(extras.NEEDS[extra]) <= {name.replace("-", "_") for name in named}
