"""Inputs that once ended in a traceback or without memory, by number; and a few of all kinds."""

import pytest
from benchmarks.fuzz import one


@pytest.mark.parametrize(
    ("seed", "number"),
    [
        (2, 7),
        *((21, k) for k in (1920, 2080, 2460, 2580, 4040, 4650)),
        (33, 1439),
        *((34, k) for k in (2630, 3200, 3650)),
        *((35, k) for k in (4239, 4340)),
        *((36, k) for k in (2040, 3650)),
        *((3, k) for k in range(40)),
    ],
)
def test_it_ends_in_a_scan_or_in_a_refusal(seed, number, tmp_path):
    assert one(number, seed, tmp_path)
