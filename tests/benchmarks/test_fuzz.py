"""Inputs that once ended in a traceback, by the number that makes them; and a few of all kinds."""

import pytest
from benchmarks.fuzz import one


@pytest.mark.parametrize(
    ("seed", "number"), [(2, 7), (21, 2460), (21, 2580), *((3, k) for k in range(40))]
)
def test_it_ends_in_a_scan_or_in_a_refusal(seed, number, tmp_path):
    assert one(number, seed, tmp_path)
