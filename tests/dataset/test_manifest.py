from pathlib import Path

import pytest

from femurkit.dataset.collect import collect
from femurkit.dataset.manifest import Manifest, Study, read_manifest, write_manifest
from femurkit.errors import InputRefused

HEADER = "patient,study,ct,labels,annotated,split\n"
GOOD = (
    "A,A1,a/ct,a/mask.nii.gz,all,train\n"
    "A,A2,a2/ct.zip,a2/femurs.seg.nrrd,12-80;95,train\n"
    "B,B1,b/ct,,,validation\n"
    "C,C1,/else/where/ct,c.dcm,labelled,unseen\n"
)


def table(folder: Path, text: str) -> Path:
    path = folder / "manifest.csv"
    path.write_text(text)
    return path


def test_paths_count_from_the_folder_of_the_table(tmp_path):
    manifest = read_manifest(table(tmp_path, HEADER + GOOD))
    a1, a2, b1, c1 = manifest.studies
    assert a1 == Study("A", "A1", tmp_path / "a/ct", tmp_path / "a/mask.nii.gz", "all", "train", 2)
    assert (a2.annotated, a2.row) == ("12-80;95", 3)
    assert (b1.labels, b1.annotated) == (None, "")
    assert c1.ct == Path("/else/where/ct")
    assert manifest.of("train") == (a1, a2)
    assert manifest.of("unseen") == (c1,)


def test_semicolons_as_excel_writes_them(tmp_path):
    commas = read_manifest(table(tmp_path, HEADER + GOOD))
    text = (HEADER + GOOD).replace("12-80;95", '"12-80;95"').replace(",", ";")
    assert read_manifest(table(tmp_path, text)) == commas


def test_it_is_written_as_it_was_read(tmp_path):
    path = table(tmp_path, HEADER + GOOD)
    write_manifest(read_manifest(path), path)
    assert path.read_text() == HEADER + GOOD
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.csv"]


def test_columns_in_any_order_with_spaces_and_a_byte_order_mark(tmp_path):
    text = "﻿study, ct ,patient,split,annotated,labels\nA1,a,A,train,all,m.nii\n"
    (study,) = read_manifest(table(tmp_path, text)).studies
    assert (study.patient, study.ct) == ("A", tmp_path / "a")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", "BadManifest", "columns"),
        (HEADER, "BadManifest", "without rows"),
        ("patient,study,ct,labels,split\n", "BadManifest", "columns"),
        (HEADER.replace("split", "split,note"), "BadManifest", "note"),
        (HEADER + "A,A1,ct,,,train,more\n", "BadManifest", "row 2"),
        (HEADER + "A,A1,ct,,\n", "BadManifest", "row 2"),
        (HEADER + "A,A1,ct,,,test\n", "BadManifest", "row 2, study A1: an unknown split"),
        (HEADER + "A,A1,,,,train\n", "BadManifest", "no CT"),
        (HEADER + "A,../A1,ct,,,train\n", "BadManifest", "plain name"),
        (HEADER + "A,A1,ct,,all,train\n", "BadManifest", "no labels"),
        (HEADER + "A,A1,ct,m.nii,,train\n", "BadManifest", "no annotated slices"),
        (HEADER + "A,A1,ct,m.nii,9-3,train\n", "BadManifest", "9-3 runs backward"),
        (HEADER + "A,A1,ct,m.nii,some,train\n", "BadManifest", "'some'"),
        (HEADER + "A,A1,a,,,train\nB,a1,b,,,train\n", "BadManifest", "rows 2 (study A1) and 3"),
        (HEADER + "A,A1,a,,,train\nB,B1,./a,,,train\n", "BadManifest", "one CT in rows 2"),
        (
            HEADER + "Smith,A1,a,,,train\nSmith,A2,b,,,unseen\n",
            "PatientInTwoSplits",
            "rows 2 (study A1) and 3 (study A2) are one patient, in train and unseen",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_by_row(tmp_path, text, code, said):
    with pytest.raises(InputRefused) as caught:
        read_manifest(table(tmp_path, text))
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    assert said in str(caught.value)
    assert "Smith" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_no_table_is_not_readable(tmp_path):
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("m.csv", "nothing.csv"):
        with pytest.raises(InputRefused) as caught:
            read_manifest(tmp_path / name)
        assert caught.value.code == "NothingReadable"


@pytest.fixture
def folders(tmp_path):
    for number in range(6):
        (tmp_path / f"P{number}" / "ct").mkdir(parents=True)
    for number in range(4):
        (tmp_path / f"P{number}" / "truth").mkdir()
        (tmp_path / f"P{number}" / "truth" / "mask.nii.gz").touch()
    (tmp_path / "P4" / "labels.seg.nrrd").touch()
    (tmp_path / "Mr X").mkdir()
    (tmp_path / "Mr X" / "ct.nii.gz").touch()
    (tmp_path / "no_ct").mkdir()
    return tmp_path


def test_a_folder_tree_becomes_a_manifest(folders):
    made = collect(folders, validation=1, unseen=2, seed=3)
    assert [s.study for s in made.studies] == ["Mr_X", *(f"P{n}" for n in range(6))]
    by_name = {s.study: s for s in made.studies}
    assert by_name["Mr_X"].ct == folders / "Mr X" / "ct.nii.gz"
    assert by_name["Mr_X"].patient == "Mr X"
    assert (by_name["P0"].annotated, by_name["P4"].annotated) == ("all", "labelled")
    assert by_name["P5"].labels is None
    assert (len(made.of("validation")), len(made.of("unseen"))) == (1, 2)
    assert all(s.labels for split in ("validation", "unseen") for s in made.of(split))
    assert collect(folders, validation=1, unseen=2, seed=3) == made
    draws = {collect(folders, unseen=1, seed=seed).of("unseen")[0].study for seed in range(20)}
    assert len(draws) > 1
    write_manifest(made, folders / "m.csv")
    assert read_manifest(folders / "m.csv") == made


def test_more_patients_than_there_are_cannot_be_drawn(folders):
    with pytest.raises(InputRefused, match="5 labelled patients"):
        collect(folders, validation=3, unseen=3)
    with pytest.raises(InputRefused, match="no patient folder"):
        collect(folders / "no_ct")


def test_a_manifest_is_valid_however_it_is_made(tmp_path):
    study = Study("A", "A1", tmp_path / "a", None, "", "train", 2)
    with pytest.raises(InputRefused):
        Manifest((study, study))
