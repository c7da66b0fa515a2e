"""A cohort: every study once, whatever stops on the way, and one table in the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from femurkit import __version__
from femurkit.cohort.cluster import client_of
from femurkit.cohort.studies import Study
from femurkit.cohort.tables import write_tables
from femurkit.cohort.work import Ended, do_study, ended_before, refusal_of
from femurkit.errors import RunDiffers

if TYPE_CHECKING:
    from distributed import Future

LOOK_S = 2.0
"""So often it is looked whether workers have come."""
Told = Callable[[Ended, int, int], None]
"""Called with how a study ended, how many have ended now, and of how many."""


@dataclass(frozen=True)
class Cohort:
    """How every study ended, in the order of the table. tried: names of those begun this time."""

    ended: tuple[Ended, ...]
    tried: tuple[str, ...]

    @property
    def without(self) -> tuple[Ended, ...]:
        """Those that have no results."""
        return tuple(each for each in self.ended if each.state != "done")


def run_cohort(
    studies: Sequence[Study],
    out: Path,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    retry: bool = False,
    options: Mapping[str, Any] | None = None,
    told: Told = lambda ended, count, total: None,
) -> Cohort:
    """Reconstruct all studies below OUT, those that ended in an earlier run left out.

    scheduler: address of a Dask scheduler whose workers see the same files under the same paths;
    not said, `workers` processes here. retry: those refused earlier are tried again. options:
    keyword arguments of `reconstruct`. Raises RunDiffers if OUT was made with other options or
    another version, SchedulerNotReached.
    """
    out, options = out.absolute(), dict(options or {})
    claim(out, options)
    ended: dict[str, Ended] = {}
    for study in studies:
        before = ended_before(out, study.name)
        if before is not None and not (retry and before.state == "refused"):
            ended[study.name] = before
    left = [study for study in studies if study.name not in ended]
    if left:
        for study in left:
            refusal_of(out, study.name).unlink(missing_ok=True)
        for each in _done(left, out, scheduler, workers, options):
            ended[each.study] = each
            told(each, len(ended), len(studies))
    cohort = Cohort(
        tuple(ended[study.name] for study in studies), tuple(study.name for study in left)
    )
    hidden = options.get("anonymize")
    write_tables(
        cohort.ended, out, ct={study.name: "" if hidden else study.given for study in studies}
    )
    return cohort


def claim(out: Path, options: Mapping[str, Any]) -> None:
    """Make OUT and note in it what it is made with, or see that it is the same."""
    out.mkdir(parents=True, exist_ok=True)
    noted = out / "cohort.json"
    mine = json.loads(json.dumps({"femurkit": __version__, "options": options}, default=str))
    if not noted.exists():
        part = out / "cohort.part"
        part.write_text(json.dumps(mine, indent=1) + "\n", encoding="utf-8")
        part.replace(noted)
    if json.loads(noted.read_text(encoding="utf-8")) != mine:
        raise RunDiffers(
            "a cohort made with other options or another version of femurkit",
            expected="the ones it was begun with",
            remedy="Choose another -o.",
        )


def _done(
    studies: Sequence[Study],
    out: Path,
    scheduler: str | None,
    workers: int | None,
    options: Mapping[str, Any],
) -> Iterator[Ended]:
    """How each study ended, as they end.

    Handed out one a thread: more, and a scheduler may let some wait for a busy worker while another
    has nothing to do.
    """
    from distributed import wait

    left = list(reversed(studies))
    running: dict[Future, str] = {}
    with client_of(scheduler, workers) as client:
        while left or running:
            room = max(1, sum(client.nthreads().values())) - len(running)
            for study in [left.pop() for _ in range(min(room, len(left)))]:
                future = client.submit(
                    do_study, study.name, str(study.ct), str(out), dict(options),
                    key=f"{study.name}-{out}", pure=False,
                )  # fmt: skip
                running[future] = study.name
            with suppress(TimeoutError):  # workers may have come
                wait(list(running), LOOK_S, "FIRST_COMPLETED")
            for future in [each for each in running if each.done()]:
                name = running.pop(future)
                if future.status == "finished":
                    yield future.result()
                else:  # it took its worker with it, again and again
                    yield Ended(name, "failed", "Crashed", type(future.exception()).__name__)
                future.release()
