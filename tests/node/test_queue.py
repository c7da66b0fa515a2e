"""The queue alone: what is whole, what waits, what is done once."""

import sqlite3

import pytest

from femurkit.node.queue import MAX_ATTEMPTS, Queue


@pytest.fixture
def path(tmp_path):
    return tmp_path / "queue.sqlite"


@pytest.fixture
def queue(path):
    queue = Queue(path)
    yield queue
    queue.close()


def _received(queue, study="1.2", count=3, *, release=True):
    for number in range(count):
        queue.received(study, f"{study}.{number}", 100)
    if release:
        queue.release(study)


def _claim(queue, settle_s=0.0, patience_s=1000.0):
    return queue.claim(settle_s=settle_s, patience_s=patience_s)


def test_a_study_is_whole_when_released_and_quiet(queue):
    _received(queue)
    assert _claim(queue, settle_s=60) is None
    study = _claim(queue)
    assert (study.uid, study.state, study.instances, study.bytes) == ("1.2", "processing", 3, 300)
    assert _claim(queue) is None


def test_a_study_whose_sender_was_cut_off_waits_longer(queue):
    _received(queue, release=False)
    assert _claim(queue) is None
    assert _claim(queue, patience_s=0).uid == "1.2"


def test_an_image_sent_again_changes_nothing(queue):
    _received(queue)
    _claim(queue)
    _received(queue)
    assert queue.study("1.2").state == "processing"
    assert queue.processed("1.2", "done")
    _received(queue)
    assert queue.study("1.2").state == "done"


@pytest.mark.parametrize("state", ["processing", "sending", "done", "refused", "failed"])
def test_a_late_image_begins_the_study_again(queue, state):
    _received(queue)
    _claim(queue)
    if state != "processing":
        queue.processed("1.2", state)
    queue.received("1.2", "1.2.99", 100)
    assert queue.study("1.2").state == "receiving"
    assert not queue.processed("1.2", "done"), "the one that was under way counts no more"
    assert not queue.sent("1.2")
    queue.release("1.2")
    assert _claim(queue).instances == 4


def test_it_is_on_disk(queue, path):
    _received(queue)
    other = Queue(path)
    assert other.study("1.2").instances == 3
    other.close()
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_was_under_way_when_the_node_ended_waits_again(queue):
    _received(queue)
    for _ in range(2 * MAX_ATTEMPTS):
        assert _claim(queue).uid == "1.2"
        queue.give_back(blame=False)
    assert queue.study("1.2").state == "receiving"


def test_a_study_that_ends_the_worker_each_time_has_failed(queue):
    _received(queue)
    for _ in range(MAX_ATTEMPTS):
        assert _claim(queue).uid == "1.2"
        queue.give_back(blame=True)
    study = queue.study("1.2")
    assert (study.state, study.code) == ("failed", "Crashed")
    assert _claim(queue) is None


def test_what_could_not_be_sent_is_tried_again_later(queue):
    _received(queue)
    _claim(queue)
    queue.processed("1.2", "sending")
    assert queue.next_in("sending") == "1.2"
    queue.postpone("1.2", "sending", "sending", "NotTaken")
    assert queue.next_in("sending") is None
    assert queue.study("1.2").tries == 1


def test_a_study_that_moved_on_is_not_postponed(queue):
    _received(queue)
    _claim(queue)
    queue.postpone("1.2", "sending", "sending", "NotTaken")
    assert queue.study("1.2").state == "processing"


def test_a_forgotten_study_is_a_new_one(queue):
    _received(queue)
    _claim(queue)
    queue.processed("1.2", "done")
    assert queue.over(60) == []
    assert queue.over(-1) == ["1.2"]
    queue.forget("1.2")
    assert queue.studies() == [] and queue.all_bytes() == 0
    _received(queue)
    assert _claim(queue).uid == "1.2"


def test_a_study_asked_for_waits_until_it_is_pulled(queue):
    assert queue.ask("1.2")
    assert not queue.ask("1.2")
    assert queue.next_in("pulling") == "1.2"
    _received(queue)
    assert queue.study("1.2").state == "pulling" and _claim(queue) is None
    queue.pulled("1.2")
    assert _claim(queue).instances == 3
