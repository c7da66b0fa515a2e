"""Received images on disk: whole and written through before anybody is told of them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from io import BytesIO
from pathlib import Path

from femurkit.dicom.identity import Identity, identity_of
from femurkit.node.queue import Queue

UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")
MAX_UID = 64
PART = ".part"
MB = 1 << 20


class Unreadable(Exception):
    """Bytes that are no DICOM image of a study."""


class Full(Exception):
    """More than the node may hold."""


def is_uid(text: str) -> bool:
    """Whether this is a UID (PS3.5 9.1): digits and dots, so that it can name a folder."""
    return len(text) <= MAX_UID and UID.fullmatch(text) is not None


class Inbox:
    """DIR/received: a folder a study, a file an image; DIR/results: what became of them."""

    def __init__(
        self, folder: Path, queue: Queue, *, max_study_mb: int, max_disk_mb: int, min_free_mb: int
    ) -> None:
        self._folder, self._queue = folder, queue
        self._max_study, self._max_all = max_study_mb * MB, max_disk_mb * MB
        self._min_free = min_free_mb * MB

    def study(self, uid: str) -> Path:
        """Where the images of a study are."""
        return self._folder / "received" / uid

    def result(self, uid: str) -> Path:
        """Where its femurs are, once they are."""
        return self._folder / "results" / uid

    def keep(self, content: bytes) -> Identity:
        """Take one image in, content being a whole DICOM file. Taken twice, it is there once.

        Raises Unreadable, or Full; then nothing is kept.
        """
        try:
            identity = identity_of(BytesIO(content))
        except Exception as error:
            raise Unreadable(type(error).__name__) from None
        if not (is_uid(identity.study) and is_uid(identity.instance)):
            raise Unreadable("no usable UIDs")
        if not self._queue.holds(identity.instance):
            self._make_room(identity.study, len(content))
            self._write(self.study(identity.study), identity.instance, content)
        self._queue.received(identity.study, identity.instance, len(content))
        return identity

    def drop(self, study: str, *, results: bool) -> None:
        """Remove what was received of a study, and its results if they are elsewhere."""
        shutil.rmtree(self.study(study), ignore_errors=True)
        if results:
            shutil.rmtree(self.result(study), ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed node left half-written or never told of."""
        known = {study.uid for study in self._queue.studies()}
        for folder in (self._folder / "received").glob("*"):
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
            for part in folder.glob(f"*{PART}"):
                part.unlink(missing_ok=True)

    def _make_room(self, study: str, size: int) -> None:
        if self._queue.study_bytes(study) + size > self._max_study:
            raise Full("one study is too large")
        if self._queue.all_bytes() + size > self._max_all:
            raise Full("all studies together are too large")
        if shutil.disk_usage(self._folder).free - size < self._min_free:
            raise Full("the disk is full")

    def _write(self, folder: Path, instance: str, content: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(instance.encode()).hexdigest()[:32]
        handle, part = tempfile.mkstemp(suffix=PART, dir=folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(part).replace(folder / f"{name}.dcm")
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        for each in (folder, folder.parent):
            _written_through(each)


def _written_through(folder: Path) -> None:
    """What a folder lists, on disk; not every system can be asked for that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
