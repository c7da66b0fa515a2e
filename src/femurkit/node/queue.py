"""The durable queue: what was received, how far each study is. SQLite, one file.

    pulling -> receiving -> processing -> sending -> done, refused or failed
                   ^------- a late image of any of these

Every change is one transaction on disk before anybody is told of it. Only UIDs are kept.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from femurkit.node.database import Database

State = Literal["pulling", "receiving", "processing", "sending", "done", "refused", "failed"]
MAX_ATTEMPTS = 3
"""A study during which the worker died so often has failed."""
FIRST_RETRY_S, LAST_RETRY_S = 5.0, 600.0
"""Waits between attempts to reach a PACS double from one to the other, without end."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS studies (
    uid TEXT PRIMARY KEY, state TEXT NOT NULL, received_at REAL NOT NULL, changed_at REAL NOT NULL,
    released INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL DEFAULT 0,
    code TEXT, message TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS instances (
    uid TEXT PRIMARY KEY, study TEXT NOT NULL, bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS instances_of ON instances (study);
"""


@dataclass(frozen=True)
class Study:
    """One study in the queue. Times are seconds since the epoch."""

    uid: str
    state: State
    received_at: float
    changed_at: float
    attempts: int
    tries: int
    instances: int
    bytes: int
    code: str | None
    message: str | None


class Queue(Database):
    """All studies of one node; safe from several threads and processes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)

    def received(self, study: str, instance: str, size: int) -> None:
        """Note an image that is on disk. A known one changes nothing but the time.

        A new image of a study that is further on, or over, begins it again.
        """
        now = time.time()
        with self._transaction() as db:
            db.execute(
                "INSERT INTO studies (uid, state, received_at, changed_at) VALUES "
                "(?, 'receiving', ?, ?) ON CONFLICT (uid) DO UPDATE SET changed_at = ? "
                "WHERE state IN ('receiving', 'pulling')",
                (study, now, now, now),
            )
            new = db.execute(
                "INSERT INTO instances VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (instance, study, size),
            ).rowcount
            if new:
                db.execute(
                    "UPDATE studies SET state = 'receiving', changed_at = ?, released = 0, "
                    "attempts = 0, tries = 0, code = NULL, message = NULL "
                    "WHERE uid = ? AND state != 'pulling'",
                    (now, study),
                )

    def holds(self, instance: str) -> bool:
        """Whether this image was received."""
        found = self._one("SELECT 1 FROM instances WHERE uid = ?", instance)
        return found is not None

    def study_bytes(self, study: str) -> int:
        """Received of one study."""
        return int(
            self._one("SELECT coalesce(sum(bytes), 0) FROM instances WHERE study = ?", study)[0]
        )

    def all_bytes(self) -> int:
        """Received of all studies that are kept."""
        return int(self._one("SELECT coalesce(sum(bytes), 0) FROM instances")[0])

    def release(self, study: str) -> None:
        """Note that the sender of the last image ended in good order."""
        self._run("UPDATE studies SET released = 1 WHERE uid = ? AND state = 'receiving'", study)

    def ask(self, study: str) -> bool:
        """Note a study to be pulled; False if it is here already."""
        now = time.time()
        return bool(
            self._run(
                "INSERT INTO studies (uid, state, received_at, changed_at) "
                "VALUES (?, 'pulling', ?, ?) ON CONFLICT DO NOTHING",
                study, now, now,
            )
        )  # fmt: skip

    def pulled(self, study: str) -> None:
        """Note that all of it was pulled: it is whole."""
        self._run(
            "UPDATE studies SET state = 'receiving', released = 1, changed_at = 0, tries = 0 "
            "WHERE uid = ? AND state = 'pulling'",
            study,
        )

    def claim(self, *, settle_s: float, patience_s: float) -> Study | None:
        """The oldest study that is whole, now being processed; None if there is none."""
        now = time.time()
        with self._transaction() as db:
            row = db.execute(
                "SELECT uid FROM studies WHERE state = 'receiving' AND next_at <= ? AND "
                "changed_at <= ? - CASE released WHEN 1 THEN ? ELSE ? END "
                "ORDER BY received_at LIMIT 1",
                (now, now, settle_s, patience_s),
            ).fetchone()
            if row is None:
                return None
            db.execute(
                "UPDATE studies SET state = 'processing', attempts = attempts + 1, changed_at = ? "
                "WHERE uid = ?",
                (now, row[0]),
            )
        return self.study(row[0])

    def give_back(self, *, blame: bool) -> None:
        """What was being processed when the worker ended waits again.

        blame: the worker died by itself, so the study may be why; else the whole node was ended.
        """
        with self._transaction() as db:
            if not blame:
                db.execute("UPDATE studies SET attempts = 0 WHERE state = 'processing'")
            db.execute(
                "UPDATE studies SET state = 'failed', code = 'Crashed', "
                "message = 'the process that did it ended each time', changed_at = ? "
                "WHERE state = 'processing' AND attempts >= ?",
                (time.time(), MAX_ATTEMPTS),
            )
            db.execute("UPDATE studies SET state = 'receiving' WHERE state = 'processing'")

    def processed(
        self, study: str, state: State, *, code: str | None = None, message: str | None = None
    ) -> bool:
        """End its processing. False if images came meanwhile: then it waits again."""
        return bool(
            self._run(
                "UPDATE studies SET state = ?, code = ?, message = ?, changed_at = ?, next_at = 0 "
                "WHERE uid = ? AND state = 'processing'",
                state, code, message, time.time(), study,
            )
        )  # fmt: skip

    def postpone(self, study: str, now: State, then: State, code: str) -> None:
        """Try a step again later, and later still each time: from one state to wait in another."""
        with self._transaction() as db:
            row = db.execute("SELECT tries FROM studies WHERE uid = ?", (study,)).fetchone()
            wait_s = min(FIRST_RETRY_S * 2.0 ** min(row[0] if row else 0, 20), LAST_RETRY_S)
            db.execute(
                "UPDATE studies SET state = ?, tries = tries + 1, next_at = ?, code = ? "
                "WHERE uid = ? AND state = ?",
                (then, time.time() + wait_s, code, study, now),
            )

    def next_in(self, state: State) -> str | None:
        """The study that has waited longest in a state and may be tried now."""
        row = self._one(
            "SELECT uid FROM studies WHERE state = ? AND next_at <= ? ORDER BY changed_at LIMIT 1",
            state, time.time(),
        )  # fmt: skip
        return None if row is None else str(row[0])

    def sent(self, study: str) -> bool:
        """All of its results are with the PACS. False if it waits again for a late image."""
        return bool(
            self._run(
                "UPDATE studies SET state = 'done', changed_at = ?, code = NULL "
                "WHERE uid = ? AND state = 'sending'",
                time.time(), study,
            )
        )  # fmt: skip

    def overdue(self, after_s: float) -> str | None:
        """A study that is being processed for longer."""
        row = self._one(
            "SELECT uid FROM studies WHERE state = 'processing' AND changed_at < ?",
            time.time() - after_s,
        )
        return None if row is None else str(row[0])

    def over(self, keep_s: float) -> list[str]:
        """Studies that ended longer ago."""
        rows = self._all(
            "SELECT uid FROM studies WHERE state IN ('done', 'refused', 'failed') "
            "AND changed_at < ?",
            time.time() - keep_s,
        )
        return [str(uid) for (uid,) in rows]

    def forget(self, study: str) -> None:
        """Drop a study that ended: sent again, it is a new one."""
        with self._transaction() as db:
            db.execute("DELETE FROM instances WHERE study = ?", (study,))
            db.execute("DELETE FROM studies WHERE uid = ?", (study,))

    def study(self, uid: str) -> Study | None:
        """One study."""
        return next(iter(self._studies("WHERE s.uid = ?", uid)), None)

    def studies(self) -> list[Study]:
        """All of them, the newest first."""
        return self._studies("")

    def _studies(self, where: str, *values: Any) -> list[Study]:
        rows = self._all(
            "SELECT s.uid, state, received_at, changed_at, attempts, tries, count(i.uid), "
            "coalesce(sum(i.bytes), 0), code, message FROM studies s "
            f"LEFT JOIN instances i ON i.study = s.uid {where} "
            "GROUP BY s.uid ORDER BY received_at DESC",
            *values,
        )
        return [Study(*row) for row in rows]
