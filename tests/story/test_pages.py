"""Every block of commands and of Python in README and docs, in order, as it stands there.

A block of `text` is what the block before it prints: each of its lines must be, but for numbers.
"""

import contextlib
import csv
import io
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

import pytest
from typer.main import get_command

from benchmarks import slurm
from femurkit.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", *(p for p in (ROOT / "docs").rglob("*.md") if p.name != "log.md")]
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ANYWHERE = re.compile(r"\bfemurkit [a-z]+(?: [^`|#()\n]*)?")
PIP = "pip install -c constraints.txt "
"""So that what is installed is what was tested."""
SMALLER = """
channels = [8, 16, 32]
residual_units = 1
patch = [32, 24, 24]
steps_per_epoch = 25
learning_rate = 1e-2
average = 0.9
workers = 0
threads = 1
"""
"""What makes a training on CTs of 4x2x2 mm take seconds; at the end of a configuration shown."""

LEFT = {
    "docs/tutorial.md": [
        "out/report.html", "out/left/femur.stl", "out/segmentation.dcm", "overview.html",
    ],
    "docs/how-to/cohort.md": [
        f"{each}/{name}" for each in ("cohort", "by-hand", "on-slurm")
        for name in ("cohort.parquet", "studies/P002/report.html")
    ],
}  # fmt: skip
"""What a page says is there in the end."""
ALIKE = {
    "docs/how-to/cohort.md": [f"{each}/cohort.csv" for each in ("cohort", "by-hand", "on-slurm")],
    "docs/how-to/train-on-many.md": [
        f"by-{each}/log.csv" for each in ("one", "two", "torchrun", "slurm")
    ],
}
"""Tables that a page says are the same, whoever made them."""


def blocks(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def name_of(page):
    return str(page.relative_to(ROOT))


WITH_CODE = [page for page in PAGES if blocks(page)]


@pytest.fixture
def around(patient, scans):
    """What the pages take for granted, by name: a series, a mask drawn elsewhere, some scans."""
    folders = {f"SCANS/{each.name}": each for each in scans.iterdir()}
    return {
        "README.md": {"path/to/series": patient / "ct"},
        "docs/how-to/slicer.md": {
            "corrected.nii.gz": patient / "truth/mask.nii.gz", "patients/P001/ct": patient / "ct",
        },
        "docs/how-to/own-data.md": folders,
        "docs/how-to/train-on-many.md": folders,
        "docs/how-to/train.md": {**folders, "SERIES": patient / "ct"},
    }  # fmt: skip


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_what_it_shows_runs(page, around, femurkit, tmp_path, monkeypatch):
    if "train" in page.stem:
        pytest.importorskip("lightning", reason="training parts are not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    for name, there in around.get(name_of(page), {}).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).symlink_to(there)
    with contextlib.ExitStack() as behind:
        printed = ""
        for kind, text in blocks(page):
            if kind == "text":
                assert shape(text) <= shape(printed)
                continue
            printed = RUN[kind](text, femurkit, behind) or ""
    for name in LEFT.get(name_of(page), ()):
        assert Path(name).exists(), name
    first, *rest = [table_of(name) for name in ALIKE.get(name_of(page), ())] or [None]
    assert all(same(first, other) for other in rest)


def table_of(name):
    with Path(name).open() as file:
        return list(csv.reader(file))


def same(one, other):
    """Two tables, numbers within 1e-4."""
    pairs = [pair for rows in zip(one, other, strict=True) for pair in zip(*rows, strict=True)]
    return len(one) > 2 and all(a == b or abs(float(a) - float(b)) < 1e-4 for a, b in pairs)


def shape(text):
    """Its lines without their numbers, which differ by machine, and without what aligns them."""
    return {" ".join(re.sub(r"-?\d[\d.,]*", "0", line).split()) for line in text.splitlines()}


def shell(text, femurkit, behind):
    if text.startswith("#!"):
        on_slurm(behind)
        Path("job.sh").write_text(text)
        subprocess.run(["sbatch", "--wait", "job.sh"], check=True)
        return ""
    printed = ""
    for line in text.replace("machine0", "127.0.0.1").strip().splitlines():
        name, *arguments = shlex.split(line, comments=True)
        if name == "femurkit" and arguments[0] == "serve":
            served(arguments)
        elif " dask " in f" {line}":
            behind.enter_context(in_background(line))
        elif name == "torchrun":
            subprocess.run(shlex.split(line), check=True)
        elif name == "femurkit" and "--devices" in arguments:
            subprocess.run(shlex.split(line), check=True)  # it begins itself again
        elif name == "femurkit":
            told = femurkit(*arguments)
            assert told.code == 0, told.err
            printed += told.out
        else:  # each of the others is run by `make test` itself
            assert line.startswith(("python3 -m venv .venv && . .venv/bin/activate", PIP))
            extras = re.findall(r"\[(\w+)\]", line)
            project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            assert set(extras) <= set(project["optional-dependencies"])
    return printed


def served(arguments):
    """A node goes on until it is told to stop; here as soon as it says that it works."""
    pytest.importorskip("pynetdicom", reason="the node's parts are not installed")
    command = [sys.executable, "-m", "femurkit", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as node:
        try:
            first = node.stdout.readline().decode()
            (page,) = re.findall(r"http://\S+", first) or [first]
            with urllib.request.urlopen(urljoin(page, "/health"), timeout=10) as answer:
                assert answer.status == 200
        finally:
            node.send_signal(signal.SIGINT)
        assert node.wait(timeout=60) == 0


@contextlib.contextmanager
def in_background(line):
    """A command of Dask, until the page is done."""
    pytest.importorskip("distributed", reason="the parts of cohorts are not installed")
    words = shlex.split(line)
    at = words.index("dask")
    env = os.environ | dict(word.split("=") for word in words[:at])
    with subprocess.Popen([sys.executable, "-m", *words[at:]], env=env) as process:
        try:
            yield
        finally:
            process.terminate()


def on_slurm(behind):
    if slurm.missing():
        pytest.skip(slurm.missing())
    behind.enter_context(slurm.slurm(Path("slurm").absolute()))


def python(text, femurkit, behind):
    if "SLURMCluster" in text:
        pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
        on_slurm(behind)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "page", "exec"), {})
    assert ("left: verdict" in printed.getvalue()) == ("print(" in text)
    return printed.getvalue()


def toml(text, femurkit, behind):
    name = text.partition("\n")[0].removeprefix("# ")
    small = re.sub("(?m)^spacing_mm = .*$", "", text) + "spacing_mm = 3.0\n"
    shared = "accumulate" in text  # four times the same
    small = re.sub("(?m)^epochs = .*$", f"epochs = {2 if shared else 8}", small)
    smaller = SMALLER.replace("per_epoch = 25", "per_epoch = 6") if shared else SMALLER
    Path(name).write_text(small + smaller)


def table(text, femurkit, behind):
    header, *rows = csv.reader(text.splitlines())
    if header == ["study", "ct"]:
        Path("SCANS/scans.csv").write_text(text)
        return
    with Path("SCANS/manifest.csv").open() as made:
        assert header == next(csv.reader(made))
    assert all(len(row) == len(header) for row in rows)


RUN = {"bash": shell, "python": python, "toml": toml, "csv": table}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_whatever_is_installed_is_what_was_tested(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("pip install") == text.count(PIP)


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_git_leaves_alone_what_is_made(page):
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    commands = "".join(text for kind, text in blocks(page) if kind == "bash")
    made = {name.split("/")[0] for name in re.findall(r"^\w.* -o (\S+)", commands, re.MULTILINE)}
    assert {f"/{name}/" for name in made} <= set(ignored)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_command_and_option_named_there_exists(page):
    commands = get_command(app).commands
    for found in ANYWHERE.findall(page.read_text(encoding="utf-8")):
        _, name, *rest = found.split()
        if name in commands:
            known = {option for p in commands[name].params for option in p.opts}
            options = [word for word in rest if re.fullmatch("--?[a-z-]+", word)]
            assert set(options) <= {*known, "--help", "-h"}, found
