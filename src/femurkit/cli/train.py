"""`femurkit train`: a configuration in, a network out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from femurkit.cli.extras import require
from femurkit.cli.screen import last_line


def command(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG.toml",
            exists=True,
            dir_okay=False,
            help="What to train, as TOML.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder of the run.", show_default=False)
    ],
    devices: Annotated[
        int,
        typer.Option(min=1, help="Processes on each machine, one a GPU."),
    ] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Machines, each of which begins this.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Last line of stdout: one JSON object.")
    ] = False,
) -> None:
    """Train a network; RUN/model.onnx at the end. The same command again goes on where it stopped.

    RUN/log.csv has a line an epoch, RUN/pictures an overlay, RUN/tensorboard the curves. Use it
    with `femurkit reconstruct --weights RUN/model.onnx`.
    """
    require("train", needed_by="femurkit train")
    from femurkit.training.config import read_config
    from femurkit.training.run import train

    model = train(
        read_config(config), out, progress=sys.stderr.isatty(), devices=devices, nodes=nodes
    )
    if model is None:  # the first process tells
        return
    print(f"Network: {model}")
    if as_json:
        last_line({"ok": True, "out": str(out), "model": str(model)})
