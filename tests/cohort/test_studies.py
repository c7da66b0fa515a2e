"""The table of a cohort, and how many workers a machine has room for."""

import pytest

from femurkit.cohort.cluster import workers_for
from femurkit.cohort.studies import read_studies
from femurkit.errors import BadManifest, NothingReadable


def table(folder, text):
    path = folder / "scans.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("parted_by", [",", ";"])
def test_paths_count_from_the_table_and_other_columns_are_left_alone(tmp_path, parted_by):
    text = "\ufeffnote, ct ,study\nx,a/ct,A\ny,/b.nii,B.1\n"
    path = table(tmp_path, text.replace(",", parted_by))
    studies = read_studies(path)
    assert [(s.name, str(s.ct)) for s in studies] == [("A", f"{tmp_path}/a/ct"), ("B.1", "/b.nii")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("study,path\nA,a\n", "columns study, path"),
        ("", "columns (none)"),
        ("study,ct\n", "without rows"),
        ("study,ct\nA,a\n../B,b\n", "row 3: a study that is no plain name"),
        ("study,ct\nA,\n", "row 2: no ct"),
        ("study,ct\nA,a\nB,b\na,c\n", "one study in rows 2 and 4"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused(tmp_path, text, found):
    with pytest.raises(BadManifest) as refused:
        read_studies(table(tmp_path, text))
    assert found in refused.value.found


def test_no_table(tmp_path):
    with pytest.raises(NothingReadable):
        read_studies(tmp_path / "none.csv")


def test_as_many_workers_as_cores_and_memory_have_room_for():
    assert workers_for(64_000, 8) == 8
    assert workers_for(4_000, 8) == 2
    assert workers_for(500, 8) == 1
