"""Files of prepared hips, named by the content they were made from."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from femurkit.anatomy import Side
from femurkit.dataset.manifest import Study

PREPARE_VERSION = 1
"""Raised whenever the same scan would be prepared otherwise."""
HASH_LENGTH = 16
CHUNK_BYTES = 1 << 20
DETACHED = (".mhd", ".nhdr")
"""Headers whose voxels lie in a file of the same name beside them."""


@dataclass(frozen=True)
class Settings:
    """How hips are cut. box: "hip" or "half"."""

    spacing_mm: float
    margin_mm: float
    box: str


def content_hash(study: Study, settings: Settings) -> str:
    """Names what a study gives: the bytes of its files, its annotated slices and the settings.

    Neither paths nor patient, nor the split, which may change from fold to fold.
    """
    digest = hashlib.sha256(repr((PREPARE_VERSION, astuple(settings), study.annotated)).encode())
    with study.naming():
        for path in (study.ct, study.labels):
            _add(digest, path)
    return digest.hexdigest()[:HASH_LENGTH]


def _add(digest: Any, path: Path | None) -> None:
    """What a file holds, or every file of a folder in the order of their names."""
    if path is None:
        digest.update(b"none")
        return
    for file in _files(path):
        digest.update(f"\0{file.suffix}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)


def _files(path: Path) -> list[Path]:
    if path.name.lower().endswith(DETACHED):
        return sorted(p for p in path.parent.iterdir() if p.stem == path.stem)
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())


def save(path: Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write beside, then rename: a stopped run leaves no half file."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, meta=np.array(json.dumps(meta)), **arrays)
    part.replace(path)


def read_index(cache: Path, name: str) -> dict[Side, bool] | None:
    """Which hips of a study are there and whether they are labelled; None if any is missing.

    name: of its files, with {} in the place of the side.
    """
    try:
        content = json.loads((cache / f"{name.format('sides')}.json").read_text())
    except (OSError, ValueError):
        return None
    sides = {Side(side): bool(labelled) for side, labelled in content.items()}
    there = all((cache / f"{name.format(side.value)}.npz").is_file() for side in sides)
    return sides if there else None


def write_index(cache: Path, name: str, sides: Mapping[Side, bool]) -> None:
    """Written last: it says that every hip of the study is there."""
    path = cache / f"{name.format('sides')}.json"
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps({side.value: labelled for side, labelled in sides.items()}))
    part.replace(path)
