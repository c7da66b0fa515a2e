import time

import pytest

from femurkit.steps import Steps, Stopped, peak_memory_mb


def test_seconds_add_up_by_name_in_order():
    heard = []
    steps = Steps(heard.append)
    for name in ("read", "mask", "read"):
        with steps(name):
            time.sleep(0.02)
    assert heard == ["read", "mask", "read"]
    assert list(steps.seconds) == ["read", "mask"]
    assert list(steps.peak_mb) == ["read", "mask"]
    assert steps.seconds["read"] >= 0.04 > steps.seconds["mask"] >= 0.02


def test_a_step_that_fails_is_still_timed():
    steps = Steps()
    with pytest.raises(ValueError), steps("read"):
        raise ValueError
    assert list(steps.seconds) == ["read"]


def test_peak_memory_sees_an_allocation():
    before = peak_memory_mb()
    if before is None:
        pytest.skip("this system does not tell")
    block = bytearray(200_000_000)
    block[::4096] = b"x" * len(block[::4096])
    assert peak_memory_mb() >= 190


def test_after_a_stop_no_step_begins():
    steps = Steps()
    with steps("read"):
        steps.stop()  # what is being done ends by itself
    with pytest.raises(Stopped), steps("mask"):
        raise AssertionError
    assert list(steps.seconds) == ["read"]
