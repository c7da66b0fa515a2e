"""A cohort of small studies, done by real workers that are killed in the midst of it."""

import csv
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from femurkit.cli import run
from femurkit.cohort.run import run_cohort
from femurkit.cohort.studies import read_studies
from femurkit.cohort.work import Ended
from femurkit.errors import RunDiffers, SchedulerNotReached
from femurkit.geometry import Grid
from femurkit.images import write_image
from femurkit.phantom.patient import make_patient
from femurkit.volume import Volume

pytest.importorskip("distributed", reason="the parts of cohorts are not installed")
psutil = pytest.importorskip("psutil")
from pyarrow import parquet  # noqa: E402

ENV = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Three left hips on coarse voxels, a file that is none, and their table."""
    home = tmp_path_factory.mktemp("scans")
    scan = make_patient(5, spacing_mm=(5.0, 2.5, 2.5)).volume
    half = scan.array[:, :, scan.grid.shape[2] // 2 :]  # columns run to the patient's left
    corner = scan.grid.to_world((0, 0, scan.grid.shape[2] // 2))
    hip = Volume(half.copy(), Grid.aligned(half.shape, scan.grid.spacing_mm, corner))
    for name in "ABC":
        write_image(hip, home / f"{name}.nii.gz")
    (home / "bad.nii.gz").write_text("no image")
    rows = ["A,A.nii.gz", "bad,bad.nii.gz", "B,B.nii.gz", "C,C.nii.gz"]
    (home / "scans.csv").write_text("\n".join(["study,ct", *rows]) + "\n")
    return home / "scans.csv"


@pytest.fixture(scope="module")
def whole(scans, tmp_path_factory):
    """The cohort, done in one go by two workers."""
    out = tmp_path_factory.mktemp("whole") / "cohort"
    return out, run_cohort(read_studies(scans), out, workers=2)


def tables(out):
    return [(out / name).read_bytes() for name in ("cohort.csv", "cohort.parquet", "failures.csv")]


def test_one_that_fails_does_not_stop_the_rest(whole):
    out, cohort = whole
    assert [(e.study, e.state) for e in cohort.ended] == [
        ("A", "done"), ("bad", "refused"), ("B", "done"), ("C", "done"),
    ]  # fmt: skip
    with (out / "failures.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["study"], row["ct"], row["code"]) == ("bad", "bad.nii.gz", "NothingReadable")
    assert sorted(path.name for path in (out / "studies").iterdir()) == ["A", "B", "C"]


def test_the_table_has_a_row_a_femur_with_types(whole):
    out, _ = whole
    table = parquet.read_table(out / "cohort.parquet").to_pydict()
    assert table["study"] == ["A", "B", "C"]
    assert table["side"] == ["left"] * 3
    assert np.ptp(table["volume_ml"]) == 0 and table["volume_ml"][0] > 50
    assert table["WATERTIGHT"] == [True] * 3
    with (out / "cohort.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["volume_ml"]) for row in rows] == table["volume_ml"]


def test_what_has_ended_is_not_done_again(whole, scans):
    out, _ = whole
    before = tables(out)
    again = run_cohort(read_studies(scans), out, workers=1)
    assert again.tried == ()
    assert tables(out) == before
    retried = run_cohort(read_studies(scans), out, workers=1, retry=True)
    assert retried.tried == ("bad",)
    assert tables(out) == before


def test_other_options_need_another_folder(whole, scans):
    with pytest.raises(RunDiffers):
        run_cohort(read_studies(scans), whole[0], options={"side": "left"})


@pytest.mark.parametrize(("state", "code"), [("refused", 3), ("failed", 1)])
def test_none_done_is_not_0(tmp_path, monkeypatch, capsys, state, code):
    def ended(studies, *_):
        return [Ended(study.name, state, "Why", "so it is") for study in studies]

    monkeypatch.setattr("femurkit.cohort.run._done", ended)
    (tmp_path / "scans.csv").write_text("study;ct\nA;a.nii\n")
    command = ["cohort", str(tmp_path / "scans.csv"), "-o", str(tmp_path / "out")]
    assert run([*command, "--anonymize"])[0] == code
    assert "0 of 1 study done" in capsys.readouterr().err
    assert "a.nii" not in (tmp_path / "out/failures.csv").read_text()


def started(scans, out, *more):
    command = [sys.executable, "-m", "femurkit", "cohort", str(scans), "-o", str(out), *more]
    return subprocess.Popen(command, env=ENV, stderr=subprocess.PIPE, text=True)


def at_work(out, deadline_s=120):
    """Wait until a worker is in the midst of a study."""
    end = time.monotonic() + deadline_s
    while not list((out / "studies").glob(".*.part")):
        assert time.monotonic() < end, "no study was begun"
        time.sleep(0.02)
    time.sleep(0.5)


def workers_of(process):
    """Its worker processes; beside each is one that takes away what it leaves when it is killed."""
    family = psutil.Process(process.pid).children(recursive=True)
    return [child for child in family if "multiprocessing" in " ".join(child.cmdline())]


def killed(process):
    for each in [*workers_of(process), process]:
        each.kill()
    process.wait()


def test_killed_with_all_its_workers_it_goes_on_and_ends_the_same(whole, scans, tmp_path):
    out = tmp_path / "cohort"
    process = started(scans, out, "--workers", "2")
    at_work(out)
    killed(process)
    time.sleep(1)  # what watches a folder in the making takes it away
    assert not list((out / "studies").glob(".*.part"))
    assert started(scans, out, "--workers", "2").wait(timeout=300) == 0
    assert tables(out) == tables(whole[0])


def test_a_killed_worker_costs_its_study_one_more_try(whole, scans, tmp_path):
    out = tmp_path / "cohort"
    process = started(scans, out, "--workers", "1")
    at_work(out)
    max(workers_of(process), key=lambda worker: sum(worker.cpu_times()[:2])).kill()
    assert process.wait(timeout=300) == 0, process.stderr.read()
    assert tables(out) == tables(whole[0])


def test_no_scheduler_is_told(scans, tmp_path, monkeypatch):
    monkeypatch.setattr("femurkit.cohort.cluster.PATIENCE_S", 1)
    with pytest.raises(SchedulerNotReached):
        run_cohort(read_studies(scans), tmp_path / "cohort", scheduler="tcp://127.0.0.1:1")
