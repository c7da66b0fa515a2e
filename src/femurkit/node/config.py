"""What a node is told: where it listens, whom it serves, how much it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LOOPBACK = "127.0.0.1"
AE_TITLE = re.compile(r"[\x21-\x5b\x5d-\x7e](?:[\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?")
"""1 to 16 printable characters, no backslash, no space at either end (PS3.5 6.2, AE)."""
STORE = re.compile(r"(?P<title>[^@]+)@(?P<host>[^@:]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")
WEB = re.compile(r"https?://[^\s@]+")


@dataclass(frozen=True)
class Peer:
    """Where a PACS takes C-STORE."""

    title: str
    host: str
    port: int


@dataclass(frozen=True)
class NodeConfig:
    """Everything about one node."""

    folder: Path
    """Queue, received studies and results; only its owner can read it."""
    title: str = "FEMURKIT"
    """Its application entity title."""
    host: str = LOOPBACK
    """Where it listens: this machine alone unless told."""
    port: int = 11112
    """For DICOM; 0 takes a free one."""
    http_port: int = 11180
    """For health and queue as JSON; 0 takes a free one."""
    peers: tuple[str, ...] = ()
    """Titles that may send; empty: any."""
    to: Peer | str | None = None
    """Where results go: a peer by C-STORE, a DICOMweb address by STOW-RS, or nowhere."""
    source: str | None = None
    """DICOMweb address that studies are pulled from when asked for."""
    settle_s: float = 10.0
    """A study is whole when its sender has released and nothing came for so long."""
    patience_s: float = 300.0
    """The same where the sender did not release: it was cut off and will likely begin again."""
    timeout_s: float = 900.0
    """A study that takes longer has failed."""
    max_associations: int = 8
    max_study_mb: int = 4096
    max_disk_mb: int = 65536
    """Of all received studies together."""
    min_free_mb: int = 1024
    """Left free on the disk."""
    keep_hours: float = 24.0
    """How long a study is kept once it is done, refused or has failed; then it is forgotten."""
    side: Literal["both", "left", "right"] = "both"


def peer_of(text: str) -> Peer | str:
    """`TITLE@HOST:PORT` as a peer, `http(s)://...` as it is; ValueError for anything else."""
    if WEB.fullmatch(text):
        return text.rstrip("/")
    match = STORE.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise ValueError("neither TITLE@HOST:PORT nor an address that begins with http")
    return Peer(title_of(match["title"]), match["host"].strip("[]"), int(match["port"]))


def title_of(text: str) -> str:
    """An application entity title. Raises ValueError where it cannot be one."""
    if not AE_TITLE.fullmatch(text):
        raise ValueError("an AE title has 1 to 16 printable characters and no backslash")
    return text
