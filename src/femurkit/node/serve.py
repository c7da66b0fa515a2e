"""The node whole: it receives, a process beside it makes femurs, results go out."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess

from filelock import FileLock, Timeout

from femurkit.errors import NodeRefused
from femurkit.node.config import NodeConfig
from femurkit.node.destination import NotTaken, results, send
from femurkit.node.inbox import Inbox
from femurkit.node.page import Page
from femurkit.node.queue import Queue
from femurkit.node.receiver import Receiver
from femurkit.node.source import NotGiven, pull
from femurkit.node.worker import inbox_of, log_to_stderr, open_queue, work

TICK_S = 0.5
log = logging.getLogger("femurkit.node")


@dataclass(frozen=True)
class Ports:
    """Where a node that has begun listens."""

    dicom: int
    http: int


def serve(
    config: NodeConfig,
    *,
    started: Callable[[Ports], None] = lambda ports: None,
    stop: threading.Event | None = None,
) -> None:
    """Run a node until `stop` is set, an exception or Ctrl-C.

    started: called once it listens. All state is in config.folder; a node begun there again goes
    on where the last one ended, however it ended. Raises NodeRefused if another one runs there, or
    a port is taken.
    """
    stop = stop or threading.Event()
    log_to_stderr()
    config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("received", "results"):
        (config.folder / name).mkdir(exist_ok=True)
        (config.folder / name).chmod(0o700)
    try:
        with FileLock(config.folder / "node.lock", timeout=0):
            _serve(config, started, stop)
    except Timeout:
        raise NodeRefused(
            "a node that runs in this folder already",
            expected="one node in a folder",
            remedy="Stop it, or choose another folder.",
        ) from None


def _serve(config: NodeConfig, started: Callable[[Ports], None], stop: threading.Event) -> None:
    queue = open_queue(config.folder)
    queue.give_back(blame=False)
    inbox = inbox_of(config, queue)
    inbox.sweep()
    worker = _Worker(config, queue)
    try:
        with _listening():
            page = Page(config, queue, lambda: worker.alive)
            receiver = Receiver(config, inbox, queue).start()
        with receiver:
            for loop in (page.serve_forever, lambda: _send_and_pull(config, inbox, queue, stop)):
                threading.Thread(target=loop, daemon=True).start()
            worker.tend()
            started(Ports(receiver.port, page.port))
            while not stop.wait(TICK_S):
                worker.tend()
                for study in queue.over(config.keep_hours * 3600):
                    inbox.drop(study, results=config.to is not None)
                    queue.forget(study)
            page.close()
    finally:
        worker.end()
        queue.close()


@contextmanager
def _listening() -> Iterator[None]:
    """What the system says no to within is an address."""
    try:
        yield
    except OSError as error:
        raise NodeRefused(
            f"an address that cannot be listened on ({error.strerror})",
            expected="a host of this machine and free ports",
            remedy="Choose others with --host, --port and --http-port.",
        ) from error


@dataclass
class _Worker:
    """The process beside the node, begun again when it dies or hangs."""

    config: NodeConfig
    queue: Queue
    process: BaseProcess | None = field(default=None)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.is_alive()

    def tend(self) -> None:
        late = self.queue.overdue(self.config.timeout_s)
        if late is not None and self.process is not None:
            self.process.kill()
            self.process.join()
            self.queue.processed(late, "failed", code="Timeout", message="took too long")
        if self.process is not None and not self.process.is_alive():
            log.warning("the working process ended (%s) and is begun again", self.process.exitcode)
            self.queue.give_back(blame=True)
            self.process = None
        if self.process is None:
            # spawned, so that it shares neither sockets nor locks with the node
            context = multiprocessing.get_context("spawn")
            self.process = context.Process(target=work, args=(self.config,), daemon=True)
            self.process.start()

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.join()


def _send_and_pull(config: NodeConfig, inbox: Inbox, queue: Queue, stop: threading.Event) -> None:
    """What waits for other machines, in a thread of its own: they may be slow or away."""
    while not stop.wait(TICK_S):
        try:
            while (study := queue.next_in("sending")) and not stop.is_set():
                _send(study, config, inbox, queue)
            while (study := queue.next_in("pulling")) and not stop.is_set():
                _pull(study, config, inbox, queue)
        except Exception as error:  # a disk that is full; tried again
            log.warning("sending or pulling stopped for a while (%s)", type(error).__name__)


def _send(study: str, config: NodeConfig, inbox: Inbox, queue: Queue) -> None:
    files = results(inbox.result(study))
    assert config.to is not None
    try:
        send(files, config.to, title=config.title)
    except (NotTaken, OSError) as error:
        reason = str(error) if isinstance(error, NotTaken) else type(error).__name__
        queue.postpone(study, "sending", "sending", "NotTaken")
        log.warning("study %s: not taken by the PACS (%s), will be tried again", study, reason)
    else:
        if queue.sent(study):
            log.info("study %s: %d objects sent", study, len(files))


def _pull(study: str, config: NodeConfig, inbox: Inbox, queue: Queue) -> None:
    if config.source is None:
        queue.postpone(study, "pulling", "pulling", "NotGiven")
        return
    try:
        count = pull(study, config.source, inbox)
    except NotGiven as error:
        queue.postpone(study, "pulling", "pulling", "NotGiven")
        log.warning("study %s: not given (%s), will be tried again", study, error)
    else:
        queue.pulled(study)
        log.info("study %s: %d images pulled", study, count)
