"""What the C library does with memory that is given back."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
LARGE = 2**31 - 1


def keep_freed() -> None:
    """Keep freed arrays for the next ones, all threads in one heap.

    By itself glibc hands every large array back and has new pages cleared for the next, which costs
    two of twenty seconds of a run. For processes that are all ours; where the C library knows no
    such options nothing happens. Source: mallopt(3).
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, LARGE)
        mallopt(M_TRIM_THRESHOLD, LARGE)
