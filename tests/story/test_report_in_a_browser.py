"""The report as a person meets it: opened from disk in Chromium, with the network off."""

import os
import shutil
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from femurkit.report.content import Number, Report
from femurkit.report.render import VOLUME_SCRIPT, write_report

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: chromium)")

SOFTWARE = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
MARKUP = '<img src=x onerror="alert(1)">'
NO_NIIVUE = "Object.defineProperty(window, 'femurkitWeb', { get() {}, set() {} });"


@pytest.fixture(scope="module")
def chromium():
    options = [*SOFTWARE, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page, and all that the browser complained of."""

    page: object
    complaints: list = field(default_factory=list)

    def seen(self, part):
        self.page.evaluate("() => new Promise(requestAnimationFrame)")  # it draws once a frame
        self.page.evaluate("() => new Promise(requestAnimationFrame)")
        shot = self.page.locator(part).first.screenshot()  # whatever lies above or beneath it
        small = Image.open(BytesIO(shot)).convert("RGB").resize((64, 64))
        return np.asarray(small).ravel().tolist()

    def told(self, part):
        self.page.evaluate("() => new Promise(requestAnimationFrame)")
        self.page.evaluate("() => new Promise(requestAnimationFrame)")
        return self.page.locator(part).first.inner_text()


def opened(chromium, path, before="", **view):
    view = {"viewport": {"width": 1280, "height": 900}, **view}
    page = chromium.new_context(offline=True, **view).new_page()
    page.add_init_script(before)
    it = Opened(page)
    page.on("console", lambda m: m.type == "error" and it.complaints.append(m.text))
    page.on("pageerror", lambda error: it.complaints.append(str(error)))
    page.on("dialog", lambda dialog: it.complaints.append(dialog.message))
    page.on("request", lambda r: r.url.startswith("http") and it.complaints.append(r.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
    return it


@pytest.fixture(scope="module")
def report(chromium, both):
    """Through niivue where it is built, else the plain viewer: both show the same (see below)."""
    it = opened(chromium, both[0] / "report.html")
    assert it.page.locator(".planes.through").count() == 2 * VOLUME_SCRIPT.exists()
    yield it
    assert it.complaints == []


LEFT = "[data-femur=left] "


def test_three_planes_show_the_ct_and_space_is_not_blank(report):
    for part in ("[data-plane=axial]", "[data-plane=coronal]", "[data-plane=sagittal]", ".solid"):
        for side in ("left", "right"):
            values = report.seen(f"[data-femur={side}] {part} canvas")
            assert len(set(values)) > 30, (side, part)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_scrolling_changes_the_slice_shown(report, plane):
    part = f"{LEFT}[data-plane={plane}] "
    before, told = report.seen(part + "canvas"), report.told(part + "output")
    report.page.locator(part + "canvas").hover()
    report.page.mouse.wheel(0, -100)
    report.page.wait_for_timeout(50)
    assert report.told(part + "output") != told
    assert report.seen(part + "canvas") != before
    report.page.mouse.wheel(0, 100)
    report.page.wait_for_timeout(50)
    assert report.told(part + "output") == told
    assert report.seen(part + "canvas") == before


def test_a_click_in_one_plane_moves_the_others(report):
    before = [report.told(f"{LEFT}[data-plane={p}] output") for p in ("coronal", "sagittal")]
    report.page.locator(f"{LEFT}[data-plane=axial] canvas").click(position={"x": 15, "y": 25})
    after = [report.told(f"{LEFT}[data-plane={p}] output") for p in ("coronal", "sagittal")]
    assert all(a != b for a, b in zip(after, before, strict=True))


def test_dragging_out_of_a_plane_stops_at_its_edge(report):
    box = report.page.locator(f"{LEFT}[data-plane=axial] canvas").bounding_box()
    mouse = report.page.mouse
    mouse.move(box["x"] + 20, box["y"] + 20)
    mouse.down()
    mouse.move(box["x"] - 300, box["y"] + box["height"] + 300, steps=5)
    mouse.up()
    for plane in ("coronal", "sagittal"):
        at, _, rest = report.told(f"{LEFT}[data-plane={plane}] output").partition(" of ")
        assert 1 <= int(at) <= int(rest.partition(",")[0])
    assert report.told(f"{LEFT}[data-plane=sagittal] output").startswith("1 of ")


def test_the_surface_keeps_its_proportions_when_the_page_narrows(report):
    canvas = report.page.locator(f"{LEFT}.solid canvas")
    report.page.set_viewport_size({"width": 500, "height": 900})
    report.page.wait_for_timeout(200)
    shape = canvas.evaluate("c => [c.width / c.height, c.clientWidth / c.clientHeight]")
    report.page.set_viewport_size({"width": 1280, "height": 900})
    assert shape[0] == pytest.approx(shape[1], rel=0.02)


def test_it_jumps_to_the_head_the_gap_and_the_shaft(report):
    slices = []
    for place in ("Head centre", "Joint gap", "Shaft end"):
        report.page.locator(LEFT).get_by_role("button", name=place).click()
        told = report.told(f"{LEFT}[data-plane=axial] output")
        slices.append(float(told.rpartition(" at ")[2].removesuffix(" mm")))
    assert 10 < slices[1] - slices[0] < 25
    assert slices[2] < slices[0] - 60


def test_zoom_shows_the_same_slice_larger_and_clicks_hit_what_they_show(report):
    part = f"{LEFT}[data-plane=axial] "
    report.page.locator(LEFT).get_by_role("button", name="Head centre").click()
    before, told = report.seen(part + "canvas"), report.told(part + "output")
    report.page.locator(f"{LEFT}[name=zoom]").select_option("4")
    assert report.seen(part + "canvas") != before
    assert report.told(part + "output") == told
    others = [report.told(f"{LEFT}[data-plane={p}] output") for p in ("coronal", "sagittal")]
    box = report.page.locator(part + "canvas").bounding_box()
    middle = {"x": box["width"] / 2, "y": box["height"] / 2}  # where the crosshair is
    report.page.locator(part + "canvas").click(position=middle)
    after = [report.told(f"{LEFT}[data-plane={p}] output") for p in ("coronal", "sagittal")]
    for a, b in zip(others, after, strict=True):
        assert abs(int(a.partition(" ")[0]) - int(b.partition(" ")[0])) <= 1
    report.page.locator(f"{LEFT}[name=zoom]").select_option("1")


def test_verdicts_stand_at_the_top(report):
    report.page.evaluate("window.scrollTo(0, 0)")
    for side in ("Left", "Right"):
        link = report.page.locator(".verdicts").get_by_text(side)
        assert link.bounding_box()["y"] < 300


def test_outlines_and_window_change_the_picture(report):
    part = f"{LEFT}[data-plane=coronal] canvas"
    before = report.seen(part)
    report.page.locator("#outlines").uncheck()
    assert report.seen(part) != before
    report.page.locator("#outlines").check()
    assert report.seen(part) == before
    report.page.locator(f"{LEFT}[name=window]").select_option("soft tissue")
    assert report.seen(part) != before
    report.page.locator(f"{LEFT}[name=window]").select_option("bone")
    assert report.seen(part) == before


def test_a_drag_with_the_right_button_changes_the_window(report):
    part = f"{LEFT}[data-plane=axial] canvas"
    before = report.seen(part)
    box = report.page.locator(part).bounding_box()
    mouse = report.page.mouse
    mouse.move(box["x"] + 50, box["y"] + 50)
    mouse.down(button="right")
    mouse.move(box["x"] + 90, box["y"] + 90, steps=5)
    mouse.up(button="right")
    assert report.seen(part) != before
    assert report.page.locator(f"{LEFT}[name=window]").input_value() == "own"
    report.page.locator(f"{LEFT}[name=window]").select_option("bone")
    assert report.seen(part) == before


@pytest.mark.skipif(not VOLUME_SCRIPT.exists(), reason="needs niivue (make web, needs Node)")
def test_niivue_shows_the_very_slices_that_the_plain_viewer_shows(chromium, both):
    pages = [opened(chromium, both[0] / "report.html", before) for before in ("", NO_NIIVUE)]
    for place, zoom in [("Head centre", "1"), ("Joint gap", "2"), ("Shaft end", "4")]:
        for it in pages:
            it.page.locator("#outlines").uncheck()
            it.page.locator(LEFT).get_by_role("button", name=place).click()
            it.page.locator(f"{LEFT}[name=zoom]").select_option(zoom)
        for plane in ("axial", "coronal", "sagittal"):
            one, other = (
                np.reshape(it.seen(f"{LEFT}[data-plane={plane}] canvas"), (64, 64, 3))[..., 0]
                for it in pages
            )
            apart = [
                np.abs(np.roll(one, shift, axis) - other)[8:-8, 8:-8].mean()
                for shift, axis in [(0, 0), (1, 0), (-1, 0), (1, 1), (-1, 1)]
            ]
            assert apart[0] < 4, (place, plane, apart)  # of 255
            assert apart[0] == min(apart), (place, plane, apart)
    assert all(it.complaints == [] for it in pages)


def tabbed(page):
    """Every part that the tab key reaches, in order: what it is and how to find it again."""
    reached = []
    for _ in range(200):  # past the end it begins anew: all are reached from wherever it began
        page.keyboard.press("Tab")
        part = page.evaluate(
            """() => { const e = document.activeElement;
               if (e === document.body || e.dataset.reached === "yes") return null;
               e.dataset.reached = "yes";
               return e.tagName + (e.name || e.dataset.turn || e.dataset.place || ""); }"""
        )
        if part is not None:
            reached.append(part)
    return reached


def test_every_control_is_reached_and_used_by_keyboard(report):
    page = report.page
    assert len(tabbed(page)) > 30
    controls = page.locator(":is(button, select, input, canvas:not([aria-hidden]))")
    missed = [c for c in controls.all() if c.is_visible() and not c.get_attribute("data-reached")]
    assert missed == []
    for plane in ("axial", "coronal", "sagittal"):
        part = f"{LEFT}[data-plane={plane}] "
        for kind in ("canvas", "input"):
            told = report.told(part + "output")
            page.locator(part + kind).focus()
            page.keyboard.press("ArrowUp")
            assert report.told(part + "output") != told
    solid = page.locator(f"{LEFT}.solid canvas")
    for key in ("ArrowLeft", "ArrowUp", "+", "-"):
        before = report.seen(f"{LEFT}.solid canvas")
        solid.focus()
        page.keyboard.press(key)
        assert report.seen(f"{LEFT}.solid canvas") != before, key
    for name in ("front", "turn left", "turn up", "larger", "smaller", "back", "medial"):
        before = report.seen(f"{LEFT}.solid canvas")
        page.locator(LEFT).get_by_role("button", name=name, exact=True).focus()
        page.keyboard.press("Enter")
        assert report.seen(f"{LEFT}.solid canvas") != before, name
    told = report.told(f"{LEFT}[data-plane=axial] output")
    page.locator(LEFT).get_by_role("button", name="Shaft end").focus()
    page.keyboard.press("Space")
    assert report.told(f"{LEFT}[data-plane=axial] output") != told


@pytest.mark.parametrize("surface", ["hollow", "thickness"])
def test_each_surface_can_be_shown(report, surface):
    choice = report.page.locator(f"{LEFT}[name=surface]")
    choice.select_option("periosteal")
    assert not report.page.locator(f"{LEFT}p.scale").is_visible()
    report.page.locator(LEFT).get_by_role("button", name="front", exact=True).click()
    # from below a hollow bone shows its canal
    for _ in range(6):
        report.page.locator(LEFT).get_by_role("button", name="turn up").click()
    before = report.seen(f"{LEFT}.solid canvas")
    choice.select_option(surface)
    assert report.seen(f"{LEFT}.solid canvas") != before
    assert report.page.locator(f"{LEFT}p.scale").is_visible() == (surface == "thickness")


@pytest.mark.parametrize("view", [
    {}, {"viewport": {"width": 390, "height": 844}}, {"color_scheme": "dark"},
], ids=["desktop", "phone", "dark"])  # fmt: skip
def test_axe_finds_nothing_serious(chromium, both, view):
    from axe_playwright_python.sync_playwright import Axe

    it = opened(chromium, both[0] / "report.html", **view)
    found = Axe().run(it.page).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"]) for v in found
               if v["impact"] in ("serious", "critical")]  # fmt: skip
    assert serious == []
    wide = it.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, "the page scrolls sideways"
    assert it.complaints == []


def test_on_paper_and_without_scripts_there_are_pictures(chromium, both):
    page = chromium.new_context(offline=True, java_script_enabled=False).new_page()
    page.goto((both[0] / "report.html").as_uri())
    assert page.locator(f"{LEFT}.still svg").first.is_visible()
    assert not page.locator(f"{LEFT}.viewer").is_visible()
    it = opened(chromium, both[0] / "report.html")
    it.page.emulate_media(media="print")
    assert it.page.locator(f"{LEFT}.still svg").first.is_visible()
    assert not it.page.locator(f"{LEFT}.viewer").is_visible()


def test_without_webgl_the_surfaces_stand_still(chromium, both):
    options = ["--disable-3d-apis", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=options)
    page = browser.new_context(offline=True).new_page()
    page.goto((both[0] / "report.html").as_uri())
    page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
    assert page.locator(f"{LEFT}.planes").is_visible()
    assert page.locator(f"{LEFT}.views img").first.is_visible()
    assert not page.locator(f"{LEFT}.solid").is_visible()
    browser.close()


def test_markup_in_a_header_does_nothing(chromium, femurkit, patient, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for path in (patient / "ct").iterdir():
        ds = dcmread(path)
        ds.PatientName = ds.SeriesDescription = ds.ProtocolName = MARKUP
        ds.ConvolutionKernel = MARKUP[:16]
        ds.ContrastBolusAgent = MARKUP
        ds.save_as(folder / path.name)
    told = femurkit("reconstruct", folder, "-o", tmp_path / "out", "--side", "left")
    assert told.code == 0, told.err
    it = opened(chromium, tmp_path / "out/report.html")
    assert it.complaints == []
    assert it.page.locator("img[src=x]").count() == 0


def test_markup_is_shown_as_text(chromium, tmp_path):
    page = Report(MARKUP, (), warnings=(MARKUP,), provenance=(Number(MARKUP, MARKUP),))
    write_report(page, tmp_path / "report.html")
    it = opened(chromium, tmp_path / "report.html")
    assert it.page.locator("body").inner_text().count(MARKUP) == 4
    assert it.page.locator("img").count() == 0
    assert it.complaints == []
