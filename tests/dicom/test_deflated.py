"""A small file that unpacks to a large one is left out before it is unpacked."""

import struct
import zlib
from io import BytesIO

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from femurkit.dicom import find_series, slice_file
from femurkit.dicom.deflated import inflates_beyond


@pytest.fixture
def deflated(slices, write, hu, tmp_path):
    """A deflated slice as bytes."""
    made = slices(hu)
    write(made, tmp_path / "ct")
    made[0].file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made[0].save_as(tmp_path / "one", enforce_file_format=True)
    return (tmp_path / "one").read_bytes()


def test_it_is_measured_by_what_it_unpacks_to(deflated):
    (length,) = struct.unpack("<I", deflated[140:144])
    unpacked = len(zlib.decompress(deflated[144 + length :], -15))
    stream = BytesIO(deflated)
    assert not inflates_beyond(stream, unpacked)
    assert inflates_beyond(stream, unpacked - 1)
    assert stream.tell() == 0


def test_what_is_not_deflated_does_not_unpack(slices, hu, tmp_path, write):
    folder = write(slices(hu), tmp_path)
    path = next(folder.iterdir())
    assert ExplicitVRLittleEndian.encode() in path.read_bytes()
    assert not inflates_beyond(BytesIO(path.read_bytes()), 0)
    assert not inflates_beyond(BytesIO(b""), 0)


def test_a_bomb_is_left_out_as_damaged(deflated, slices, write, hu, tmp_path, monkeypatch):
    monkeypatch.setattr(slice_file, "MEMBER_LIMIT_BYTES", 100)
    folder = write(slices(hu), tmp_path / "series")
    (folder / "bomb").write_bytes(deflated)
    assert find_series(folder).left_out["damaged"] == 1
