"""What the node answers to those who send, over a real association on loopback."""

from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.uid import CTImageStorage, MRImageStorage
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from femurkit.node.config import NodeConfig, Peer, peer_of
from femurkit.node.inbox import Unreadable, is_uid
from femurkit.node.page import asked, health, listing
from femurkit.node.receiver import Receiver
from femurkit.node.worker import inbox_of, open_queue


@pytest.fixture
def listening(tmp_path):
    """Start a receiver with these settings; receiver, queue and inbox."""
    opened = []

    def start(**settings):
        settings = {"min_free_mb": 0, **settings}
        config = NodeConfig(folder=tmp_path, port=0, **settings)
        queue = open_queue(tmp_path)
        inbox = inbox_of(config, queue)
        receiver = Receiver(config, inbox, queue).start()
        opened.append((receiver, queue))
        return receiver, queue, inbox

    yield start
    for receiver, queue in opened:
        receiver.__exit__()
        queue.close()


def _associate(receiver, title="CT99", classes=(CTImageStorage, Verification)):
    ae = AE(title)
    for each in classes:
        ae.add_requested_context(each)
    return ae.associate("127.0.0.1", receiver.port)


@pytest.fixture
def slice_(series):
    return dcmread(sorted(series.iterdir())[0])


def test_it_answers_an_echo(listening):
    receiver, _, _ = listening()
    association = _associate(receiver)
    assert association.send_c_echo().Status == 0
    association.release()


def test_what_it_took_is_on_disk_byte_for_byte(listening, series):
    receiver, queue, inbox = listening()
    association = _associate(receiver)
    sent = [dcmread(path) for path in sorted(series.iterdir())[:3]]
    assert [association.send_c_store(each).Status for each in (*sent, sent[0])] == [0] * 4
    association.release()
    (study,) = queue.studies()
    assert (study.uid, study.instances) == (sent[0].StudyInstanceUID, 3)
    kept = [dcmread(path) for path in inbox.study(study.uid).iterdir()]
    assert {d.SOPInstanceUID: d.PixelData for d in kept} == {
        d.SOPInstanceUID: d.PixelData for d in sent
    }
    assert queue.claim(settle_s=0, patience_s=1000).uid == study.uid, "released"


def test_only_known_titles_may_send(listening):
    receiver, _, _ = listening(peers=("CT01",))
    assert not _associate(receiver, "CT99").is_established
    association = _associate(receiver, "CT01")
    assert association.is_established
    association.release()


def test_it_listens_on_this_machine_alone(listening):
    receiver, _, _ = listening()
    assert receiver._server.server_address[0] == "127.0.0.1"


def test_what_is_no_ct_is_not_negotiated(listening):
    receiver, _, _ = listening()
    assert not _associate(receiver, classes=(MRImageStorage,)).is_established


@pytest.mark.filterwarnings("ignore:.*VR UI")
@pytest.mark.parametrize("uid", ["../../etc/passwd", "1.2/3", "", "1" * 65])
def test_a_uid_that_is_none_becomes_no_path(listening, slice_, uid, tmp_path):
    receiver, queue, _ = listening()
    slice_.StudyInstanceUID = uid
    association = _associate(receiver)
    assert association.send_c_store(slice_).Status == 0xC000
    association.release()
    assert queue.studies() == []
    assert not list(tmp_path.rglob("*.dcm"))


@pytest.mark.parametrize(
    "limit", [{"max_study_mb": 0}, {"max_disk_mb": 0}, {"min_free_mb": 1 << 40}]
)
def test_what_is_too_much_is_not_taken(listening, slice_, limit, tmp_path):
    receiver, queue, _ = listening(**limit)
    association = _associate(receiver)
    assert association.send_c_store(slice_).Status == 0xA700
    association.release()
    assert queue.studies() == [] and not list(tmp_path.rglob("*.dcm"))


def test_so_many_senders_and_no_more(listening):
    receiver, _, _ = listening(max_associations=1)
    first = _associate(receiver)
    assert first.is_established
    assert not _associate(receiver).is_established
    first.release()


def test_bytes_that_are_no_dicom_are_refused(listening):
    _, _, inbox = listening()
    for content in (b"", b"nothing" * 100):
        with pytest.raises(Unreadable):
            inbox.keep(content)


def test_what_a_killed_node_left_is_swept(listening, slice_, tmp_path):
    _, _, inbox = listening()
    stream = BytesIO()
    slice_.save_as(stream, enforce_file_format=True)
    study = inbox.keep(stream.getvalue()).study
    (inbox.study(study) / "x.part").write_bytes(b"half")
    unknown = tmp_path / "received" / "1.2.3"
    unknown.mkdir()
    inbox.sweep()
    assert not unknown.exists()
    assert [path.suffix for path in inbox.study(study).iterdir()] == [".dcm"]
    inbox.drop(study, results=True)
    assert not inbox.study(study).exists()


def test_queue_and_health_say_nothing_of_the_patient(listening, slice_, tmp_path):
    _, queue, inbox = listening()
    stream = BytesIO()
    slice_.save_as(stream, enforce_file_format=True)
    inbox.keep(stream.getvalue())
    config = NodeConfig(folder=tmp_path)
    code, shown = listing(queue)
    assert code == 200 and shown["studies"][0]["study_uid"] == slice_.StudyInstanceUID
    assert health(config, queue, worker_alive=True)[0] == 200
    assert health(config, queue, worker_alive=False)[0] == 503
    said = str(shown) + (tmp_path / "queue.sqlite").read_bytes().decode("latin-1")
    for secret in (slice_.PatientName, slice_.PatientID, slice_.PatientBirthDate):
        assert str(secret) and str(secret) not in said


def test_a_study_is_asked_for_by_its_uid(listening, tmp_path):
    _, queue, _ = listening()
    assert asked("1.2", NodeConfig(folder=tmp_path), queue)[0] == 409
    config = NodeConfig(folder=tmp_path, source="http://127.0.0.1:1")
    assert asked("../1", config, queue)[0] == 400
    assert [asked("1.2", config, queue)[0] for _ in range(2)] == [202, 200]


def test_addresses():
    assert peer_of("PACS@host:104") == Peer("PACS", "host", 104)
    assert peer_of("MY PACS@[::1]:104") == Peer("MY PACS", "::1", 104)
    assert peer_of("http://host/dicom-web/") == "http://host/dicom-web"
    for wrong in ("host:104", "PACS@host", "PACS@host:99999", "SEVENTEEN_LETTERS@h:1", "ftp://x"):
        with pytest.raises(ValueError):
            peer_of(wrong)


def test_uids():
    assert is_uid("1.2.840.10008") and not is_uid("1..2") and not is_uid(".") and not is_uid("1.2.")
