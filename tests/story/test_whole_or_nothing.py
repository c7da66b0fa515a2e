"""OUT appears whole or not at all, whatever ends the run."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest


@pytest.mark.parametrize(
    ("error", "code"), [(RuntimeError("disk full"), 1), (KeyboardInterrupt(), 130)]
)
def test_a_late_failure_leaves_nothing(femurkit, patient, tmp_path, monkeypatch, error, code):
    from femurkit import pipeline

    def fail(*_, **__):
        assert any(tmp_path.rglob("femur.stl")), "the failure is meant to come late"
        raise error

    monkeypatch.setattr(pipeline, "write_report", fail)
    told = femurkit("reconstruct", patient / "ct", "-o", tmp_path / "out", "--side", "left")
    assert told.code == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes without a signal")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_kill_leaves_nothing(patient, tmp_path, how):
    command = [sys.executable, "-m", "femurkit", "reconstruct", str(patient / "ct")]
    process = subprocess.Popen([*command, "-o", str(tmp_path / "out")], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not any(tmp_path.iterdir()):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode == (128 + how if how == signal.SIGTERM else -how)
    while any(tmp_path.iterdir()):  # after SIGKILL somebody else tidies up
        assert how == signal.SIGKILL and time.monotonic() < deadline
        time.sleep(0.02)
    assert list(tmp_path.iterdir()) == []


@contextlib.contextmanager
def disk(folder, options):
    """A small disk mounted on a folder; skips where that is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("size=20k", "ENOSPC: No space left on device. Nothing was written."),
        ("size=6m", "ENOSPC: No space left on device. Nothing was written."),
        ("ro", "EROFS: Read-only file system. Nothing was written."),
    ],
)
def test_a_disk_that_is_full_or_read_only_is_told_and_nothing_is_left(
    femurkit, patient, tmp_path, options, said
):
    with disk(tmp_path / "disk", options) as folder:
        told = femurkit("reconstruct", patient / "ct", "-o", folder / "out", "--side", "left")
        left = list(folder.iterdir())
    assert told.code == 1
    assert said in told.err
    assert "Traceback" not in told.err
    assert left == []


def test_overwrite_replaces_only_on_request(femurkit, both, patient, tmp_path):
    out = tmp_path / "out"
    stale = out / "left" / "stale.stl"
    stale.parent.mkdir(parents=True)
    (out / "run.json").write_text("{}")
    stale.write_text("old")
    told = femurkit("reconstruct", patient / "ct", "-o", out, "--side", "left")
    assert told.code == 3
    assert told.err.splitlines()[-1].startswith("OutputExists: ")
    assert stale.read_text() == "old"
    told = femurkit("reconstruct", patient / "ct", "-o", out, "--side", "left", "--overwrite")
    assert told.code == 0, told.err
    assert not stale.exists()
    left = both[0] / "left" / "mask.nii.gz"
    assert (out / "left" / "mask.nii.gz").read_bytes() == left.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
