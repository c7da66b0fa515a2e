"""The report as one HTML file that opens offline: pictures, data and script are inside."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from femurkit.report.content import FemurPage, Number, Report
from femurkit.report.overview import ORDER, SHOWN, Overview
from femurkit.report.shell import COLOURS, UNIT_MM
from femurkit.report.stack import hu_of_byte
from femurkit.report.views import palette
from femurkit.threads import threads

if TYPE_CHECKING:
    from jinja2 import Environment

VOLUME_SCRIPT = Path(__file__).parent / "web" / "volume.js"
"""niivue, built by `make web`; a report made without it draws the CT by itself."""


def render(report: Report) -> str:
    """The whole page as text."""
    with ThreadPoolExecutor(threads()) as pool:  # packing takes longest
        packing = {
            femur.side: pool.submit(viewer_data, femur)
            for femur in report.femurs
            if femur.stack is not None
        }
        page = _environment().get_template("report.html.j2")
        data = {side: packed.result() for side, packed in packing.items()}
    return page.render(report=report, data=data, volume_script=_volume_script())


def render_overview(overview: Overview) -> str:
    """The page of many outputs as text."""
    headings = ["Verdict", "Output", "Side"]
    headings += [f"{name}, {unit}" if unit else name for _, name, unit, _ in SHOWN]
    return (
        _environment()
        .get_template("overview.html.j2")
        .render(overview=overview, headings=[*headings, "Why"], order=ORDER)
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("femurkit.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(image=data_uri, path=svg_path, beside=beside)
    return environment


def _volume_script() -> str:
    """The standard volume viewer as a script, safe inside a script element; empty without one."""
    from markupsafe import Markup

    if not VOLUME_SCRIPT.exists():
        return ""
    text = VOLUME_SCRIPT.read_text(encoding="utf-8")
    return Markup(text.replace("</script", r"<\/script").replace("<!--", r"<\!--"))


def write_report(report: Report, path: Path) -> None:
    """Write the page to a file, UTF-8."""
    path.write_text(render(report), encoding="utf-8")


def data_uri(image: np.ndarray) -> str:
    """An image, (h, w) grey or (h, w, 4) RGBA uint8, as a data: address."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=86, method=3)
    return "data:image/webp;base64," + b64encode(buffer.getvalue()).decode("ascii")


@dataclass(frozen=True)
class Row:
    """One measurement of all femurs; None where it could not be taken."""

    name: str
    unit: str
    values: tuple[Number | None, ...]
    usual: str
    source: str


def beside(femurs: Sequence[FemurPage]) -> list[Row]:
    """The measurements of several femurs, in the order in which they first appear."""
    tables = [{number.name: number for number in femur.numbers} for femur in femurs]
    first = {number.name: number for table in reversed(tables) for number in table.values()}
    names = dict.fromkeys(name for table in tables for name in table)
    return [
        Row(
            name,
            first[name].unit,
            tuple(table.get(name) for table in tables),
            first[name].usual,
            first[name].source,
        )
        for name in names
    ]


def viewer_data(femur: FemurPage) -> Any:
    """What the viewer shows of one femur, as JSON that is safe inside a script element."""
    from markupsafe import Markup

    stack = femur.stack
    assert stack is not None
    data = {
        "side": femur.side.value,
        "size": stack.hu.shape[::-1],
        "corner_mm": stack.corner_mm,
        "step_mm": stack.step_mm,
        "ends_mm": stack.ends_mm,
        "unit_mm": UNIT_MM,
        "hu": packed(stack.hu),
        "hu_of_byte": np.rint(hu_of_byte()).tolist(),
        "palette": palette(COLOURS + 2).round(3).tolist(),
        "places": {name: list(at) for name, at in stack.places.items()},
        "surfaces": [
            {
                "name": shell.name,
                "vertices": packed(shell.vertices),
                "faces": packed(shell.faces),
                "colours": packed(shell.colours),
            }
            for shell in femur.shells
        ],
    }
    text = json.dumps(data, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # nothing in it can end the element


def packed(array: np.ndarray) -> str:
    """An array's bytes, deflated, as base64."""
    return b64encode(zlib.compress(array.tobytes(), 4)).decode("ascii")


def svg_path(polylines: tuple[np.ndarray, ...]) -> str:
    """Polylines (n, 2) of column, row as the `d` of an SVG path; closed ones end in Z."""
    parts = []
    for line in polylines:
        closed = len(line) > 2 and np.allclose(line[0], line[-1])
        points = line[:-1] if closed else line
        parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z" * closed)
    return "".join(parts)
