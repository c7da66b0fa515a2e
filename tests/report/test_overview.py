"""Many outputs on one page: who comes first, who stands out, and that the table sorts."""

import json
import os
import shutil

import pytest

from femurkit.errors import NothingReadable
from femurkit.report.overview import OUTLIER, overview_of
from femurkit.report.render import render_overview


def femur(side="left", **changes):
    row = {
        "side": side, "checks": [], "verdict": "accept", "verdict_reasons": [], "volume_ml": 200.0,
        "visible_length_mm": 200.0, "head_radius_mm": 24.0, "neck_shaft_angle_deg": 127.0,
        "femoral_offset_mm": 43.0, "shaft_cortical_thickness_mm": 5.0, "shape_distance_mm": 1.2,
        "confidence": 0.95,
    }  # fmt: skip
    return {**row, **changes}


@pytest.fixture
def outputs(tmp_path):
    """A function that writes outputs below a folder, by name, and gives the folder."""

    def write(**femurs):
        for name, rows in femurs.items():
            (tmp_path / name).mkdir()
            (tmp_path / name / "measurements.json").write_text(json.dumps(rows))
            (tmp_path / name / "report.html").write_text("")
        return tmp_path

    return write


def test_what_is_bad_comes_first_and_is_counted(outputs):
    folder = outputs(
        a=[femur(), femur("right", verdict="look", verdict_reasons=["Thick slices."])],
        b=[femur(verdict="reject", verdict_reasons=["Two parts."])],
    )
    page = overview_of(folder)
    assert [(x.name, x.side, x.verdict) for x in page.lines] == [
        ("b", "left", "reject"), ("a", "right", "look"), ("a", "left", "accept"),
    ]  # fmt: skip
    assert page.counts == {"reject": 1, "look": 1, "accept": 1}
    assert page.lines[0].link == "b/report.html"


def test_an_outlier_comes_before_the_others_of_its_verdict(outputs):
    radii = [23.0, 23.5, 24.0, 24.5, 25.0, 24.2, 27.8, 24.1]
    folder = outputs(**{f"p{k}": [femur(head_radius_mm=r)] for k, r in enumerate(radii)})
    first, *rest = overview_of(folder).lines
    assert first.name == "p6" and first.far > OUTLIER
    assert [cell.text for cell in first.cells if cell.far] == ["27.8"]
    assert not any(cell.far for line in rest for cell in line.cells)
    assert not any(cell.unusual for line in (first, *rest) for cell in line.cells)
    assert '27.8 <span title="far from the others">△' in render_overview(overview_of(folder))


def test_the_few_femurs_of_one_person_have_no_outliers_but_unusual_values(outputs):
    radii = [24.8, 24.8, 24.8, 24.9, 25.3, 25.3, 28.9]
    folder = outputs(**{f"p{k}": [femur(head_radius_mm=r)] for k, r in enumerate(radii)})
    page = overview_of(folder)
    assert not any(cell.far for line in page.lines for cell in line.cells)
    assert [c.text for line in page.lines for c in line.cells if c.unusual] == ["28.9"]
    text = render_overview(page)
    assert '28.9 <span title="outside the usual range">◆' in text and "△" not in text


def test_missing_values_have_no_text(outputs):
    folder = outputs(a=[femur(head_radius_mm=None)], b=[femur(head_radius_mm=60.0)])
    page = overview_of(folder)
    assert "" in [cell.text for cell in page.lines[0].cells]
    assert page.spreads == ()


def test_what_cannot_be_read_is_named_and_an_empty_folder_refused(outputs):
    folder = outputs(a=[femur()])
    for name, text in {"broken": "{", "odd": '[{"side": "left", "volume_ml": "x"}]'}.items():
        (folder / name).mkdir()
        (folder / name / "report.html").write_text("")
        (folder / name / "measurements.json").write_text(text)
    assert overview_of(folder).failed == ("broken", "odd")
    (folder / "a/report.html").unlink()
    with pytest.raises(NothingReadable):
        overview_of(folder)


def test_masks_that_were_meshed_and_runs_that_go_on_are_no_outputs(outputs):
    folder = outputs(a=[femur()], meshed=[femur()])
    (folder / "meshed/report.html").unlink()
    shutil.copytree(folder / "a", folder / ".a.xyz.part")
    assert [line.name for line in overview_of(folder).lines] == ["a"]


def test_names_are_text_and_links_are_addresses(outputs):
    folder = outputs(**{"a b & <i>c": [femur(verdict="look", verdict_reasons=["<b>x</b>"])]})
    text = render_overview(overview_of(folder))
    assert "<i>c" not in text and "<b>x</b>" not in text
    assert 'href="a%20b%20%26%20%3Ci%3Ec/report.html"' in text


def test_the_table_sorts_in_a_browser(outputs):
    playwright = pytest.importorskip("playwright.sync_api")
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("needs Chromium (Debian: chromium)")
    volumes = [5.0, 100.0, 30.0, None, 9.0]
    folder = outputs(**{f"p{k}": [femur(volume_ml=v)] for k, v in enumerate(volumes)})
    (folder / "overview.html").write_text(render_overview(overview_of(folder)))
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_context(offline=True).new_page()
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((folder / "overview.html").as_uri())
        heading = page.get_by_role("button", name="Volume, ml")
        shown = "[...document.querySelectorAll('tbody tr')].map(r => r.cells[3].textContent)"
        heading.focus()
        page.keyboard.press("Enter")
        assert page.evaluate(shown) == ["5.0", "9.0", "30.0", "100.0", ""]
        heading.click()
        assert page.evaluate(shown) == ["100.0", "30.0", "9.0", "5.0", ""]
        assert page.get_by_role("columnheader").nth(3).get_attribute("aria-sort") == "descending"
        assert complaints == []
        browser.close()
