"""The page of real scans: what counts as found, missed, on the wrong side and invented."""

import csv

import pytest
from benchmarks.real import SCANS, judge
from benchmarks.real_page import page, parts


@pytest.mark.parametrize(
    ("expected", "centres", "found", "missed", "wrong", "invented"),
    [
        (["left", "right"], {"left": 100, "right": -90}, ["left", "right"], [], [], []),
        (["left", "right"], {"left": 100}, ["left"], ["right"], [], []),
        (["left", "right"], {"left": -90, "right": 100}, [], ["left", "right"],
         ["left", "right"], []),
        (["left"], {"right": 100}, [], ["left"], ["right"], []),
        (["left"], {"left": 100, "right": 20}, ["left"], [], [], ["right"]),
        ([], {"left": 100}, [], [], [], ["left"]),
        ([], {}, [], [], [], []),
    ],
)  # fmt: skip
def test_judge(expected, centres, found, missed, wrong, invented):
    told = judge(expected, centres)
    assert told == {
        "found": found, "missed": missed, "wrong_side": wrong, "invented": invented,
    }  # fmt: skip


def row(scan, **more):
    return {**scan, "expected": ["left"], "inspect": {"exit": 0, "sides": ["left"]}, "exit": 0,
            "seconds": 9.6, "femurs": [], "said": [], "found": ["left"], "missed": [],
            "wrong_side": [], "invented": [], **more}  # fmt: skip


def test_the_page_counts_and_names_what_went_wrong():
    with SCANS.open(newline="") as file:
        scans = {scan["scan"]: scan for scan in csv.DictReader(file)}
    refused = {"exit": 4, "sides": []}
    text = page([
        row(scans["STS_001"]),
        row(scans["STS_023"], exit=4, found=[], missed=["left"], said=["NoFemurFound: none"]),
        row(scans["STS_002"], expected=[], exit=4, found=[], inspect=refused),
    ])  # fmt: skip
    assert "**1 of 2 femora found, 1 missed, 0 with the wrong side, 0 invented.**" in text
    assert "`reconstruct` refuses 1 with exit code 4, and `inspect` 1" in text
    assert "**missed: left**" in text and "no femur (4)" in text


def test_parts_in_words():
    with SCANS.open(newline="") as file:
        scan = next(scan for scan in csv.DictReader(file) if scan["scan"] == "STS_036")
    words = "left: head, greater trochanter in part, lesser trochanter, 85 mm of shaft"
    assert parts(scan, "left") == words and parts(scan, "right") == ""
