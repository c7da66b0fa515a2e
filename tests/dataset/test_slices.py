import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femurkit.dataset.slices import annotated, parse, written

LABELS = np.zeros((10, 2, 2), np.uint8)
LABELS[[3, 4, 7]] = 1


@pytest.mark.parametrize(
    ("text", "slices"),
    [
        ("", []),
        ("all", range(10)),
        ("labelled", [3, 4, 7]),
        ("2-4;9", [2, 3, 4, 9]),
        (" 0 ; 1-1", [0, 1]),
    ],
)
def test_annotated_slices(text, slices):
    assert np.flatnonzero(annotated(text, LABELS)).tolist() == list(slices)


@given(st.sets(st.integers(0, 300), min_size=1))
def test_what_is_written_is_read_back(slices):
    assert {i for run in parse(written(slices)) for i in run} == slices


@pytest.mark.parametrize("text", ["x", "3-", "-3", "5-3", "1,2", "1.5", ";"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match=r"slice|range"):
        parse(text)


def test_a_range_beyond_the_scan_is_refused():
    with pytest.raises(ValueError, match=r"slice 10 .* 0 to 9"):
        annotated("4-10", LABELS)
