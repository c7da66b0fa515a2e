"""What a PACS makes of our objects, and where a reader that is not ours finds the femur in them."""

import json
import subprocess
from pathlib import Path

import dcmqi
import numpy as np
import pytest
import SimpleITK
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread

from femurkit.anatomy import Side
from femurkit.dicom import write_new_series, write_seg, write_segmented_series
from femurkit.dicom.write_stl import write_encapsulated_stl
from femurkit.geometry import Grid
from femurkit.mesh import stl_bytes
from femurkit.sources import load
from femurkit.surface.periosteal import outline_of
from femurkit.volume import Mask, Volume

SEGIMAGE2ITK = Path(dcmqi.__file__).parent / "bin" / "segimage2itkimage"
SHAPE = (26, 40, 30)


def _body(grid):
    """Noise around a lop-sided lump of bone, and the lump: no flip or turn leaves it as it is."""
    z, y, x = np.indices(grid.shape)
    lump = (abs(z - 10) < 6) & (y > 6) & (y < 15 + z) & (x > 16) & (x < 26 - z // 4)
    hu = np.random.default_rng(0).choice([-1000, -90, 50], size=grid.shape)
    return Volume(np.where(lump, 900, hu).astype(np.int16), grid), lump


def _series(folder, position):
    """A CT series in one of the positions, or of a tilted gantry."""
    volume, _ = _body(Grid.aligned(SHAPE, (2.5, 0.8, 0.8), (-13.3, 27.1, -500.7)))
    lying = "HFS" if position == "tilted" else position
    write_new_series(
        volume, folder, seed_text=f"pacs {position}", position=lying,
        patient={"PatientID": position, "PatientName": "Phantom^Pacs"},
    )  # fmt: skip
    for path in folder.iterdir() if position == "tilted" else ():
        header = dcmread(path)
        angle = np.radians(12)
        header.ImageOrientationPatient = [
            1,
            0,
            0,
            0,
            round(np.cos(angle), 9),
            round(np.sin(angle), 9),
        ]
        header.save_as(path)
    return folder


@pytest.fixture(scope="module", params=["HFS", "FFS", "HFP", "FFP", "tilted"])
def written(request, tmp_path_factory):
    """A series, the mask of its lump, and what was derived from them."""
    folder = tmp_path_factory.mktemp(request.param)
    scan = load(_series(folder / "ct", request.param))
    mask = Mask(scan.volume.array == 900, scan.volume.grid)
    out = folder / "out"
    out.mkdir()
    write_seg(scan.series, {Side.LEFT: mask}, out / "seg.dcm", weights_hash="ab", version="1")
    write_segmented_series(scan.series, mask, out / "ct", side=Side.LEFT)
    write_encapsulated_stl(
        scan.series, stl_bytes(outline_of(mask)), out / "stl.dcm", side=Side.LEFT
    )
    return scan, mask, [*(folder / "ct").iterdir(), *out.rglob("*.dcm")]


@pytest.fixture(scope="module")
def returned(written, pacs):
    """SOP instance UID -> data set, stored in Orthanc and fetched again by DICOMweb."""
    scan, _, files = written
    for file in files:
        assert pacs.store(file)["Status"] in ("Success", "AlreadyStored")
    study = scan.series.headers[0].StudyInstanceUID
    fetched = DICOMwebClient(pacs.web).retrieve_study(study)
    assert len(fetched) == len(files)
    return {ds.SOPInstanceUID: ds for ds in fetched}


def test_it_returns_them_with_identical_pixels(written, returned):
    for file in written[2]:
        sent = dcmread(file)
        back = returned[sent.SOPInstanceUID]
        content = "PixelData" if "PixelData" in sent else "EncapsulatedDocument"
        assert back[content].value == sent[content].value
        assert back.SOPClassUID == sent.SOPClassUID
        assert back.FrameOfReferenceUID == sent.FrameOfReferenceUID


def test_an_independent_reader_finds_the_femur_voxel_for_voxel(written, returned, tmp_path):
    """dcmqi places the SEG, pydicom the CT slices; both came from the PACS."""
    (seg,) = [ds for ds in returned.values() if ds.Modality == "SEG"]
    seg.save_as(tmp_path / "seg.dcm", enforce_file_format=True)
    (tmp_path / "q").mkdir()
    subprocess.run(
        [SEGIMAGE2ITK, "--inputDICOM", tmp_path / "seg.dcm", "--outputDirectory", tmp_path / "q",
         "--outputType", "nrrd"],
        check=True, capture_output=True,
    )  # fmt: skip
    (image,) = (SimpleITK.ReadImage(str(path)) for path in (tmp_path / "q").glob("*.nrrd"))
    labels = SimpleITK.GetArrayFromImage(image)
    told = json.loads(next((tmp_path / "q").glob("*.json")).read_text())
    assert told["segmentAttributes"][0][0]["SegmentLabel"] == "Left femur"
    sources = [ds for ds in returned.values() if ds.get("ImageType", [""])[0] == "ORIGINAL"]
    assert len(sources) == SHAPE[0]
    count = 0
    for ds in sources:
        hu = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
        for row, column in np.argwhere(hu == 900):
            index = _index(image, labels, seg, ds, row, column)
            assert labels[index] == 1
            count += 1
    assert count == np.count_nonzero(labels) == np.count_nonzero(written[1].array)


def _index(image, labels, seg, ds, row, column):
    """Index in dcmqi's image of a pixel of a CT slice."""
    x, y, z = image.TransformPhysicalPointToContinuousIndex(_place(ds, row, column))
    index = np.rint([z, y, x]).astype(int)
    if abs(index - [z, y, x]).max() < 0.01:
        return tuple(index)
    # ITK's images have right angles and cannot lean as slices of a tilted gantry do: dcmqi's voxels
    # are compared slice by slice, and where the frame lies is read from the frame.
    assert ds.PatientID == "tilted" and labels.shape[1:] == (ds.Rows, ds.Columns)
    frames = {
        frame.PlanePositionSequence[0].ImagePositionPatient[2]: frame
        for frame in seg.PerFrameFunctionalGroupsSequence
    }
    height = ds.ImagePositionPatient[2]
    (shared,) = seg.SharedFunctionalGroupsSequence
    np.testing.assert_allclose(
        frames[height].PlanePositionSequence[0].ImagePositionPatient, ds.ImagePositionPatient
    )
    np.testing.assert_allclose(
        shared.PlaneOrientationSequence[0].ImageOrientationPatient, ds.ImageOrientationPatient
    )
    return sorted(frames).index(height), row, column


def _place(ds, row, column):
    """Where a pixel of a slice lies, LPS mm (PS3.3 C.7.6.2.1.1)."""
    along_row, along_column = np.array(ds.ImageOrientationPatient, float).reshape(2, 3)
    between_rows, between_columns = map(float, ds.PixelSpacing)
    place = np.array(ds.ImagePositionPatient, float)
    place += along_row * between_columns * column + along_column * between_rows * row
    return place.tolist()
