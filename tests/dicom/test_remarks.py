"""One case for each claim on a series, built on purpose; and none that fires without reason."""

import numpy as np
import pytest
from pydicom import Dataset

from femurkit.dicom import choose, find_series, remarks
from femurkit.dicom.remarks import SERIES_CLAIMS
from femurkit.sources import load


def said(path):
    """code -> sentence of every remark."""
    found = find_series(path)
    return {r.code: str(r) for r in remarks(found, choose(found).candidate)}


def only(path, code, text):
    """That nothing else was said, and nothing of the patient."""
    told = said(path)
    assert list(told) == [code]
    assert text in told[code]
    assert "ecret" not in told[code]


def test_nothing_is_said_of_a_plain_series(tmp_path, slices, write, hu):
    assert said(write(slices(hu), tmp_path)) == {}


def test_another_series_beside_it(tmp_path, slices, write, hu):
    write(slices(hu), tmp_path, prefix="a")
    write(slices(np.tile(hu, (2, 1, 1)), series="b"), tmp_path, prefix="b")
    only(tmp_path, "SERIES_ALONE", "2 usable CT series found")


def test_a_series_that_cannot_be_used_beside_it(tmp_path, slices, write, hu):
    write(slices(hu), tmp_path, prefix="a")
    write(slices(hu[:3], series="b"), tmp_path, prefix="b")
    only(tmp_path, "SERIES_USABLE", "1 of 2 CT series cannot be used: TooShort.")
    assert "--series" not in said(tmp_path)["SERIES_USABLE"], "there is no other to name"


def test_a_damaged_file(tmp_path, slices, write, hu):
    write(slices(hu), tmp_path)
    whole = (tmp_path / "s000").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) - 200])
    only(tmp_path, "FILES_INTACT", "1 damaged DICOM file")


def test_second_copies(tmp_path, slices, write, hu):
    write(slices(hu), tmp_path / "a")
    write(slices(hu)[:3], tmp_path / "copy")
    only(tmp_path, "FILES_ONCE", "3 second copies")


def test_a_slice_that_was_put_in(tmp_path, slices, write, hu):
    folder = write([s for k, s in enumerate(slices(hu)) if k != 9], tmp_path)
    codes = {r.code: r for r in load(folder, gaps="resample").remarks}
    assert codes["NO_SLICE_MISSING"].text.startswith("1 missing slice interpolated")


def test_a_tilted_gantry(tmp_path, slices, write, hu):
    made = slices(hu)
    for index, ds in enumerate(made):
        x, y, z = ds.ImagePositionPatient
        ds.ImagePositionPatient = [x, f"{float(y) + index * 3 * np.tan(np.radians(20)):.6f}", z]
    only(write(made, tmp_path), "GANTRY_UPRIGHT", "20.0 degrees")


@pytest.mark.parametrize("how", [{"spacing_mm": (5, 0.9, 0.7)}, {"SliceThickness": 5.0}])
def test_thick_slices(tmp_path, slices, write, hu, how):
    only(write(slices(hu, **how), tmp_path), "SLICES_THIN", "Slices of 5 mm")


def test_two_acquisitions(tmp_path, slices, write, hu):
    made = slices(hu)
    for index, ds in enumerate(made):
        ds.AcquisitionNumber = 1 + (index > 9)
    only(write(made, tmp_path), "ONE_ACQUISITION", "2 acquisitions")


def test_a_scan_taken_step_by_step_is_one_acquisition(tmp_path, slices, write, hu):
    made = slices(hu)
    for index, ds in enumerate(made):
        ds.AcquisitionNumber = index + 1
    assert said(write(made, tmp_path)) == {}


def test_instance_numbers_out_of_order(tmp_path, slices, write, hu):
    made = slices(hu)
    for number, ds in zip(np.random.default_rng(2).permutation(len(made)), made, strict=True):
        ds.InstanceNumber = int(number) + 1
    only(write(made, tmp_path), "INSTANCES_IN_ORDER", "contradict")


def test_instance_numbers_that_count_down(tmp_path, slices, write, hu):
    made = slices(hu)
    for index, ds in enumerate(made):
        ds.InstanceNumber = 100 - index
    assert said(write(made, tmp_path)) == {}


def test_no_rescale(tmp_path, slices, write, hu):
    made = slices(hu, intercept=0.0, RescaleSlope=None, RescaleIntercept=None)
    only(write(made, tmp_path), "RESCALE_GIVEN", "taken as HU")


def test_contrast(tmp_path, slices, write, hu):
    item = Dataset()
    item.CodeValue = "1"
    for name, said_so in (
        ("a", {"ContrastBolusAgent": "Secret 300"}), ("b", {"ContrastBolusAgentSequence": [item]}),
    ):  # fmt: skip
        folder = write(slices(hu, **said_so), tmp_path / name)
        (remark,) = load(folder).remarks
        assert (remark.code, remark.severity) == ("NO_CONTRAST", "note")
        assert remark.text.startswith("The header says that contrast agent was given; none is seen")
        assert "ecret" not in remark.text


def test_a_projection(tmp_path, slices, write, hu):
    made = slices(hu, ImageType=["DERIVED", "SECONDARY", "AXIAL", "MIP"])
    only(write(made, tmp_path), "NO_PROJECTION", "a projection (MIP)")


@pytest.mark.parametrize("kernel", ["B70f", "BONE", "FC81", "YD", ["Br64f", "3"]])
def test_a_sharp_kernel(tmp_path, slices, write, hu, kernel):
    only(write(slices(hu, ConvolutionKernel=kernel), tmp_path), "KERNEL_NOT_SHARP", "overshoot")


@pytest.mark.parametrize("kernel", ["B30s", "STANDARD", "FC08", "B", ["Br40d", "3"], "Secret"])
def test_other_kernels(tmp_path, slices, write, hu, kernel):
    assert said(write(slices(hu, ConvolutionKernel=kernel), tmp_path)) == {}


def test_every_claim_has_a_case_here():
    import inspect
    import sys

    here = inspect.getsource(sys.modules[__name__])
    assert len({claim.code for claim in SERIES_CLAIMS}) == len(SERIES_CLAIMS)
    assert [c.code for c in SERIES_CLAIMS if f'"{c.code}"' not in here] == []
