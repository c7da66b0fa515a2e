"""Freed arrays are used again."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from femurkit.memory import keep_freed
if sys.argv[1] == "kept":
    keep_freed()
np.ones(4_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(4_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_arrays_are_used_again():
    faults = {}
    for how in ("kept", "given back"):
        done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, check=True)
        faults[how] = int(done.stdout)
    assert faults["kept"] < 20 < faults["given back"]
