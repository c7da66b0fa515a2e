"""Every command and every line of Python in the tutorial, in order, as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tutorial")


def blocks():
    found = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert {kind for kind, _ in found} == {"bash", "python"}
    return found


@pytest.mark.parametrize(
    ("kind", "text"), blocks(), ids=lambda value: value.partition("\n")[0][:30]
)
def test_it_runs(femurkit, folder, monkeypatch, capsys, kind, text):
    monkeypatch.chdir(folder)
    if kind == "python":
        exec(compile(text, PAGE.name, "exec"), {})
        assert "left: verdict" in capsys.readouterr().out
        return
    for line in text.strip().splitlines():
        name, *arguments = shlex.split(line)
        assert name == "femurkit"
        told = femurkit(*arguments)
        assert told.code == 0, told.err


def test_it_left_what_it_promises(folder):
    for name in ("out/report.html", "out/left/femur.stl", "out/segmentation.dcm", "overview.html"):
        assert (folder / name).exists(), name
