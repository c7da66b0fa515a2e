import numpy as np
import pytest

hard = pytest.importorskip("benchmarks.hard")


def row(kind, **more):
    return {"number": 0, "kind": kind, "dsc": 0.9, "codes": [], "verdict": "accept", **more}


def test_a_finding_names_what_is_unusual():
    assert hard.named(row("nail", codes=["IMPLANT"])) and not hard.named(row("nail"))
    assert hard.named(row("neck", codes=["FRACTURE_SUSPECTED"]))
    assert not hard.named(row("neck", codes=["METAL"])) and hard.named(row("tumours"))


def test_the_table_counts_what_was_accepted_unnamed():
    rows = [
        row("nail", codes=["IMPLANT"], dsc_beside_metal=0.96),
        row("nail", dsc=0.4, dsc_beside_metal=0.9),
        row("neck", verdict="look"),
    ]
    nail, neck, every = hard.summary(rows)
    assert (nail["hips"], nail["found"], nail["named"], nail["accepted_unnamed"]) == (2, 1, 1, 1)
    assert nail["beside_metal"] == pytest.approx(0.93) and neck["beside_metal"] is None
    assert neck["accepted_unnamed"] == 0 and every["hips"] == 3
    assert "| nail | 2 | 1 | 0.650 | 0.400 | 0.930 | 1 of 2 | 1 |" in hard.page(rows)


def test_dice_of_masks():
    a, b = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    assert hard.dice(a, b) == 0.5 and hard.dice(a, np.zeros(4, bool)) is None
