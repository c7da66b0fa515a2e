"""How many threads a process may use."""

from __future__ import annotations

import os


def allowed() -> int | None:
    """OMP_NUM_THREADS, which clusters set for what runs in a part of a machine; None: not said."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) if said.isdigit() and int(said) else None


def threads() -> int:
    """As many as are allowed; not said, every core this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return allowed() or len(os.sched_getaffinity(0))
    return allowed() or os.cpu_count() or 1


def one_for_algebra() -> None:
    """Keep numpy's and scipy's linear algebra to one thread, unless OPENBLAS_NUM_THREADS is set.

    Matrices here are small, and OpenBLAS's other threads spin while they wait: a twentieth of a
    run's CPU time. To be called before numpy is loaded, which looks once.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
