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
