"""From a folder of phantoms to a network that finds femurs; a run that is killed goes on."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("torch", reason="training parts are not installed")
pytest.importorskip("lightning", reason="training parts are not installed")

CONFIG = """
name = "tiny"
manifest = "manifest.csv"
objective = "mean_teacher"
spacing_mm = 3.0
channels = [8, 16, 32]
residual_units = 1
patch = [32, 24, 24]
epochs = 8
steps_per_epoch = 25
learning_rate = 1e-2
average = 0.9
workers = 0
threads = 1
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, scans):
    """Three phantoms, one of them for validation, annotated near the joint only."""
    home = tmp_path_factory.mktemp("lab")
    (home / "scans").symlink_to(scans)
    manifest = home / "manifest.csv"
    rows = ["patient,study,ct,labels,annotated,split"]
    for name, split in (("P001", "train"), ("P002", "train"), ("P003", "validation")):
        annotated = "all" if split == "validation" else "10-40"
        rows.append(
            f"{name},{name},scans/{name}/ct.nii.gz,scans/{name}/truth/mask.nii.gz,{annotated},{split}"
        )
    manifest.write_text("\n".join(rows) + "\n")
    (home / "tiny.toml").write_text(CONFIG + f'cache = "{home / "cache"}"\n')
    return home


@pytest.fixture(scope="module")
def run(lab, femurkit):
    """The finished run."""
    told = femurkit("train", lab / "tiny.toml", "-o", lab / "run", "--json")
    assert told.code == 0, told.err
    assert told.json["model"].endswith("model.onnx")
    return lab / "run"


def curve(folder):
    with (folder / "log.csv").open() as file:
        rows = csv.DictReader(file)
        return [(int(r["epoch"]), float(r["val_dsc"]), float(r["loss"])) for r in rows]


def test_the_network_finds_the_femurs_of_a_patient_it_never_saw(lab, run, femurkit):
    scan, truth = (lab / "scans" / "P003" / name for name in ("ct.nii.gz", "truth/mask.nii.gz"))
    out = lab / "out"
    told = femurkit("reconstruct", scan, "-o", out, "--weights", run / "model.onnx")
    assert told.code == 0, told.err
    told = femurkit("evaluate", out, truth, "-o", lab / "scores", "--no-figures", "--json")
    assert all(row["dsc"] > 0.8 for row in told.json["femurs"]), told.json


def test_a_killed_run_ends_where_an_uninterrupted_one_does(lab, run):
    command = [sys.executable, "-m", "femurkit", "train", str(lab / "tiny.toml"), "-o", "killed"]
    process = subprocess.Popen(command, cwd=lab, env={**os.environ, "OMP_NUM_THREADS": "1"})
    log = lab / "killed" / "log.csv"
    deadline = time.monotonic() + 120
    while not (log.exists() and len(log.read_text().splitlines()) > 2):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (lab / "killed" / "model.onnx").exists()
    subprocess.run(command, cwd=lab, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert np.allclose(curve(lab / "killed"), curve(run), atol=1e-5)
