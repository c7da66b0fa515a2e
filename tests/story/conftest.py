"""One synthetic patient and one run over it, shared by the stories."""

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from femurkit.cli import run

SEED = 7
SPACING = "2,1,1"


@dataclass(frozen=True)
class Told:
    """What a command left behind: exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out.splitlines()[-1])


def _femurkit(*arguments) -> Told:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code, _, _ = run([str(a) for a in arguments])
    return Told(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def femurkit():
    """Run a femurkit command in this process."""
    return _femurkit


@pytest.fixture(scope="session")
def patient(tmp_path_factory) -> Path:
    """A phantom's folder: ct/*.dcm and truth/."""
    out = tmp_path_factory.mktemp("phantom") / "made"
    told = _femurkit("phantom", "-o", out, "--seed", SEED, "--spacing", SPACING)
    assert told.code == 0, told.err
    return out / "P001"


@pytest.fixture(scope="session")
def scans(tmp_path_factory) -> Path:
    """Three coarse phantoms with their truth, P001 to P003, as image files."""
    out = tmp_path_factory.mktemp("scans") / "made"
    told = _femurkit(
        "phantom", "-o", out, "--patients", 3, "--seed", 3,
        "--spacing", "4,2,2", "--format", "nifti",
    )  # fmt: skip
    assert told.code == 0, told.err
    return out


@pytest.fixture(scope="session")
def both(patient, tmp_path_factory) -> tuple[Path, Told]:
    """OUT of `femurkit reconstruct` on the patient, and what the command printed."""
    out = tmp_path_factory.mktemp("run") / "out"
    told = _femurkit("reconstruct", patient / "ct", "-o", out, "--json")
    assert told.code == 0, told.err
    return out, told
