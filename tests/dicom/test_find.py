"""Finding series among other files, and choosing between them."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import SecondaryCaptureImageStorage, generate_uid

from femurkit.dicom import Usable, choose, find_series, read_series, usable
from femurkit.errors import InputRefused


def uid(series: str) -> str:
    return str(generate_uid(entropy_srcs=[series]))


def refused(path, code, **options) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        choose(find_series(path), **options)
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    assert "ecret" not in str(caught.value).lower()
    return caught.value


def test_other_files_do_not_matter(tmp_path, slices, write, hu):
    write(slices(hu), tmp_path / "a" / "b")
    (tmp_path / "a" / "notes.txt").write_text("hello")
    (tmp_path / "empty").touch()
    (tmp_path / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 400)
    whole = (tmp_path / "a" / "b" / "s000").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[: len(whole) - 200])
    (tmp_path / "stub.dcm").write_bytes(whole[:300])
    write(slices(hu[:2], series="scout", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
          tmp_path / "scout")  # fmt: skip
    write(slices(hu, series="mr", Modality="MR"), tmp_path / "mr")
    other = SecondaryCaptureImageStorage
    write(slices(hu[:1], series="sc", SOPClassUID=other), tmp_path / "sc")
    found = find_series(tmp_path)
    assert [c.uid for c in found.candidates] == [uid("a")]
    assert found.left_out["localizer"] == 2
    assert found.left_out["MR"] == len(hu)
    assert found.left_out["CT, but no CT image"] == 1
    assert sum(found.left_out[k] for k in ("damaged", "cut short", "not an image")) == 3
    choice = choose(found)
    assert np.array_equal(read_series(choice.candidate).volume.array, hu)
    assert "only CT series" in choice.why
    assert "24 MR" in choice.why


def test_a_file_without_preamble_is_read(tmp_path, slices, write, hu):
    write(slices(hu), tmp_path, explicit=False)
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        start = content.index(b"\x08\x00\x08\x00")  # first element of the data set: ImageType
        path.write_bytes(content[start:])
    assert np.array_equal(read_series(find_series(tmp_path).candidates[0]).volume.array, hu)


def test_second_copies_are_left_out(tmp_path, slices, write, hu):
    write(slices(hu), tmp_path / "a")
    write(slices(hu)[:3], tmp_path / "copy")
    choice = choose(find_series(tmp_path))
    assert np.array_equal(read_series(choice.candidate).volume.array, hu)


def test_two_reconstructions_under_one_uid_are_duplicates(tmp_path, slices, write, hu):
    again = slices(hu + 1)
    for ds in again:
        ds.SOPInstanceUID = generate_uid()
    write(slices(hu), tmp_path / "a")
    write(again, tmp_path / "b")
    with pytest.raises(InputRefused) as caught:
        read_series(choose(find_series(tmp_path)).candidate)
    assert caught.value.code == "DuplicateSlices"


@pytest.mark.parametrize(
    ("worse", "claim"),
    [
        ({"count": 40, "InstanceNumber": 1, "drop": 7}, "evenly and completely stacked"),
        ({"count": 80, "BodyPartExamined": "CHEST"}, "another part of the body"),
        ({"count": 30}, "covers more of the body"),
        ({"count": 40, "ImageType": ["DERIVED", "SECONDARY", "MPR"]}, "original, primary"),
        ({"count": 24, "spacing_mm": (5.0, 0.9, 0.7)}, "as thin as a hip CT needs"),
        ({"count": 80, "orientation": (1, 0, 0, 0, 0, -1)}, "evenly and completely stacked"),
    ],
)
def test_the_better_series_is_taken_and_the_reason_told(tmp_path, slices, write, hu, worse, claim):
    tall = np.tile(hu, (5, 1, 1))
    worse = dict(worse)
    other = slices(tall[: worse.pop("count")], series="worse", **_without(worse, "drop"))
    if "drop" in worse:
        del other[worse["drop"]]
    write(other, tmp_path, prefix="w")
    write(slices(tall[:40], series="better"), tmp_path, prefix="b")
    choice = choose(find_series(tmp_path))
    assert choice.candidate.uid == uid("better")
    assert claim in choice.why
    assert "chosen of 2 CT series" in choice.why
    listed = {one.uid: one for one in usable(find_series(tmp_path))}
    assert listed[uid("better")] == Usable(uid("better"), "no description", 40, 120.0)
    assert (uid("worse") in listed) == ("stacked" not in claim)
    assert choose(find_series(tmp_path), series_uid=uid("worse")).candidate.uid == uid("worse")


def _without(options: dict, key: str) -> dict:
    return {k: v for k, v in options.items() if k != key}


def test_said_to_show_the_pelvis_decides_between_equals(tmp_path, slices, write, hu):
    write(slices(hu, series="unsaid"), tmp_path, prefix="u")
    write(slices(hu, series="said", BodyPartExamined="PELVIS"), tmp_path, prefix="s")
    choice = choose(find_series(tmp_path))
    assert choice.candidate.uid == uid("said")
    assert "said to show the hips" in choice.why


def test_series_not_found_offers_what_is_there(tmp_path, slices, write, hu):
    write(slices(hu), tmp_path)
    assert uid("a") in str(refused(tmp_path, "SeriesNotFound", series_uid="1.2.3"))


def test_a_named_series_that_is_no_ct(tmp_path, slices, write, hu):
    write(slices(hu), tmp_path / "ct")
    write(slices(hu, series="mr", Modality="MR"), tmp_path / "mr")
    refused(tmp_path, "NoCtSeries", series_uid=uid("mr"))


def test_only_localizers_is_no_ct_series(tmp_path, slices, write, hu):
    write(slices(hu, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), tmp_path)
    assert "24 localizer" in str(refused(tmp_path, "NoCtSeries"))


def test_nothing_readable(tmp_path):
    refused(tmp_path / "absent", "NothingReadable")
    (tmp_path / "notes.txt").write_text("hello")
    refused(tmp_path, "NothingReadable")
    refused(tmp_path / "notes.txt", "NothingReadable")


def test_a_dicomdir_stands_for_its_folder(tmp_path, slices, write, hu):
    """As on a disc: slices two folders down under names that say nothing, and an index."""
    from pydicom.fileset import FileSet

    study = {"StudyDate": "20000101", "StudyTime": "120000", "StudyID": "1", "SeriesNumber": 1}
    source = write(slices(hu, AccessionNumber="", **study), tmp_path / "source")
    disc = FileSet()
    for path in source.iterdir():
        disc.add(path)
    disc.write(tmp_path / "disc")
    choice = choose(find_series(tmp_path / "disc" / "DICOMDIR"))
    assert np.array_equal(read_series(choice.candidate).volume.array, hu)
    assert choose(find_series(tmp_path / "disc")).candidate.uid == choice.candidate.uid
