"""The output folder: whole or not at all, and never at the cost of somebody's data."""

import pytest

from femurkit.errors import OutputExists
from femurkit.output import whole_or_nothing


def fill(folder, text="new"):
    (folder / "run.json").write_text(text)


def test_appears_only_at_the_end(tmp_path):
    out = tmp_path / "out"
    with whole_or_nothing(out, overwrite=False, marker="run.json") as folder:
        fill(folder)
        assert not out.exists()
    assert (out / "run.json").read_text() == "new"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_after_an_exception(tmp_path, error):
    with (
        pytest.raises(error),
        whole_or_nothing(
            tmp_path / "a" / "b" / "out", overwrite=False, marker="run.json"
        ) as folder,
    ):
        fill(folder)
        raise error
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_refused_before_the_work(tmp_path):
    with (
        pytest.raises(OutputExists, match="--overwrite"),
        whole_or_nothing(tmp_path, overwrite=False, marker="run.json"),
    ):
        pytest.fail("the block was entered")


def test_overwrite_replaces_all_of_it(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    fill(out, "old")
    (out / "stale.txt").write_text("old")
    with whole_or_nothing(out, overwrite=True, marker="run.json") as folder:
        fill(folder)
    assert [p.name for p in out.iterdir()] == ["run.json"]
    assert (out / "run.json").read_text() == "new"
    assert list(tmp_path.iterdir()) == [out]


def test_a_failed_overwrite_keeps_the_old(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    fill(out, "old")
    with (
        pytest.raises(RuntimeError),
        whole_or_nothing(out, overwrite=True, marker="run.json") as folder,
    ):
        fill(folder)
        raise RuntimeError
    assert (out / "run.json").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_overwrite_spares_a_folder_that_is_not_ours(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with (
        pytest.raises(OutputExists, match="not made by femurkit"),
        whole_or_nothing(tmp_path, overwrite=True, marker="run.json"),
    ):
        pytest.fail("the block was entered")
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_overwrite_spares_the_input(tmp_path):
    fill(tmp_path)
    source = tmp_path / "ct"
    source.mkdir()
    with (
        pytest.raises(OutputExists, match="holds the input"),
        whole_or_nothing(tmp_path, overwrite=True, marker="run.json", source=source),
    ):
        pytest.fail("the block was entered")
    assert source.exists()
