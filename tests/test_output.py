"""The output folder: whole or not at all, and never at the cost of somebody's data."""

import os
import signal
import subprocess
import sys
import time

import pytest

from femurkit.errors import OutputExists
from femurkit.output import Kind, whole_or_nothing


def fill(folder, text="new"):
    (folder / "run.json").write_text(text)


def test_appears_only_at_the_end(tmp_path):
    out = tmp_path / "out"
    with whole_or_nothing(out, overwrite=False, kind=Kind("run.json")) as folder:
        fill(folder)
        assert not out.exists()
    assert (out / "run.json").read_text() == "new"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_after_an_exception(tmp_path, error):
    with (
        pytest.raises(error),
        whole_or_nothing(
            tmp_path / "a" / "b" / "out", overwrite=False, kind=Kind("run.json")
        ) as folder,
    ):
        fill(folder)
        raise error
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from femurkit import output
out = Path(sys.argv[1])
def rename(self, target, *, real=Path.rename):
    real(self, target)
    if sys.argv[2] == str(target) or sys.argv[2] == "aside" and self == out:
        os.kill(os.getpid(), signal.SIGKILL)
Path.rename = rename
with output.whole_or_nothing(out, overwrite=True, kind=output.Kind("run.json")) as folder:
    (folder / "run.json").write_text("new")
    if sys.argv[2] == "within":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.parametrize(
    ("moment", "left"), [("within", "old"), ("aside", "old"), ("in place", "new")]
)
def test_killed_outright_it_is_the_old_or_the_new_one(tmp_path, moment, left):
    out = tmp_path / "out"
    out.mkdir()
    fill(out, "old")
    moment = str(out) if moment == "in place" else moment
    process = subprocess.run([sys.executable, "-c", KILLED, str(out), moment], check=False)
    assert process.returncode == -signal.SIGKILL
    end = time.monotonic() + 30
    while list(tmp_path.iterdir()) != [out] and time.monotonic() < end:
        time.sleep(0.02)
    assert list(tmp_path.iterdir()) == [out]
    assert (out / "run.json").read_text() == left


def test_an_existing_folder_is_refused_before_the_work(tmp_path):
    with (
        pytest.raises(OutputExists, match="--overwrite"),
        whole_or_nothing(tmp_path, overwrite=False, kind=Kind("run.json")),
    ):
        pytest.fail("the block was entered")


def test_overwrite_replaces_all_of_it(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    fill(out, "old")
    (out / "stale.txt").write_text("old")
    with whole_or_nothing(out, overwrite=True, kind=Kind("run.json")) as folder:
        fill(folder)
    assert [p.name for p in out.iterdir()] == ["run.json"]
    assert (out / "run.json").read_text() == "new"
    assert list(tmp_path.iterdir()) == [out]


def test_a_failed_overwrite_keeps_the_old(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    fill(out, "old")
    with (
        pytest.raises(RuntimeError),
        whole_or_nothing(out, overwrite=True, kind=Kind("run.json")) as folder,
    ):
        fill(folder)
        raise RuntimeError
    assert (out / "run.json").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_overwrite_spares_a_folder_that_is_not_ours(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with (
        pytest.raises(OutputExists, match="not made by femurkit"),
        whole_or_nothing(tmp_path, overwrite=True, kind=Kind("run.json")),
    ):
        pytest.fail("the block was entered")
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_overwrite_spares_the_input(tmp_path):
    fill(tmp_path)
    source = tmp_path / "ct"
    source.mkdir()
    with (
        pytest.raises(OutputExists, match="holds the input"),
        whole_or_nothing(tmp_path, overwrite=True, kind=Kind("run.json"), source=source),
    ):
        pytest.fail("the block was entered")
    assert source.exists()


def test_what_lies_beside_an_earlier_output_is_not_wiped(tmp_path):
    out = tmp_path / "out"
    kind = Kind("run.json", ("run.json", "left"))
    with whole_or_nothing(out, overwrite=False, kind=kind) as folder:
        (folder / "run.json").write_text("1")
    (out / "notes.txt").write_text("mine")
    with (
        pytest.raises(OutputExists, match="1 other files"),
        whole_or_nothing(out, overwrite=True, kind=kind),
    ):
        pass
    assert (out / "notes.txt").read_text() == "mine"
    (out / "notes.txt").unlink()
    with whole_or_nothing(out, overwrite=True, kind=kind) as folder:
        (folder / "run.json").write_text("2")
    assert (out / "run.json").read_text() == "2"


def test_nothing_is_made_inside_the_input(tmp_path):
    source = tmp_path / "ct"
    source.mkdir()
    with (
        pytest.raises(OutputExists, match="would lie in the input"),
        whole_or_nothing(source / "out", overwrite=False, kind=Kind("run.json"), source=source),
    ):
        pass
    assert list(source.iterdir()) == []
