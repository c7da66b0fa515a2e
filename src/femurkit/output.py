"""An output folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from femurkit.errors import OutputExists


@dataclass(frozen=True)
class Kind:
    """How an earlier output of a kind is known: a file in it, and all that may lie beside that.

    Only such a folder is replaced, so that --overwrite cannot wipe anything else.
    """

    marker: str
    names: tuple[str, ...] = ("*",)


FEMURS = Kind(
    "run.json", ("run.json", "report.html", "measurements.*", "segmentation.dcm", "left", "right")
)
MESHED = Kind("measurements.json", ("measurements.*", "left", "right"))
SCORES = Kind("metrics.json", ("metrics.*", "summary.json", "figures"))


@contextmanager
def whole_or_nothing(
    out: Path, *, overwrite: bool, kind: Kind, source: Path | None = None
) -> Iterator[Path]:
    """A temporary folder beside `out`, renamed to `out` when the block ends without an exception.

    On any exception, Ctrl-C included, the temporary folder goes and `out` stays as it was; a small
    process beside this one sees to that when this one is killed outright.
    kind: only an earlier output of this kind is replaced. source: the input; `out` may neither be
    it, nor hold it, nor lie in it.
    Raises OutputExists before the block is entered.
    """
    out = Path(out).absolute()
    refuse_if_taken(out, overwrite=overwrite, kind=kind, source=source)
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


def refuse_if_taken(out: Path, *, overwrite: bool, kind: Kind, source: Path | None = None) -> None:
    """Raise OutputExists if `out` may not be made or replaced (see whole_or_nothing)."""
    why, remedy = _not_ours(out, kind, source), "Choose another -o."
    if why and overwrite:
        remedy += " --overwrite replaces only what femurkit wrote."
    if not why and out.exists() and not overwrite:
        why, remedy = "exists already", "Choose another -o, or pass --overwrite."
    if why:
        raise OutputExists(f"{out.name} {why}", expected="a new folder", remedy=remedy)


def _not_ours(out: Path, kind: Kind, source: Path | None) -> str:
    """What else `out` is than a new folder or an earlier output of the kind; empty if nothing."""
    here, there = out.resolve(), None if source is None else Path(source).resolve()
    if there is not None and there.is_dir() and here != there and here.is_relative_to(there):
        return "would lie in the input, which is never changed"
    if not (out.exists() or out.is_symlink()):
        return ""
    if there is not None and there.is_relative_to(here):
        return "holds the input"
    if not out.is_dir():
        return "is a file"
    inside = [path.name for path in out.iterdir()]
    if inside and not (out / kind.marker).exists():
        return "was not made by femurkit"
    others = sum(not any(fnmatch(name, pattern) for pattern in kind.names) for name in inside)
    return f"holds {others} other files or folders too" if others else ""


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
