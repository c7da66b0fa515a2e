"""The `femurkit` command. One file per command; each loads what is heavy only when it runs."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from femurkit import __version__
from femurkit.cli import (
    cohort,
    dataset,
    demo,
    evaluate,
    info,
    inspect,
    mesh,
    phantom,
    reconstruct,
    report,
    serve,
    train,
)  # fmt: skip
from femurkit.cli.command import Command
from femurkit.cli.screen import last_line, say
from femurkit.errors import FemurkitError

USAGE, BUG, INTERRUPTED = 2, 1, 130
DISK = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOTDIR,
    errno.EEXIST,
)  # fmt: skip
"""What the disk says no to is not a bug, though it has no exit code of its own."""

app = typer.Typer(
    name="femurkit",
    help="A hip CT in, two femurs out. Research use, not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    reconstruct, cohort, inspect, mesh, phantom, report,
    evaluate, dataset, train, serve, demo, info,
):  # fmt: skip
    app.command(module.__name__.rpartition(".")[2], cls=Command)(module.command)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"femurkit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and leave with its exit code.

    0 done, 2 usage, 3 refused (input that cannot be used, output that is there already), 4 no femur
    found, 1 a bug of ours or the disk's no. With --json the last line of stdout is one JSON object,
    also when something was refused.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # A kill must clean up like Ctrl-C does: an unhandled SIGTERM would leave a half-built folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    code, reason, message = run(arguments)
    if code and "--json" in arguments:
        last_line({"ok": False, "exit_code": code, "error": reason, "message": message})
    sys.exit(code)


def run(arguments: Sequence[str]) -> tuple[int, str, str]:
    """Run a command. Returns exit code, reason code and message (already on stderr)."""
    try:
        app(args=list(arguments), prog_name="femurkit")
    except SystemExit as stop:
        return _stopped(stop)
    except Exception as error:
        if (behind := _stop_behind(error)) is not None:
            return _stopped(behind)
        if isinstance(error, FemurkitError):
            say(f"{error.code}: {error}")
            return error.exit_code, error.code, str(error)
        refused = _by_the_disk(error)
        if refused is None:
            return _bug(error)
        say(f"{errno.errorcode[refused]}: {os.strerror(refused)}. Nothing was written.")
        return BUG, "Disk", os.strerror(refused)
    return 0, "", ""


def _stopped(stop: SystemExit) -> tuple[int, str, str]:
    code = stop.code if isinstance(stop.code, int) else BUG
    if code == INTERRUPTED:  # typer's own answer to Ctrl-C
        say("Stopped. Nothing was written.")
    return code, {0: "", USAGE: "Usage"}.get(code, "Stopped"), ""


def _stop_behind(error: BaseException | None) -> SystemExit | None:
    """A kill that came while a library was loading, which made an error of its own of it."""
    while error is not None:
        if isinstance(error, SystemExit):
            return error
        error = error.__cause__ or error.__context__
    return None


def _by_the_disk(error: BaseException | None) -> int | None:
    """The number of what the disk said no to, if that is behind an error; writers wrap it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in DISK:
            return error.errno
        error = error.__cause__
    return None


def _bug(error: Exception) -> tuple[int, str, str]:
    """Everything nobody foresaw: the traceback for us, a sentence for the user."""
    import traceback

    traceback.print_exception(error)
    say("This is a bug in femurkit, not in your data. Please report it with the lines above.")
    return BUG, "Bug", f"{type(error).__name__}: {error}"
