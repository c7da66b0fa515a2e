"""`femurkit info`: what is installed here, for a report of a bug or a methods section."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from femurkit import __version__
from femurkit.cli.screen import last_line, table

PARTS = (
    "numpy",
    "scipy",
    "pydicom",
    "highdicom",
    "SimpleITK",
    "onnxruntime",
    "openvino",
    "vtk",
    "torch",
    "monai",
)
LICENCES = (
    ("femurkit", "Apache-2.0"),
    ("weights coarse, fine, paper", "Apache-2.0; model cards beside them name their data"),
    ("shape model LLP26", "MPL-2.0 (musculoskeletal-models)"),
    ("niivue, in reports where `make web` built it", "BSD-2-Clause"),
    ("label maps in the training data", "MIT (yuta-hi/pelvic-annotation)"),
)


def command(
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Tell versions, where networks can run, the weights and their hashes, and licences."""
    from femurkit.report.render import VOLUME_SCRIPT
    from femurkit.segment.engines import devices
    from femurkit.segment.weights import FINE, fine_network, joint_network, shipped, weights_hash

    versions = {"femurkit": __version__, "python": platform.python_version()}
    versions |= {name: found for name in PARTS if (found := _version(name)) is not None}
    weights = {recipe: weights_hash(fine_network(recipe), joint_network(recipe)) for recipe in FINE}
    networks = {name: shipped(name).sha256 for name in ("coarse", *FINE.values(), "joint")}
    viewer = "niivue" if VOLUME_SCRIPT.exists() else "our own (niivue: `make web`)"
    table([{"part": name, "version": found} for name, found in versions.items()])
    print(f"networks run on: {', '.join(devices())}; nothing leaves this machine")
    print(f"CT in reports is drawn by: {viewer}")
    table(
        [
            {"recipe": name, "weights (SHA-256, as in run.json)": digest}
            for name, digest in weights.items()
        ]
    )
    table([{"network": name, "SHA-256": digest} for name, digest in networks.items()])
    table([{"what": what, "licence": licence} for what, licence in LICENCES])
    if as_json:
        last_line(
            {
                "ok": True,
                "versions": versions,
                "devices": devices(),
                "viewer": viewer,
                "weights": weights,
                "networks": networks,
                "licences": dict(LICENCES),
            }
        )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
