"""How a process that is all ours holds memory."""

from __future__ import annotations

import atexit
import ctypes
import gc
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
LARGE = 2**31 - 1
OBJECTS = 50_000


def keep_freed() -> None:
    """Keep freed arrays for the next ones, all threads in one heap, and seldom look for garbage.

    By itself glibc hands every large array back and has new pages cleared for the next, and Python
    goes through the elements of every DICOM header again and again, last when the process ends:
    three of twenty seconds of a run. Another C library knows no such options: there only Python is
    told. Source: mallopt(3).
    """
    gc.set_threshold(OBJECTS, 20, 50)
    atexit.register(gc.freeze)
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, LARGE)
        mallopt(M_TRIM_THRESHOLD, LARGE)
