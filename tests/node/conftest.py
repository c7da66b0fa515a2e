"""A small but true patient, a PACS, and nodes in processes of their own."""

import json
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import dcmread

from benchmarks import orthanc as pacs_of
from femurkit.cli import run

PATIENT = {
    "PatientName": "Secret^Sam", "PatientID": "SECRET-4711", "PatientBirthDate": "19640229"
}  # fmt: skip
SPACING = "4,1.5,1.5"


@pytest.fixture(scope="session")
def series(tmp_path_factory) -> Path:
    """A folder of one CT series."""
    out = tmp_path_factory.mktemp("sent") / "made"
    assert run(["phantom", "-o", str(out), "--seed", "5", "--spacing", SPACING])[0] == 0
    for path in (out / "P001" / "ct").iterdir():
        header = dcmread(path)
        header.update(PATIENT)
        header.save_as(path)
    return out / "P001" / "ct"


@pytest.fixture(scope="session")
def pacs(tmp_path_factory):
    why = pacs_of.missing()
    if why:
        pytest.skip(why)
    with pacs_of.orthanc(tmp_path_factory.mktemp("orthanc")) as here:
        yield here


@dataclass
class Node:
    """A `femurkit serve` that runs."""

    process: subprocess.Popen
    port: int
    http_port: int

    def json(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as got:
            return json.load(got)

    def ask(self, path):
        address = f"http://127.0.0.1:{self.http_port}{path}"
        with urllib.request.urlopen(address, data=b"", timeout=10) as got:
            return got.status

    def wait(self, *states, count=1, within_s=240):
        """The studies, once `count` of them are in one of these states."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            studies = self.json("/queue")["studies"]
            if sum(study["state"] in states for study in studies) >= count:
                return studies
            time.sleep(0.2)
        raise AssertionError(f"waited for {states}: {studies}")

    def kill(self):
        self.process.kill()
        self.process.wait()


@contextmanager
def _node(folder, *options):
    command = [sys.executable, "-m", "femurkit", "serve", "-o", str(folder), "--port", "0"]
    command += ["--http-port", "0", "--settle", "1", "--patience", "5", "--json", *options]
    with (folder.parent / f"{folder.name}.log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        told = json.loads(process.stdout.readline())
        yield Node(process, told["port"], told["http_port"])
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        process.stdout.close()


@pytest.fixture
def node():
    """Start a node: `with node(folder, *options) as here`."""
    return _node
