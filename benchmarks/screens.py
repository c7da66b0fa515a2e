"""The report as it looks: `python -m benchmarks.screens` (1 minute, needs Chromium).

Makes the demo's report, opens it from disk with the network off, and writes what is seen at the
width of a desktop and of a phone to docs/results/report_desktop.webp and report_phone.webp, with
the overview of two outputs beside them.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from femurkit.cli import run

OUT = Path(__file__).parent.parent / "docs" / "results"
SOFTWARE = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
SIZES = {"desktop": (1280, 1500), "phone": (390, 1700)}


def save(page: Any, name: str) -> None:
    """What is seen now."""
    Image.open(BytesIO(page.screenshot())).convert("RGB").save(OUT / f"{name}.webp", quality=82)
    print(OUT / f"{name}.webp")


def main() -> None:
    """Make the report and look at it."""
    if (chromium := shutil.which("chromium")) is None:
        sys.exit("needs Chromium (Debian: chromium)")
    with tempfile.TemporaryDirectory() as work, sync_playwright() as driver:
        outputs = Path(work) / "outputs"
        outputs.mkdir()
        run(["demo", "-o", str(Path(work) / "demo")])
        (demo,) = (path.parent for path in Path(work).rglob("report.html"))
        shutil.copytree(demo, outputs / "demo")
        run(["report", str(outputs)])
        options = [*SOFTWARE, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = driver.chromium.launch(executable_path=chromium, args=options)
        for name, (width, height) in SIZES.items():
            view: Any = {"width": width, "height": height}
            page = browser.new_context(offline=True, viewport=view).new_page()
            page.goto((demo / "report.html").as_uri())
            page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
            save(page, f"report_{name}")
            if name == "desktop":
                page.goto((outputs / "overview.html").as_uri())
                page.set_viewport_size({"width": width, "height": 700})
                save(page, "overview")
        browser.close()


if __name__ == "__main__":
    main()
