"""Freed arrays are used again, and given back between studies."""

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


BETWEEN = """
from pathlib import Path
import numpy as np
from femurkit.memory import give_back, keep_freed

def held_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

keep_freed()
arrays = [np.ones(100_000) for _ in range(400)]
stays = np.ones(100_000)
full = held_mb()
del arrays
print(full - held_mb())
give_back()
print(full - held_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_between_studies_what_is_freed_goes_back():
    done = subprocess.run([sys.executable, "-c", BETWEEN], capture_output=True, check=True)
    kept, given_back = map(float, done.stdout.split())
    assert kept < 20 and given_back > 250
