"""What is being done and how long it took: the pipeline tells, the screen hears."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

Listener = Callable[[str], None]
"""Called with a step's name as the step begins."""


class Stopped(Exception):
    """No further step is to begin."""


class Steps:
    """A stopwatch for named steps. `seconds` keeps them in the order they began; those of several
    threads run side by side. `peak_mb`: of the process, by the end of each step, MiB.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_mb: dict[str, float | None] = {}
        self._begun = perf_counter()
        self._listener = listener
        self._stopped = False

    def stop(self) -> None:
        """From now on a step that would begin raises Stopped: other threads end with their own."""
        self._stopped = True

    @property
    def elapsed(self) -> float:
        """Seconds since it began, by the clock on the wall."""
        return perf_counter() - self._begun

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time the block as step `name`; a name used twice adds up."""
        if self._stopped:
            raise Stopped
        if self._listener:
            self._listener(name)
        self.seconds.setdefault(name, 0.0)
        start = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds[name] + perf_counter() - start, 3)
            self.peak_mb[name] = peak_memory_mb()


def peak_memory_mb() -> float | None:
    """Peak resident memory of this process so far in MiB; None where the system does not tell."""
    try:
        import resource
        import sys
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024.0**2 if sys.platform == "darwin" else 1024.0), 1)
