"""The page: one file, complete, safe, small."""

import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from femurkit.anatomy import Side
from femurkit.measure.verdict import Verdict
from femurkit.report.build import numbers
from femurkit.report.content import Check, Cut, FemurPage, Number, Report, View
from femurkit.report.render import beside, render, svg_path

SQUARE = np.array([[1, 1], [9, 1], [9, 5], [1, 1]], float)


def page(side, notes=()):
    grey = np.arange(60 * 80, dtype=np.uint8).reshape(60, 80)
    cuts = tuple(
        Cut(plane, grey, (SQUARE,), (), edges, 0.5)
        for plane, edges in (("coronal", "RLSI"), ("sagittal", "APSI"), ("axial", "RLAP"))
    )
    views = tuple(View(n, np.full((40, 30, 4), 200, np.uint8)) for n in ("anterior", "below"))
    return FemurPage(side, cuts, views, (Number("Volume", "123.4", "ml"),),
                     (Check("Closed", True), Check("One part", False)), notes)  # fmt: skip


def report(**changes):
    content = {
        "source": "CT of 3 slices",
        "femurs": (page(Side.LEFT), page(Side.RIGHT)),
        "warnings": ("thick slices",),
        "provenance": (Number("weights", "0123abcd"),),
        "seconds": {"read": 1.25},
        "name": "series …0042",
    }
    return Report(**{**content, **changes})


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.words = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def test_says_everything_it_is_given():
    words = " ".join(Page(render(report())).words)
    for text in ("CT of 3 slices", "Thick slices", "Left femur", "Right femur", "123.4", "ml",
                 "Closed", "One part", "0123abcd", "1.2 s", "Not a medical device",
                 "series …0042: femurs from CT", "✓ holds", "✕ fails"):  # fmt: skip
        assert text in words, text


def test_loads_nothing(monkeypatch, tmp_path):
    # of niivue the browser's tests say the same
    monkeypatch.setattr("femurkit.report.render.VOLUME_SCRIPT", tmp_path / "none")
    tags = Page(render(report())).tags
    addresses = [a for _, attrs in tags for k, a in attrs.items() if k in ("src", "href", "srcset")]
    outside = [address for address in addresses if not address.startswith("#")]
    assert len(outside) == 2 * (3 + 2)
    assert all(address.startswith("data:image/") for address in outside)
    assert not {"link", "iframe"} & {tag for tag, _ in tags}
    assert [attrs for tag, attrs in tags if tag == "script"] == [{}]
    assert not re.search(r"url\(|@import", render(report()))


def test_every_picture_has_words_and_opens():
    for tag, attrs in Page(render(report())).tags:
        if tag == "svg":
            assert attrs["role"] == "img"
            assert "hip" in attrs["aria-label"]
        if tag == "img":
            assert "femur" in attrs["alt"]
        source = attrs.get("src") or attrs.get("href") or ""
        if source.startswith("data:"):
            Image.open(BytesIO(b64decode(source.partition(",")[2]))).load()


def test_what_comes_from_the_input_is_escaped():
    bad = '<img src=x onerror="alert(1)">'
    text = render(report(source=bad, warnings=(bad,), femurs=(page(Side.LEFT, (bad,)),)))
    assert bad not in text
    assert " ".join(Page(text).words).count(bad) == 3


def test_an_outline_becomes_a_closed_path():
    assert svg_path((SQUARE,)) == "M1.0 1.0L9.0 1.0L9.0 5.0Z"
    assert svg_path((SQUARE[:3],)) == "M1.0 1.0L9.0 1.0L9.0 5.0"
    assert svg_path(()) == ""


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("volume_ml", 241.26, Number("Volume", "241.3", "ml")),
        ("surface_area_mm2", 34012.0, Number("Surface area", "340.1", "cm²")),
        ("neck_length_mm", 52.04, Number("Neck length", "52.0", "mm")),
        ("parts", 2, Number("Parts", "2")),
    ],
)
def test_numbers_get_their_unit_from_their_name(name, value, expected):
    assert numbers({name: value}) == (expected,)


def test_words_and_yes_or_no_are_not_numbers():
    assert numbers({"side": "left", "watertight": True, "checks": []}) == ()


def test_what_is_usual_stands_beside_with_its_source():
    usual, strange = numbers({"neck_shaft_angle_deg": 127.0}) + numbers(
        {"neck_shaft_angle_deg": 90}
    )
    assert usual.usual == strange.usual == "112.3 to 137.1"
    assert "628" in usual.source
    assert (usual.unusual, strange.unusual) == (False, True)
    words = " ".join(
        Page(render(report(femurs=(replace(page(Side.LEFT), numbers=(strange,)),)))).words
    )
    assert "unusual" in words and "628 healthy adults" in words


def test_left_and_right_stand_in_one_row_and_gaps_are_said():
    left = replace(page(Side.LEFT), numbers=(Number("Volume", "1"), Number("Offset", "2", "mm")))
    right = replace(page(Side.RIGHT), numbers=(Number("Volume", "3"),))
    rows = beside([left, right])
    assert [(row.name, row.unit) for row in rows] == [("Volume", ""), ("Offset", "mm")]
    assert [v and v.value for row in rows for v in row.values] == ["1", "3", "2", None]
    assert "not measurable" in " ".join(Page(render(report(femurs=(left, right)))).words)


@pytest.mark.parametrize("word", ["accept", "look", "reject"])
def test_the_verdict_is_told_with_its_reasons_and_rule(word):
    judged = replace(page(Side.LEFT), verdict=Verdict(word, ("two <b>handles</b>",)))
    text = render(report(femurs=(judged,), rule="Reject: no."))
    words = " ".join(Page(text).words)
    assert word.capitalize() in words and "two <b>handles</b>" in words and "Reject: no." in words
