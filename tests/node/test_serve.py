"""A node beside a real PACS: studies in, femurs out, whatever is killed meanwhile."""

import time
from collections import Counter

from pydicom import dcmread

from femurkit.node.config import Peer
from femurkit.node.destination import send


def _study_of(series):
    return dcmread(next(series.iterdir()), stop_before_pixels=True)


def _series_in(pacs, study_uid):
    """Instances of a study by series description."""
    out = Counter()
    for identifier in pacs.json("/studies"):
        study = pacs.json(f"/studies/{identifier}")
        if study["MainDicomTags"]["StudyInstanceUID"] != study_uid:
            continue
        every = [pacs.json(f"/series/{uid}") for uid in study["Series"]]
    for series in every:
        out[series["MainDicomTags"]["SeriesDescription"]] += len(series["Instances"])
    return out


def test_a_pulled_study_survives_kills_and_comes_back_once(pacs, series, node, tmp_path):
    header = _study_of(series)
    for file in series.iterdir():
        pacs.store(file)
    options = ("--from", pacs.web, "--to", pacs.to, "--side", "left")
    folder = tmp_path / "node"
    with node(folder, *options) as here:
        assert here.ask(f"/pull/{header.StudyInstanceUID}") == 202
        here.wait("processing")
        here.kill()
    with node(folder, *options) as here:
        here.wait("processing", "sending", "done")
        time.sleep(1)
        here.kill()
    with node(folder, *options) as here:
        (study,) = here.wait("done")
        assert here.json("/health")["status"] == "ok"
        assert study["instances"] == len(list(series.iterdir()))
    in_pacs = _series_in(pacs, header.StudyInstanceUID)
    slices = len(list((folder / "results").glob("*/left/ct/*.dcm")))
    assert in_pacs["femurs, segmented by femurkit"] == 1
    assert in_pacs["femur left, segmented by femurkit"] == slices > 0
    assert in_pacs["femur left, surfaces by femurkit"] == 2
    assert not list(folder.rglob("*.part")) and not list(folder.rglob(".*"))
    said = (tmp_path / "node.log").read_text()
    kept = [p for p in folder.rglob("*") if p.suffix in (".json", ".html", ".csv", ".sqlite")]
    said += "".join(path.read_bytes().decode("latin-1") for path in kept)
    for secret in (header.PatientName, header.PatientID, header.PatientBirthDate):
        assert str(secret) and str(secret) not in said


def test_a_stored_study_goes_back_by_stow_once_the_pacs_is_there(pacs, series, node, tmp_path):
    folder = tmp_path / "node"
    options = ("--to", pacs.web, "--side", "right")
    with node(folder, *options, "--allow", "CT99") as here:
        files = sorted(series.iterdir())
        send(files, Peer("FEMURKIT", "127.0.0.1", here.port), title="CT99")
        here.wait("done")
    assert (
        _series_in(pacs, _study_of(series).StudyInstanceUID)["femur right, surfaces by femurkit"]
        == 2
    )


def test_a_study_without_femurs_is_refused_and_told(series, node, tmp_path):
    with node(tmp_path / "node") as here:
        files = sorted(series.iterdir())[:8]
        send(files, Peer("FEMURKIT", "127.0.0.1", here.port), title="CT99")
        (study,) = here.wait("refused")
    assert study["code"] == "TooShort" and "at least 60 mm" in study["message"]
    assert not (tmp_path / "node" / "results" / study["study_uid"]).exists()
