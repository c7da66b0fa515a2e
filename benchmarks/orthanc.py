"""A real PACS for tests and benchmarks: Orthanc with DICOMweb on loopback, empty, for a while."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

PLUGINS = Path("/usr/share/orthanc/plugins")
TITLE = "ORTHANC"
PATIENCE_S = 60


@dataclass(frozen=True)
class Orthanc:
    """Where it listens."""

    dicom_port: int
    http_port: int

    @property
    def to(self) -> str:
        return f"{TITLE}@127.0.0.1:{self.dicom_port}"

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/dicom-web"

    def ask(self, path: str, content: bytes | None = None) -> bytes:
        address = f"http://127.0.0.1:{self.http_port}{path}"
        with urllib.request.urlopen(address, data=content, timeout=60) as answer:
            return answer.read()

    def json(self, path: str):
        return json.loads(self.ask(path))

    def store(self, file: Path) -> dict:
        return json.loads(self.ask("/instances", file.read_bytes()))


def missing() -> str | None:
    """Why there is none, if there is none."""
    if shutil.which("Orthanc") is None or not (PLUGINS / "libOrthancDicomWeb.so").exists():
        return "needs Debian's orthanc and orthanc-dicomweb"
    return None


def free_port() -> int:
    with closing(socket.socket()) as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


@contextmanager
def orthanc(folder: Path) -> Iterator[Orthanc]:
    """Started with its storage in `folder`, stopped at the end."""
    here = Orthanc(free_port(), free_port())
    settings = {
        "Name": "test", "DicomAet": TITLE, "DicomPort": here.dicom_port,
        "HttpPort": here.http_port, "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"), "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False, "Plugins": [str(PLUGINS / "libOrthancDicomWeb.so")],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"}, "DicomAlwaysAllowStore": True,
        "StableAge": 1, "UnknownSopClassAccepted": False,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            ["Orthanc", str(folder / "orthanc.json")], stdout=log, stderr=log
        )
        try:
            _wait(here, process)
            yield here
        finally:
            process.terminate()
            process.wait(30)


def _wait(here: Orthanc, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        try:
            here.ask("/system")
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("Orthanc did not start")
