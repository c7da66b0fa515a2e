"""A result that is bad says so; a good one does not."""

import json

import numpy as np
import pytest

from femurkit.anatomy import Side
from femurkit.images import read_mask
from femurkit.locate.find import find_hips
from femurkit.measure.confidence import confidence, signs_of
from femurkit.report.build import remarks
from femurkit.segment.predict import predict
from femurkit.sources import load
from femurkit.surface.ct_edge import outlined
from femurkit.surface.field import to_mask
from femurkit.volume import Volume


def offset(hu, _):
    """The intercept was forgotten."""
    return hu + 400


def wrong_slope(hu, _):
    """The rescale slope was wrong by a third. By half, no hip is found at all."""
    return np.where(hu > -900, hu * 0.65, hu)


def shuffled(hu, top):
    """Slices stand in any order in a block of 60 mm at the top of the femurs."""
    out = hu.copy()
    out[top] = hu[np.random.default_rng(0).permutation(top)]
    return out


def repeated(hu, _):
    """Every third centimetre is one slice over and over."""
    out = hu.copy()
    for start in range(5, len(hu), 15):
        out[start : start + 5] = hu[start - 1]
    return out


@pytest.fixture(scope="module")
def scan(patient):
    return load(patient / "ct").volume


@pytest.fixture(scope="module")
def top(patient):
    """The uppermost 60 mm of slices that show a femur."""
    truth, grid = read_mask(patient / "truth" / "mask.nii.gz")
    slices = np.flatnonzero((truth > 0).any((1, 2)))
    z_mm = grid.to_world(np.c_[slices, 0 * slices, 0 * slices])[:, 2]
    return slices[z_mm > z_mm.max() - 60]


def test_a_good_result_is_trusted(both):
    out, told = both
    for row in json.loads((out / "measurements.json").read_text()):
        assert 0.5 < row["confidence"] <= 1
        (check,) = (c for c in row["checks"] if c["code"] == "CONFIDENT")
        assert check["passed"] is True
        assert check["text"] in (out / "report.html").read_text()
    assert "CONFIDENT" not in told.err


@pytest.mark.parametrize("spoil", [offset, wrong_slope, shuffled, repeated])
def test_a_spoilt_scan_is_flagged(scan, top, spoil):
    """The hip is where it is in the sound scan: in a spoilt one it may not be found at all."""
    volume = Volume(np.clip(spoil(scan.array, top), -1024, 3071).astype(np.int16), scan.grid)
    (hip,) = (h for h in find_hips(scan) if h.side is Side.LEFT)
    field = predict(volume, hip.box)
    found = confidence(signs_of(field, to_mask(outlined(field, volume)), volume))
    assert found.low, found.text


def test_the_flag_is_a_warning():
    low = {"code": "CONFIDENT", "passed": False, "text": "Confidence 0.10: why"}
    (said,) = remarks({"side": "left", "checks": [low], "not_measurable": {}})
    assert said == "Left femur fails CONFIDENT: Confidence 0.10: why."
