"""A folder, a zip or a file as a flat set of named byte streams.

A zip is read where it lies and never unpacked, so no member name can reach outside.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO, Protocol

from femurkit.errors import NothingReadable

MEMBER_LIMIT_BYTES = 1 << 30
"""A zip member that claims to be larger is no CT slice and is not unpacked."""


class Files(Protocol):
    """What the reader needs of a folder or an archive; a context manager."""

    def names(self) -> list[str]:
        """Every file, in a fixed order."""

    def open(self, name: str) -> IO[bytes]:
        """The bytes of one file."""

    def size(self, name: str) -> int:
        """Its length in bytes."""

    def __enter__(self) -> Files: ...

    def __exit__(self, *error: object) -> None: ...


class Folder:
    """All files below a folder; links to folders are not followed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """Paths below the folder, sorted."""
        return sorted(str(path) for path in self._path.rglob("*") if path.is_file())

    def open(self, name: str) -> IO[bytes]:
        """Open for reading."""
        return Path(name).open("rb")

    def size(self, name: str) -> int:
        """Length on disk."""
        return Path(name).stat().st_size

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *error: object) -> None:
        return None


class OneFile(Folder):
    """A single file, as an enhanced CT may be."""

    def names(self) -> list[str]:
        """Its path."""
        return [str(self._path)]


class Zip:
    """The members of a zip, decompressed as they are read."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._members = {
            str(i): member
            for i, member in enumerate(self._zip.infolist())
            if not member.is_dir() and member.file_size <= MEMBER_LIMIT_BYTES
        }

    def names(self) -> list[str]:
        """Members by number: two may carry the same name."""
        return list(self._members)

    def open(self, name: str) -> IO[bytes]:
        """A stream that decompresses what is read; safe from several threads."""
        return self._zip.open(self._members[name])

    def size(self, name: str) -> int:
        """Length when decompressed."""
        return self._members[name].file_size

    def __enter__(self) -> Zip:
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()


def open_files(path: Path) -> Files:
    """The folder, zip or DICOM file at path; of a DICOMDIR, the folder it stands in.

    Raises NothingReadable for anything else.
    """
    if path.is_dir():
        return Folder(path)
    if path.name.upper() == "DICOMDIR" and path.is_file():
        return Folder(path.parent)
    wanted = "a file or folder"
    remedy = "Name the folder or zip that holds the series, or a NIfTI, NRRD or MetaImage file."
    if not path.exists():
        raise NothingReadable("no such file or folder", expected=wanted, remedy=remedy)
    try:
        with path.open("rb") as stream:
            if stream.read(132)[128:] == b"DICM":
                return OneFile(path)
        return Zip(path)
    except Exception as error:  # a damaged zip fails in many ways
        raise NothingReadable(
            "a file that is neither a zip nor a medical image",
            expected="a CT series",
            remedy=remedy,
        ) from error
