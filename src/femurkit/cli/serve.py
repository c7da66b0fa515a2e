"""`femurkit serve`: a DICOM node that answers a CT with its femurs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from femurkit.cli.extras import require
from femurkit.cli.screen import last_line, say
from femurkit.node.config import NodeConfig, peer_of, title_of

if TYPE_CHECKING:
    from femurkit.node.serve import Ports

USUAL = NodeConfig(Path())


def command(
    folder: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR",
            show_default=False,
            help="Folder of the queue, received studies and results; goes on where it stopped.",
        ),
    ],
    to: Annotated[
        str | None,
        typer.Option(
            metavar="TITLE@HOST:PORT|URL",
            help="PACS that results go to, by C-STORE or (http...) STOW-RS. Not said, they stay "
            "in DIR/results.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="URL",
            help="DICOMweb address from which POST /pull/STUDY_UID pulls a study.",
        ),
    ] = None,
    title: Annotated[str, typer.Option("--aet", help="The node's AE title.")] = USUAL.title,
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 is everywhere.")] = USUAL.host,
    port: Annotated[int, typer.Option(help="For DICOM; 0 takes a free one.")] = USUAL.port,
    http_port: Annotated[int, typer.Option(help="For /health and /queue.")] = USUAL.http_port,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="AET", help="Take from this AE title alone; may be given again."),
    ] = None,
    settle: Annotated[
        float, typer.Option(metavar="S", help="A study is whole after so many quiet seconds.")
    ] = USUAL.settle_s,
    patience: Annotated[
        float, typer.Option(metavar="S", help="The same where its sender was cut off.")
    ] = USUAL.patience_s,
    keep_hours: Annotated[
        float, typer.Option(metavar="H", help="Forget studies so long after their end.")
    ] = USUAL.keep_hours,
    max_associations: Annotated[
        int, typer.Option(metavar="N", help="Senders at a time.")
    ] = USUAL.max_associations,
    max_study_mb: Annotated[
        int, typer.Option(metavar="MB", help="Of one study.")
    ] = USUAL.max_study_mb,
    max_disk_mb: Annotated[
        int, typer.Option(metavar="MB", help="Of all studies.")
    ] = USUAL.max_disk_mb,
    min_free_mb: Annotated[
        int, typer.Option(metavar="MB", help="Left free on the disk.")
    ] = USUAL.min_free_mb,
    side: Annotated[
        Literal["both", "left", "right"], typer.Option(help="Which femur.", case_sensitive=False)
    ] = USUAL.side,
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON on stdout once it listens.")
    ] = False,
) -> None:
    """Receive CT studies as a DICOM node and send femurs back: SEG, segmented CT, surfaces.

    Runs until Ctrl-C. Killed at any moment, it loses no study and does none twice.
    """
    require("node", needed_by="femurkit serve")
    from femurkit.node.serve import serve

    try:
        config = NodeConfig(
            folder=folder, title=title_of(title), host=host, port=port, http_port=http_port,
            peers=tuple(title_of(each) for each in allow or ()),
            to=None if to is None else peer_of(to), source=_web(source),
            settle_s=settle, patience_s=patience, keep_hours=keep_hours,
            max_associations=max_associations, max_study_mb=max_study_mb,
            max_disk_mb=max_disk_mb, min_free_mb=min_free_mb, side=side,
        )  # fmt: skip
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error

    def started(ports: Ports) -> None:
        say(
            f"{config.title} listens on {host}:{ports.dicom}; "
            f"http://{host}:{ports.http}/queue tells how far it is. Ctrl-C ends it."
        )
        if as_json:
            last_line({"ok": True, "port": ports.dicom, "http_port": ports.http})

    try:
        serve(config, started=started)
    except KeyboardInterrupt:
        say("Stopped. Begun again with the same folder, it goes on.")


def _web(source: str | None) -> str | None:
    if source is None:
        return None
    address = peer_of(source)
    if not isinstance(address, str):
        raise ValueError("--from takes a DICOMweb address (http...)")
    return address
