"""Real scans that show a hip in part or not at all: what is clipped is named, no hip is refused."""

import json
from pathlib import Path

import pytest

from femurkit.errors import NoFemurFound
from femurkit.pipeline import reconstruct

CASES = Path(__file__).parents[3] / "shared/data/sarcoma-hips"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="needs ../shared/data/sarcoma-hips")


def test_an_iliac_wing_is_no_femur_and_leaves_nothing(tmp_path):
    with pytest.raises(NoFemurFound, match="No proximal femur was found"):
        reconstruct(CASES / "negatives/STS_002_ct.nii.gz", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_dome_and_a_trochanter_that_are_clipped_are_named(tmp_path):
    reconstruct(CASES / "STS_029_ct.nii.gz", tmp_path / "out")
    run = json.loads((tmp_path / "out/run.json").read_text())
    said = {r["code"]: r["text"] for r in run["remarks"] if r["of"] == "left"}
    assert said.keys() == {"HEAD_IN_SCAN", "FEMUR_IN_VIEW"}
    assert "posterior edge" in said["FEMUR_IN_VIEW"]
    assert sum(text in w for text in said.values() for w in run["warnings"]) == 2
