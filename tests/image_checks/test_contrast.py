"""Contrast agent in the image: tubes of known length and width, organs, bone, rods and phantoms."""

from pathlib import Path

import numpy as np
import pytest

from femurkit.geometry import Grid
from femurkit.image_checks.contrast import (
    NO_CONTRAST,
    Contrast,
    ContrastEvidence,
    contrast_seen,
)
from femurkit.phantom import make_patient
from femurkit.phantom.anatomy import draw_anatomy
from femurkit.sources import load
from femurkit.volume import Volume

DATA = Path(__file__).parents[3] / "shared" / "data"
real = pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not there")
SHAPE, STEP_MM = (60, 200, 200), (2.0, 1.0, 1.0)
Z, Y, X = np.indices(SHAPE, np.float32)
BODY = np.hypot((Y - 100) / 80, (X - 100) / 95) < 1


def scan(*parts, noise_hu=15.0):
    """A body of muscle and fat in air; parts: (where, HU)."""
    hu = np.where(BODY, np.where((Y // 20 + X // 20) % 2, 55, -100), -1000).astype(np.float32)
    for where, value in parts:
        hu[where] = value
    hu += np.random.default_rng(1).normal(0, noise_hu, SHAPE)
    return Volume(hu.astype(np.int16), Grid.aligned(SHAPE, STEP_MM, (-100, -100, 0)))


def tube(area_mm2, *, y=70, x=100, first=0, last=60, winding_mm=4.0):
    """A winding tube from one slice to before another."""
    middle = x + winding_mm * np.sin(Z / 9)
    return (np.hypot(Y - y, X - middle) < np.sqrt(area_mm2 / np.pi)) & (first <= Z) & (last > Z)


def ball(ml, *, y=100, x=100, z=30):
    radius = (ml * 1000 * 3 / 4 / np.pi) ** (1 / 3)
    return (2 * (Z - z)) ** 2 + (Y - y) ** 2 + (X - x) ** 2 < radius**2


def bone(y, x, radius=14):
    """A shaft with marrow and a solid of cancellous bone within a cortex."""
    away = np.hypot(Y - y, X - x)
    grain = 60 * np.sin(X / 2.3) * np.sin(Y / 3.1) * np.sin(Z / 2.0)
    return [
        (away < radius, 220 + grain[away < radius]),
        ((away < radius) & (away > radius - 3), 900),
    ]


@pytest.mark.parametrize("area_mm2", [80, 200])
@pytest.mark.parametrize("hu", [150, 250, 400])
def test_a_bright_tube_is_a_vessel_as_long_as_it_is(area_mm2, hu):
    seen = contrast_seen(scan((tube(area_mm2), hu)))
    assert seen is not None and seen.organ_ml == 0
    assert seen.vessel_mm == pytest.approx(120, abs=9) or (hu == 150 and seen.vessel_mm > 80)
    assert seen.vessel_hu == pytest.approx(hu, rel=0.12)
    assert seen.vessel_at == "the front part"


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [(tube(17), 500)],  # a calcified artery
        [(tube(80), 70)],  # an artery without contrast agent
        [(tube(80, last=15), 250)],  # 30 mm: a tip of bone
        [*bone(100, 60), *bone(100, 140)],
        [(ball(1.0), 250)],
    ],
)
def test_what_is_no_contrast_agent_is_not_taken_for_it(parts):
    assert contrast_seen(scan(*parts)) is None


def test_rods_and_rails_under_the_patient_are_no_vessels():
    under = scan().array.copy()
    for x in (60, 100, 140):
        under[np.hypot(Y - 188, X - x) < 7] = 200
    under[np.hypot(Y - 192, X - 20 - Z / 10) < 5] = 150
    grid = Grid.aligned(SHAPE, STEP_MM, (-100, -100, 0))
    assert contrast_seen(Volume(under, grid)) is None


def test_a_vessel_beside_bone_and_one_beside_its_vein_are_seen():
    beside = scan(*bone(100, 60), (tube(80, y=100, x=95), 300))
    seen = contrast_seen(beside)
    assert seen is not None and seen.vessel_mm > 100
    pair = scan((tube(60), 190), (tube(60, x=108.5), 320))
    seen = contrast_seen(pair)
    assert seen is not None and seen.vessel_mm >= 100


def test_a_bright_organ_is_measured_and_placed():
    seen = contrast_seen(scan((ball(40, y=60, x=140, z=40), 300)))
    assert seen is not None and seen.vessel_mm == 0
    assert seen.organ_ml == pytest.approx(40, rel=0.15)
    assert seen.organ_hu == pytest.approx(300, rel=0.05)
    assert seen.organ_at == "the upper left front part"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_body_may_lie_along_any_axis_of_the_array(order):
    source = scan((tube(80), 250))
    array = np.ascontiguousarray(source.array.transpose(order))
    turned = Volume(array, Grid(array.shape, source.grid.affine[:, [*order, 3]]))
    seen = contrast_seen(turned)
    assert seen is not None and seen.vessel_mm == pytest.approx(120, abs=9)


def test_header_and_image_may_disagree_and_the_finding_says_so():
    seen = Contrast(vessel_mm=120.4, vessel_hu=251, vessel_at="the front part")
    found = {
        given: NO_CONTRAST.found(ContrastEvidence(given, seen)) for given in (True, False, None)
    }
    where = "120 mm of bright vessels (about 251 HU, the longest in the front part)."
    assert found[True] == f"Contrast agent was given and is seen: {where}"
    assert found[False] == f"Contrast agent is seen, though the header names none: {where}"
    assert found[None] == f"Contrast agent is seen: {where}"
    assert "none is seen" in str(NO_CONTRAST.found(ContrastEvidence(True, None)))
    assert NO_CONTRAST.found(ContrastEvidence(False, None)) is None
    assert NO_CONTRAST.found(ContrastEvidence(None, None)) is None


def test_a_synthetic_patient_with_contrast_agent():
    number = 6
    values = draw_anatomy(np.random.default_rng([77, number])).soft.values
    assert values.artery > 100
    patient = make_patient(77, number=number, spacing_mm=(4.0, 1.6, 1.6), extent_mm=(60, 60))
    seen = contrast_seen(patient.volume)
    assert seen is not None and seen.vessel_hu == pytest.approx(values.artery, rel=0.1)


@real
@pytest.mark.parametrize(
    ("name", "vessels", "organs"),
    [
        ("pelvic-ref-002/ct.zip", True, True),
        ("real-more/medimages_ct.nii.gz", True, True),
        ("real-more/tcga-ay-4070_ct.nii.gz", True, True),
        ("sarcoma-hips/STS_044_ct.nii.gz", False, True),
        ("sarcoma-hips/STS_036_ct.nii.gz", False, True),
        ("pelvic-ref-003/ct.zip", False, False),  # its calcified arteries are none
        ("real-more/lidc-chest_ct.nii.gz", False, False),
        ("totalsegmentator-example/ct.nii.gz", False, False),
        ("sarcoma-hips/STS_001_ct.nii.gz", False, False),
    ],
)
def test_real_scans_as_they_look(name, vessels, organs):
    told = {remark.code: remark.text for remark in load(DATA / name).remarks}
    text = told.get("NO_CONTRAST", "")
    assert ("vessels (about" in text) == vessels
    assert ("kidney (about" in text) == organs
