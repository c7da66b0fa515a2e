"""De-identification: nothing of the patient stays, at no depth, and what is needed does."""

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from femurkit.anatomy import Side
from femurkit.dicom import write_seg, write_segmented_series
from femurkit.dicom.anonymize import Pseudonyms, anonymous
from femurkit.dicom.write_stl import write_encapsulated_stl
from femurkit.mesh import stl_bytes
from femurkit.sources import load
from femurkit.volume import Mask

SECRETS = ("Secret^Sam", "SECRET-ID", "19640229", "Dr^Who", "Mercy Hospital", "hidden note")


def _item(**values):
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


@pytest.fixture
def named(slices, write, hu, tmp_path):
    """A series that tells on its patient in every way."""
    reference = _item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2")
    reference.ReferencedSOPInstanceUID = "1.2.3.4.5"
    inner = _item(PatientName="Secret^Sam", ImageComments="hidden note")
    every = slices(
        hu, PatientBirthDate="19640229", ReferringPhysicianName="Dr^Who", PatientAge="062Y",
        InstitutionName="Mercy Hospital", StudyDate="20260102", AcquisitionDate="20260102",
        StudyDescription="hip of Secret^Sam", SourceImageSequence=[reference],
        ViewCodeSequence=[inner],
    )  # fmt: skip
    for each in every:
        block = each.private_block(0x0011, "MAKER", create=True)
        block.add_new(1, "LO", "Secret^Sam")
        each.add_new((0x6000, 0x4000), "LT", "hidden note")
    return write(every, tmp_path / "ct")


def _everything(dataset):
    return "".join(str(element) for element in dataset.iterall())


def test_nothing_of_the_patient_stays(named):
    for header in load(named, anonymize=True).series.headers:
        text = _everything(header) + str(header.file_meta)
        assert [secret for secret in SECRETS if secret in text] == []
        assert not any(element.tag.is_private for element in header.iterall())
        assert "20260102" not in text and "062Y" not in text
        assert header.PatientIdentityRemoved == "YES"
        assert header.DeidentificationMethodCodeSequence[0].CodeValue == "113100"


def test_pixels_geometry_and_rescale_stay(named):
    plain, hidden = load(named), load(named, anonymize=True)
    assert np.array_equal(plain.volume.array, hidden.volume.array)
    assert plain.volume.grid.same_as(hidden.volume.grid)
    for keyword in ("ImagePositionPatient", "RescaleIntercept", "PixelSpacing", "InstanceNumber"):
        assert [h[keyword].value for h in plain.series.headers] == [
            h[keyword].value for h in hidden.series.headers
        ]


def test_uids_are_new_and_agree_with_each_other(named):
    plain, hidden = load(named).series, load(named, anonymize=True).series
    for keyword in (
        "SOPInstanceUID",
        "SeriesInstanceUID",
        "StudyInstanceUID",
        "FrameOfReferenceUID",
    ):
        before = [h[keyword].value for h in plain.headers]
        after = [h[keyword].value for h in hidden.headers]
        assert len(set(after)) == len(set(before)) and not set(before) & set(after)
    assert hidden.uid == hidden.headers[0].SeriesInstanceUID
    inner = hidden.headers[0].SourceImageSequence[0]
    assert inner.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert inner.ReferencedSOPInstanceUID not in ("1.2.3.4.5", "")
    assert load(named, anonymize=True).series.uid != hidden.uid, "new in each run"


def test_the_input_is_not_changed(named):
    header = load(named).series.headers[0]
    before = str(header)
    anonymous(header, Pseudonyms())
    assert str(header) == before


def test_what_is_said_of_the_scan_names_the_new_series(named):
    plain, hidden = load(named), load(named, anonymize=True)
    assert plain.series.uid not in hidden.why + hidden.name
    assert hidden.series.uid in hidden.why


def test_everything_derived_says_that_it_was_done(named, tmp_path, box):
    series = load(named, anonymize=True).series
    mask = np.zeros(series.volume.grid.shape, bool)
    mask[5:9, 4:9, 3:8] = True
    mask = Mask(mask, series.volume.grid)
    write_seg(series, {Side.LEFT: mask}, tmp_path / "seg.dcm", weights_hash="0", version="0")
    write_segmented_series(series, mask, tmp_path / "out", side=Side.LEFT)
    write_encapsulated_stl(
        series, stl_bytes(box((0, 0, 0), (9, 9, 9))), tmp_path / "s.dcm", side=Side.LEFT
    )
    files = [tmp_path / "seg.dcm", tmp_path / "s.dcm", *(tmp_path / "out").iterdir()]
    for path in files:
        dataset = dcmread(path)
        assert dataset.PatientIdentityRemoved == "YES"
        assert [secret for secret in SECRETS if secret in _everything(dataset)] == []
        assert dataset.StudyInstanceUID == series.headers[0].StudyInstanceUID
