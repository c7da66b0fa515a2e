"""A real cluster of one machine for tests and benchmarks: SLURM on loopback, for a while."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.orthanc import free_port

CORES, MEMORY_MB = 2, 16000
PATIENCE_S = 60
NEEDED = ("slurmctld", "slurmd", "sbatch")


def missing() -> str | None:
    """Why there is none, if there is none."""
    if not all(shutil.which(name) for name in NEEDED) or os.geteuid() != 0:
        return "needs Debian's slurmctld, slurmd and slurm-client, and root"
    return None


@contextmanager
def slurm(folder: Path) -> Iterator[None]:
    """Started with its state in `folder`, found by sbatch and srun here, stopped at the end."""
    host, before = socket.gethostname().partition(".")[0], os.environ.get("SLURM_CONF")
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    (folder / "slurm.conf").write_text(f"""\
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
SlurmUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdParameters=config_overrides
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={CORES} RealMemory={MEMORY_MB}
PartitionName=all Nodes={host} Default=YES
""")
    os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
    with contextlib.ExitStack() as stack:
        stack.callback(_put_back, before)
        log = stack.enter_context((folder / "log.txt").open("wb"))
        for command in (["slurmctld", "-D", "-c"], ["slurmd", "-D"]):
            process = subprocess.Popen(command, stdout=log, stderr=log)
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        _wait()
        yield
        subprocess.run(["scancel", "--user", "root"], check=False)


def _put_back(before: str | None) -> None:
    os.environ.pop("SLURM_CONF", None)
    if before is not None:
        os.environ["SLURM_CONF"] = before


def _wait() -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        told = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True)
        if told.stdout.strip() == "idle":
            return
        time.sleep(0.2)
    raise RuntimeError("SLURM did not start")
