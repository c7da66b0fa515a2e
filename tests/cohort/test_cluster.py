"""What a worker of the pool of this machine is given."""

import platform

import pytest

pytest.importorskip("distributed", reason="the parts of cohorts are not installed")

from femurkit.cohort.cluster import client_of


def heaps_told():
    """What malloc_info(3) says of this process once ten threads at a time have asked for memory."""
    import ctypes
    import tempfile
    from pathlib import Path
    from threading import Barrier, Thread

    import numpy as np

    together = Barrier(10)

    def ask():
        kept = [np.ones(10_000) for _ in range(10)]
        together.wait()
        del kept

    threads = [Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    with tempfile.NamedTemporaryFile() as told:
        stream = ctypes.c_void_p(libc.fopen(told.name.encode(), b"w"))
        assert libc.malloc_info(0, stream) == 0
        libc.fclose(stream)
        return Path(told.name).read_text()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_the_threads_of_a_worker_share_one_heap():
    with client_of(None, 1) as client:
        told = client.submit(heaps_told, pure=False).result()
    assert told.count("<heap nr=") == 1
