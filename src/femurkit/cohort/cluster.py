"""Where studies are done: worker processes on this machine, or a Dask scheduler by address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from femurkit.errors import SchedulerNotReached
from femurkit.threads import threads

if TYPE_CHECKING:
    from distributed import Client

STUDY_MB = 1600
"""Memory that one study takes at most, mostly."""
PATIENCE_S = 20


def workers_for(memory_mb: float, cores: int) -> int:
    """How many studies at once: one a core, as far as there is memory."""
    return max(1, min(cores, int(memory_mb // STUDY_MB)))


@contextmanager
def client_of(scheduler: str | None, workers: int | None) -> Iterator[Client]:
    """A client of the scheduler at an address, or of a pool of this machine that ends with it.

    workers: of the pool; not said, as many as cores and free memory allow. Raises
    SchedulerNotReached.
    """
    import dask
    from distributed import Client, LocalCluster

    with dask.config.set({
        "distributed.scheduler.allowed-failures": 2,  # a study that kills three workers is given up
        "distributed.worker.memory.pause": 0.95,
        "distributed.comm.timeouts.connect": f"{PATIENCE_S}s",
        "distributed.logging": {"distributed": "error"},
        "distributed.worker.daemon": True,
        # by itself a worker samples its own stacks and keeps an hour of them and of its load
        "distributed.worker.profile.enabled": False,
        "distributed.admin.system-monitor.log-length": 60,
        "distributed.admin.low-level-log-length": 60,
        # its threads are there before `keep_freed`: each would have a heap, with holes, of its own
        "distributed.nanny.pre-spawn-environ.MALLOC_ARENA_MAX": 1,
    }):  # fmt: skip
        if scheduler is not None:
            try:
                client = Client(scheduler, timeout=PATIENCE_S)
            except (OSError, ValueError, TimeoutError) as error:
                raise SchedulerNotReached(
                    f"no Dask scheduler at {scheduler} ({type(error).__name__})",
                    expected="an address such as tcp://10.0.0.1:8786",
                    remedy="See that `dask scheduler` runs there and its port can be reached.",
                ) from error
            with client:
                yield client
            return
        import psutil

        cores, free_mb = threads(), psutil.virtual_memory().available / 2**20
        count = workers or workers_for(free_mb, cores)
        share = {"OMP_NUM_THREADS": str(max(1, cores // count))}
        with (
            LocalCluster(
                n_workers=count, threads_per_worker=1, processes=True, host="127.0.0.1",
                dashboard_address=None, memory_limit=int(free_mb / count * 2**20), env=share,
                silence_logs=40,
            ) as pool,
            Client(pool) as client,
        ):  # fmt: skip
            yield client
