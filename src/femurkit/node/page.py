"""Health and queue as JSON over HTTP, and where a study is asked for."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from femurkit import __version__
from femurkit.node.config import NodeConfig
from femurkit.node.inbox import MB, is_uid
from femurkit.node.queue import Queue, Study

Answer = tuple[int, dict[str, Any]]


def health(config: NodeConfig, queue: Queue, *, worker_alive: bool) -> Answer:
    """Whether studies are being done, and how many are where; 503 if they are not."""
    states = Counter(study.state for study in queue.studies())
    content = {
        "status": "ok" if worker_alive else "no worker",
        "version": __version__,
        "studies": dict(sorted(states.items())),
        "received_mb": round(queue.all_bytes() / MB, 1),
        "disk_free_mb": shutil.disk_usage(config.folder).free // MB,
    }
    return (200 if worker_alive else 503), content


def listing(queue: Queue) -> Answer:
    """Every study, the newest first; UIDs are all that is known of a patient here."""
    return 200, {"studies": [_shown(study) for study in queue.studies()]}


def asked(study: str, config: NodeConfig, queue: Queue) -> Answer:
    """Note a study to be pulled."""
    if config.source is None:
        return 409, {"error": "the node was not told where to pull from (--from)"}
    if not is_uid(study):
        return 400, {"error": "not a UID"}
    return (202 if queue.ask(study) else 200), {"study_uid": study}


def _shown(study: Study) -> dict[str, Any]:
    return {
        "study_uid": study.uid,
        "state": study.state,
        "instances": study.instances,
        "mb": round(study.bytes / MB, 1),
        "received_at": _when(study.received_at),
        "changed_at": _when(study.changed_at),
        "tries": study.tries,
        "code": study.code,
        "message": study.message,
    }


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


class Page:
    """The HTTP side of a node; a context in which it answers."""

    def __init__(self, config: NodeConfig, queue: Queue, worker_alive: Callable[[], bool]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                routes = {
                    "/health": lambda: health(config, queue, worker_alive=worker_alive()),
                    "/queue": lambda: listing(queue),
                }
                self._answer(routes.get(self.path, _nothing)())

            def do_POST(self) -> None:
                at, _, study = self.path.rpartition("/")
                self._answer(asked(study, config, queue) if at == "/pull" else _nothing())

            def _answer(self, answer: Answer) -> None:
                content = json.dumps(answer[1], indent=1).encode()
                self.send_response(answer[0])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                """Requests are not logged."""

        self._server = ThreadingHTTPServer((config.host, config.http_port), Handler)

    @property
    def port(self) -> int:
        """Where it answers."""
        return int(self._server.server_address[1])

    def serve_forever(self) -> None:
        """Answer until close()."""
        self._server.serve_forever()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


def _nothing() -> Answer:
    return 404, {"error": "GET /health, GET /queue or POST /pull/STUDY_UID"}
