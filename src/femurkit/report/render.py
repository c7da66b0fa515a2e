"""The report as one HTML file that opens offline: pictures inside, no script."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path

import numpy as np

from femurkit.report.content import Report


def render(report: Report) -> str:
    """The whole page as text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("femurkit.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(image=data_uri, path=svg_path)
    return environment.get_template("report.html.j2").render(report=report)


def write_report(report: Report, path: Path) -> None:
    """Write the page to a file, UTF-8."""
    path.write_text(render(report), encoding="utf-8")


def data_uri(image: np.ndarray) -> str:
    """An image, (h, w) grey or (h, w, 4) RGBA uint8, as a data: address."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=86, method=3)
    return "data:image/webp;base64," + b64encode(buffer.getvalue()).decode("ascii")


def svg_path(polylines: tuple[np.ndarray, ...]) -> str:
    """Polylines (n, 2) of column, row as the `d` of an SVG path; closed ones end in Z."""
    parts = []
    for line in polylines:
        closed = len(line) > 2 and np.allclose(line[0], line[-1])
        points = line[:-1] if closed else line
        parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z" * closed)
    return "".join(parts)
