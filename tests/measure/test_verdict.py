"""Accept, look or reject: each ground alone, and how they add up."""

import pytest

from femurkit.measure.verdict import IMPOSSIBLE, SIDES_DIFFER, verdict
from femurkit.remark import Remark

GOOD = {
    "confidence": 0.93,
    "head_radius_mm": 24.0,
    "neck_shaft_angle_deg": 127.0,
    "femoral_offset_mm": 43.0,
    "not_measurable": {"femoral_anteversion_deg": "no condyles in the scan"},
    "checks": [
        {"code": code, "passed": True, "text": "fine"} for code in (*IMPOSSIBLE, "NO_METAL")
    ],
}


def failing(code, text="it is bad"):
    return {**GOOD, "checks": [*GOOD["checks"], {"code": code, "passed": False, "text": text}]}


def test_where_nothing_is_unusual():
    assert verdict(GOOD).word == "accept"
    assert verdict(GOOD, other=GOOD, remarks=[Remark("X", "note", "so it is", "")]).reasons == ()


def test_what_is_unusual_is_named_and_accepted():
    judged = verdict({**GOOD, "head_radius_mm": 28.9, "canal_flare_index": 4.43})
    assert judged.word == "accept"
    assert judged.reasons == (
        "Canal flare index is 4.43, usual among adults are 2.4 to 4.4.",
        "Head radius is 28.9 mm, usual among adults are 18.3 to 27.9 mm.",
    )


@pytest.mark.parametrize("code", IMPOSSIBLE)
def test_what_cannot_be_is_rejected(code):
    assert verdict(failing(code)).word == "reject"
    assert verdict(failing(code)).reasons == ("It is bad.",)


@pytest.mark.parametrize("code", ["NO_METAL", "LIKE_A_FEMUR", "REACHES_SHAFT", "CONFIDENT"])
def test_what_is_odd_is_looked_at(code):
    assert verdict(failing(code)).word == "look"


def test_little_confidence_is_rejected_with_its_reason():
    judged = verdict({**failing("CONFIDENT", "confidence 0.10: noise"), "confidence": 0.1})
    assert judged.word == "reject"
    assert judged.reasons[0] == "Confidence 0.10: noise."


def test_a_head_that_is_not_there_and_a_warning_are_looked_at():
    headless = {**GOOD, "not_measurable": {"head": "cut off by the scan"}}
    assert verdict(headless).reasons == ("No femoral head: cut off by the scan.",)
    judged = verdict(GOOD, remarks=[Remark("THICK", "warning", "Thick slices.", "Thinner ones.")])
    assert (judged.word, judged.reasons) == ("look", ("Thick slices.",))


@pytest.mark.parametrize("name", SIDES_DIFFER)
def test_sides_that_differ_are_looked_at(name):
    apart = {**GOOD, name: GOOD[name] + SIDES_DIFFER[name] + 0.1}
    close = {**GOOD, name: GOOD[name] + SIDES_DIFFER[name] - 0.1}
    assert verdict(GOOD, other=apart).word == "look"
    assert f"{GOOD[name]:.1f}" in verdict(GOOD, other=apart).reasons[0]
    assert verdict(GOOD, other=close).word == "accept"
    assert verdict(GOOD, other={**GOOD, name: None}).word == "accept"


def test_the_worst_comes_first():
    bad = failing("ONE_COMPONENT", "two parts")
    bad["checks"].append({"code": "NO_METAL", "passed": False, "text": "metal"})
    assert verdict(bad).reasons == ("Two parts.", "Metal.")
