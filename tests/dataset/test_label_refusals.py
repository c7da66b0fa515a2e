"""What is no label is refused, by reason and without its name."""

from __future__ import annotations

import numpy as np
import pytest

from femurkit.dataset.labels import read_labels
from femurkit.errors import InputRefused
from femurkit.images import write_mask


@pytest.mark.parametrize(
    ("values", "found"), [((1, 3), "labels 1, 3"), ((1, 2, 7), "labels 1, 2, 7")]
)
def test_other_values_are_refused(patient, tmp_path, values, found):
    array = np.zeros(patient.grid.shape, np.uint8)
    array[0, 0, : len(values)] = values
    write_mask(array, patient.grid, tmp_path / "smith.nii.gz")
    with pytest.raises(InputRefused, match=found):
        read_labels(tmp_path / "smith.nii.gz", patient.grid)


def test_structures_without_a_femur_are_refused(patient, formats, tmp_path):
    header = patient.scan.series.headers[0]
    names = {1: "bladder", 2: "femoral artery left"}
    path = formats.rtstruct(
        tmp_path / "m.dcm", patient.labels, patient.grid, header=header, names=names
    )
    with pytest.raises(InputRefused, match="none named femur"):
        read_labels(path, patient.grid)


@pytest.mark.parametrize("name", ["nothing", "note.txt", "empty", "ct"])
def test_what_is_no_label_is_refused_without_its_name(patient, tmp_path, name):
    (tmp_path / "note.txt").write_text("no")
    (tmp_path / "empty").mkdir()
    path = patient.folder / "ct" if name == "ct" else tmp_path / name
    with pytest.raises(InputRefused) as caught:
        read_labels(path, patient.grid)
    assert caught.value.code == "NothingReadable"
    assert str(tmp_path) not in str(caught.value)


def test_a_ct_slice_is_no_label(patient):
    with pytest.raises(InputRefused, match="no segmentation"):
        read_labels(next((patient.folder / "ct").iterdir()), patient.grid)


def test_coloured_pictures_and_hu_are_refused(patient, formats, tmp_path):
    from PIL import Image

    folder = formats.pictures(tmp_path / "labels", patient.labels)
    colours = np.zeros((*patient.grid.shape[1:], 3), np.uint8)
    Image.fromarray(colours + np.uint8(7)).save(folder / "slice_5.png")
    with pytest.raises(InputRefused, match="labels 1, 2, 7"):
        read_labels(folder, patient.grid)
    colours[0, 0, 1] = 200
    Image.fromarray(colours).save(folder / "slice_5.png")
    with pytest.raises(InputRefused, match="colours"):
        read_labels(folder, patient.grid)
    Image.fromarray(colours[..., 0].astype(np.uint16) + 1000).save(folder / "slice_5.png")
    with pytest.raises(InputRefused, match="up to 1000"):
        read_labels(folder, patient.grid)
