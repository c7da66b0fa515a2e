"""What an independent validator, dciodvfy of dicom3tools, says of the files written."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from pydicom import dcmread

from femurkit.anatomy import Side
from femurkit.dicom import write_new_series, write_seg, write_segmented_series
from femurkit.dicom.write_stl import Kind, write_encapsulated_stl
from femurkit.geometry import Grid
from femurkit.images import read_mask
from femurkit.mesh import read_stl, stl_bytes
from femurkit.sources import load
from femurkit.surface.periosteal import outline_of
from femurkit.volume import Mask, Volume

DCIODVFY = shutil.which("dciodvfy")
KINDS = ("CTImage", "Segmentation", "EncapsulatedSTL")
REAL = Path(__file__).parents[3] / "shared" / "data" / "pelvic-ref-002"
pytestmark = pytest.mark.skipif(DCIODVFY is None, reason="dciodvfy (dicom3tools) is not installed")


def errors(path: Path) -> set[str]:
    """The lines in which dciodvfy finds an error; it says of every object what it took it for."""
    assert DCIODVFY is not None
    done = subprocess.run([DCIODVFY, str(path)], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    assert any(line in KINDS for line in lines), lines
    return {line for line in lines if "Error" in line}


def phantom(folder: Path, position: str) -> Path:
    hu = np.random.default_rng(0).choice([-1000, -90, 50, 800], size=(40, 32, 32)).astype(np.int16)
    grid = Grid.aligned(hu.shape, (2.0, 0.9, 0.9), (-13.3, 27.1, -500.7))
    write_new_series(
        Volume(hu, grid), folder, seed_text="1 P001", position=position,
        patient={"PatientID": "P001", "PatientName": "Phantom^P001", "PatientSex": "F"},
        extra={"ConvolutionKernel": "SHARP"},
    )  # fmt: skip
    return folder


def test_the_validator_does_find_errors(tmp_path):
    path = next(phantom(tmp_path, "HFS").iterdir())
    ds = dcmread(path)
    del ds.ImagePositionPatient
    ds.save_as(path)
    assert any("ImagePositionPatient" in line for line in errors(path))


@pytest.mark.parametrize(
    ("position", "anonymize"),
    [("HFS", False), ("FFS", False), ("HFP", False), ("FFP", False), ("HFS", True)],
)
def test_a_new_series_and_what_is_derived_from_it_have_no_errors(tmp_path, position, anonymize):
    scan = load(phantom(tmp_path / "ct", position), anonymize=anonymize)
    assert scan.series is not None
    z, y, x = np.indices(scan.volume.array.shape)
    left = Mask((abs(z - 20) < 9) & (abs(y - 16) < 5) & (x > 20), scan.volume.grid)
    right = Mask((abs(z - 20) < 7) & (abs(y - 16) < 5) & (x < 9), scan.volume.grid)
    masks = {Side.LEFT: left, Side.RIGHT: right}
    written = [*sorted((tmp_path / "ct").iterdir())[::13], tmp_path / "seg.dcm"]
    metal = Mask((abs(z - 18) < 9) & (abs(y - 16) < 2) & (x > 18), scan.volume.grid)
    write_seg(
        scan.series, masks, tmp_path / "seg.dcm", weights_hash="ab" * 32, version="1.0",
        implants={Side.LEFT: metal},
    )  # fmt: skip
    segmented = write_segmented_series(scan.series, left, tmp_path / "left", side=Side.LEFT)
    solid = outline_of(left)
    for kind in get_args(Kind):
        written.append(tmp_path / f"stl{kind}.dcm")
        write_encapsulated_stl(
            scan.series, stl_bytes(solid), written[-1], side=Side.LEFT, kind=kind
        )
    for path in [*written, segmented[0], segmented[-1]]:
        assert errors(path) == set(), path.name


def test_a_surface_comes_back_as_it_went_in(tmp_path):
    scan = load(phantom(tmp_path / "ct", "FFS"))
    assert scan.series is not None
    z, y, x = np.indices(scan.volume.array.shape)
    mesh = outline_of(Mask((abs(z - 20) < 9) & (abs(y - 16) < 5) & (x > 20), scan.volume.grid))
    write_encapsulated_stl(scan.series, stl_bytes(mesh), tmp_path / "stl.dcm", side=Side.RIGHT)
    ds = dcmread(tmp_path / "stl.dcm")
    (tmp_path / "back.stl").write_bytes(ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength])
    back = read_stl(tmp_path / "back.stl")
    assert len(back.faces) == len(mesh.faces)
    assert back.volume_mm3 == pytest.approx(mesh.volume_mm3, rel=1e-5)
    np.testing.assert_allclose(back.vertices.max(0), mesh.vertices.max(0), atol=1e-3)
    header = scan.series.headers[0]
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID", "PatientName"):
        assert ds[keyword].value == header[keyword].value
    assert len(ds.SourceInstanceSequence) == len(scan.series.headers)
    assert ds.AnatomicRegionSequence[0].CodeMeaning == "Femur"


@pytest.mark.skipif(not REAL.exists(), reason="../shared/data is not there")
def test_a_real_series_gains_no_error(tmp_path):
    scan = load(REAL / "ct.zip")
    assert scan.series is not None
    labels, grid = read_mask(REAL / "truth_femur.nii.gz")
    masks = {side: Mask(labels == side.label, grid) for side in Side}
    paths = write_segmented_series(scan.series, masks[Side.LEFT], tmp_path / "l", side=Side.LEFT)
    by_uid = {h.SOPInstanceUID: i for i, h in enumerate(scan.series.headers)}
    for path in paths[::20]:
        ds = dcmread(path)
        index = by_uid[ds.SourceImageSequence[0].ReferencedSOPInstanceUID]
        inside = masks[Side.LEFT].array[index]
        hu = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
        assert np.array_equal(hu[inside], scan.volume.array[index][inside])
        assert (hu[~inside] == -1000).all()
        source = tmp_path / "source.dcm"
        _original(ds.SourceImageSequence[0].ReferencedSOPInstanceUID, source)
        assert errors(path) <= errors(source)
    write_seg(scan.series, masks, tmp_path / "seg.dcm", weights_hash="ab" * 32, version="1.0")
    assert errors(tmp_path / "seg.dcm") == set()


def _original(uid: str, path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(REAL / "ct.zip") as archive:
        path.write_bytes(archive.read(next(n for n in archive.namelist() if uid in n)))
