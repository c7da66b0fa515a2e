"""An output folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from femurkit.errors import OutputExists


@contextmanager
def whole_or_nothing(
    out: Path, *, overwrite: bool, marker: str, source: Path | None = None
) -> Iterator[Path]:
    """A temporary folder beside `out`, renamed to `out` when the block ends without an exception.

    On any exception, Ctrl-C included, the temporary folder goes and `out` stays as it was; a small
    process beside this one sees to that when this one is killed outright.
    marker: a file that an earlier output of the same kind holds; only such a folder is replaced,
    so that a mistyped --overwrite cannot wipe a folder of something else.
    source: the input, which `out` may neither be nor hold.
    Raises OutputExists before the block is entered.
    """
    out = Path(out).absolute()
    refuse_if_taken(out, overwrite=overwrite, marker=marker, source=source)
    new_parents = [parent for parent in out.parents if not parent.exists()]
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    watcher = _watch(folder, out)
    try:
        folder.chmod(0o777 & ~_umask())  # mkdtemp keeps others out; a result folder need not
        yield folder
        _swap(folder, out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        for parent in new_parents:
            with suppress(OSError):  # not empty: somebody else uses it by now
                parent.rmdir()
        raise
    finally:
        if watcher is not None and watcher.stdin is not None:
            watcher.stdin.close()
            watcher.wait()


def refuse_if_taken(out: Path, *, overwrite: bool, marker: str, source: Path | None = None) -> None:
    """Raise OutputExists if `out` is there and may not be replaced (see whole_or_nothing)."""
    if not (out.exists() or out.is_symlink()):
        return
    if not overwrite:
        raise OutputExists(
            f"{out.name} exists already",
            expected="a new folder",
            remedy="Choose another -o, or pass --overwrite.",
        )
    holds_source = source is not None and Path(source).resolve().is_relative_to(out.resolve())
    if holds_source or not out.is_dir() or not ((out / marker).exists() or not any(out.iterdir())):
        raise OutputExists(
            f"{out.name} {'holds the input' if holds_source else 'was not made by femurkit'}",
            expected=f"an earlier output (a folder with {marker})",
            remedy="Choose another -o: --overwrite replaces only what femurkit wrote.",
        )


def _swap(folder: Path, out: Path) -> None:
    """Put `folder` in the place of `out`; what stood there goes once the new one is in place."""
    if not out.exists():
        folder.rename(out)
        return
    old = _aside(folder)
    out.rename(old)
    try:
        folder.rename(out)
    except BaseException:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


WATCH = """
import os, shutil, sys
folder, old, out = sys.argv[1:]
sys.stdin.read()  # ends when the one who writes does, however it ends
shutil.rmtree(folder, ignore_errors=True)
if os.path.exists(old) and not os.path.exists(out):
    os.rename(old, out)
shutil.rmtree(old, ignore_errors=True)
"""


def _watch(folder: Path, out: Path) -> subprocess.Popen[bytes] | None:
    """A process that tidies up as an exception would once this one has ended; None if it cannot be.

    In a session of its own: what kills this one and its children does not reach it.
    """
    paths = [str(folder), str(_aside(folder)), str(out)]
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WATCH, *paths],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=os.sep, start_new_session=True,
        )  # fmt: skip
    except OSError:
        return None


def _aside(folder: Path) -> Path:
    """Where what stood at `out` is until the new one is in place."""
    return folder.with_suffix(".old")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
