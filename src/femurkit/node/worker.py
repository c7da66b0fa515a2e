"""The process that makes femurs of studies, one after the other, and ends with the node."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import sys
import threading
import time
from pathlib import Path

from filelock import FileLock

from femurkit.errors import FemurkitError, InputRefused, NoFemurFound
from femurkit.node.config import NodeConfig
from femurkit.node.inbox import Inbox
from femurkit.node.queue import Queue, Study
from femurkit.pipeline import reconstruct

POLL_S = 0.5
log = logging.getLogger("femurkit.node")


def log_to_stderr() -> None:
    """Lines of the node, without anything of a patient."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", force=True)
    log.setLevel(logging.INFO)
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # quotes what it is sent


def open_queue(folder: Path) -> Queue:
    """The queue of the node that lives in this folder."""
    return Queue(folder / "queue.sqlite")


def inbox_of(config: NodeConfig, queue: Queue) -> Inbox:
    """Received images and results of the same."""
    return Inbox(
        config.folder, queue,
        max_study_mb=config.max_study_mb, max_disk_mb=config.max_disk_mb,
        min_free_mb=config.min_free_mb,
    )  # fmt: skip


def work(config: NodeConfig) -> None:
    """Process whole studies until the node ends."""
    threading.Thread(target=_end_with_the_node, daemon=True).start()
    log_to_stderr()
    # The worker of a node that was killed a moment ago may still be ending.
    with FileLock(config.folder / "worker.lock"):
        queue = open_queue(config.folder)
        inbox = inbox_of(config, queue)
        while True:
            study = queue.claim(settle_s=config.settle_s, patience_s=config.patience_s)
            if study is None:
                time.sleep(POLL_S)
            else:
                process(study, config, inbox, queue)


def process(study: Study, config: NodeConfig, inbox: Inbox, queue: Queue) -> None:
    """Make the femurs of one study and note how that ended."""
    began = time.monotonic()
    out = inbox.result(study.uid)
    out.parent.mkdir(exist_ok=True)
    try:
        reconstruct(inbox.study(study.uid), out, side=config.side, overwrite=True)
    except (InputRefused, NoFemurFound) as error:
        shutil.rmtree(out, ignore_errors=True)  # of an earlier time, with fewer images
        queue.processed(study.uid, "refused", code=error.code, message=str(error))
        log.info("study %s: %s", study.uid, error.code)
    except (OSError, MemoryError) as error:
        queue.postpone(study.uid, "processing", "receiving", type(error).__name__)
        log.warning("study %s: %s, will be tried again", study.uid, type(error).__name__)
    except Exception as error:  # one study must not stop the others; its text may quote a header
        code = error.code if isinstance(error, FemurkitError) else "Bug"
        queue.processed(study.uid, "failed", code=code, message=type(error).__name__)
        log.warning("study %s: failed (%s)", study.uid, type(error).__name__)
    else:
        queue.processed(study.uid, "done" if config.to is None else "sending")
        log.info("study %s: femurs in %.1f s", study.uid, time.monotonic() - began)


def _end_with_the_node() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
