"""The patient is named by the input and by the objects that keep its metadata, nowhere else."""

import gzip
import tempfile

import pytest
from pydicom import dcmread

WHO = {"PatientName": "Zyxquark^Ada", "PatientID": "QK-47110815", "PatientBirthDate": "19470203"}
TRACES = (b"zyxquark", b"qk-47110815", b"19470203", b"1947-02-03")


@pytest.fixture(scope="module")
def named(patient, tmp_path_factory):
    """The story's series with a patient in its headers, in a folder that is called after her."""
    folder = tmp_path_factory.mktemp("in") / "Zyxquark_Ada"
    folder.mkdir()
    for path in (patient / "ct").iterdir():
        ds = dcmread(path)
        for keyword, value in WHO.items():
            setattr(ds, keyword, value)
        ds.save_as(folder / f"Zyxquark_{path.name}")
    return folder


def traces(data):
    return [trace for trace in TRACES if trace in data.lower()]


def told_by(folder):
    """Files, and folders, that name the patient, relative to the folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        data = path.read_bytes() if path.is_file() else b""
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        if said := traces(name.encode() + data):
            found[name] = said
    return found


@pytest.mark.parametrize("anonymize", [False, True])
def test_who_the_patient_is_leaves_only_in_dicom_and_not_when_told(
    femurkit, named, tmp_path, monkeypatch, anonymize
):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    out = tmp_path / "out"
    options = ["--anonymize"] if anonymize else []
    told = femurkit("reconstruct", named, "-o", out, "--side", "left", "--also", "vtp", *options)
    assert told.code == 0, told.err
    assert not traces((told.out + told.err).encode())
    assert list(scratch.iterdir()) == []
    found = told_by(out)
    if anonymize:
        assert found == {}
    else:
        assert found.keys() == {str(p.relative_to(out)) for p in out.rglob("*.dcm")}


def test_a_refusal_names_nobody(femurkit, named, tmp_path):
    (tmp_path / "one").mkdir()
    first = next(named.iterdir())
    (tmp_path / "one" / first.name).write_bytes(first.read_bytes())
    told = femurkit("reconstruct", tmp_path / "one", "-o", tmp_path / "out")
    assert told.code == 3
    assert not traces((told.out + told.err).encode())
