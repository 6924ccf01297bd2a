"""A journal altered behind Mitoyen's back is found, by the check and before sealing; so is one removed or put back."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitoyen.history import batches, check, journal, read, sealing, tally, watch
from mitoyen.history.models import KeptJournal, SealedDay
from mitoyen.history.times import micros
from mitoyen.ledger.models import AuditEntry
from tests.history.conftest import brought, hours

DAY = datetime(2024, 5, 3, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)

TAMPERINGS = {
    "a value": "UPDATE observation SET value = value + 0.001 WHERE time = {at}",
    "a value's last bit": "UPDATE observation SET value = 3.0000000000000004 WHERE time = {at}",
    "a length": "UPDATE observation SET length = length - 1 WHERE time = {at}",
    "a quality": "UPDATE observation SET quality = 1 WHERE time = {at}",
    "a quality out of all bounds": "UPDATE observation SET quality = 100000 WHERE time = {at}",
    "a batch": "UPDATE observation SET batch = 8 WHERE time = {at}",
    "a datastream": "UPDATE observation SET datastream = datastream + 1 WHERE time = {at}",
    "a time": "UPDATE observation SET time = time + 1 WHERE time = {at}",
    "removed": "DELETE FROM observation WHERE time = {at}",
    "all removed": "DELETE FROM observation WHERE time < {at} + 86400000000",
    "added": "INSERT INTO observation VALUES ({at} + 1, 1, 0, 5.0, 0, 7)",
    "added where nothing was": "INSERT INTO observation VALUES ({at} + 40000000000, 1, 0, 5.0, 0, 7)",
    "two values changed about": "UPDATE observation SET value = 7.0 - value WHERE time IN ({at}, {at} + 3600000000)",
}


def appended(stream, first, values, batch=7) -> None:
    journal.append([(d, micros(t), length, v, q) for d, t, length, v, q in hours(stream, first, values)], batch)


def by_hand(home, statement: str, *values) -> None:
    """What someone does who opens the journal's file."""
    with closing(sqlite3.connect(home / "journal.sqlite3", isolation_level=None)) as other:
        other.execute(statement, values)


def codes() -> set[str]:
    return {fault.code for fault in check.check()}


@pytest.mark.parametrize("what", list(TAMPERINGS))
def test_a_row_altered_added_or_removed_is_found_and_not_sealed(electricity, home, what):
    appended(electricity, DAY, [1.0, 2.0, 3.0, 4.0])
    appended(electricity, DAY + timedelta(days=2), [5.0])
    assert codes() == set()
    by_hand(home, TAMPERINGS[what].format(at=micros(DAY) + 3 * 3_600_000_000))
    faults = check.check()
    assert {fault.code for fault in faults} == {"journal_altered"}
    assert all("2024-05-03" in fault.message and fault.next_step for fault in faults)
    assert any(re.search(r"\b7\b", fault.message) for fault in faults)
    before = journal.count()
    with pytest.raises(watch.Altered) as refusal:
        sealing.seal()
    assert [ground.message for ground in refusal.value.grounds] == [fault.message for fault in faults]
    assert "--accept-journal" in refusal.value.next_step
    assert [one.day for one in SealedDay.objects.all()] == [date(2024, 5, 5)]
    assert journal.count() == before - 1
    with pytest.raises(watch.Altered):
        sealing.seal(date(2024, 5, 3))


def test_an_altered_journal_is_taken_as_it_stands_when_told_so(electricity, home):
    appended(electricity, DAY, [1.0, 2.0, 3.0])
    by_hand(home, "UPDATE observation SET value = 20.0 WHERE value = 2.0")
    by_hand(home, "DELETE FROM observation WHERE value = 3.0")
    told = watch.accept("camille", "the meter was read wrong")
    assert len(told) == 1
    entry = AuditEntry.objects.get(action="journal.accept")
    assert "the meter was read wrong" in entry.detail
    assert told[0] in json.loads(entry.detail)["found"]
    assert codes() == set()
    assert [one.rows for one in sealing.seal()] == [2]
    assert read.readings(electricity).value.tolist() == [1.0, 20.0]
    assert watch.accept("camille", "again") == []
    assert AuditEntry.objects.filter(action="journal.accept").count() == 1


def test_what_leaves_the_journal_leaves_its_tally(electricity, home):
    live = batches.open_batch("live", "gate", "gate").pk
    appended(electricity, DAY, [1.0, 2.0, 3.0], live)
    appended(electricity, DAY + timedelta(days=1), [4.0, 5.0], live)
    appended(electricity, DAY, [1.0, 9.0, 3.0, 3.5], live + 1)
    assert codes() == set()
    sealing.seal(date(2024, 5, 3))
    assert codes() == set()
    correction = brought(hours(electricity, DAY + timedelta(days=1), [4.5]), correct=True, why="misread")
    assert codes() == set()
    batches.undo(correction, "camille", "no")
    assert codes() == set()
    appended(electricity, DAY, [1.0, 2.0, 3.25])
    assert codes() == set()
    sealing.seal()
    assert journal.count() == 0
    assert journal.observed(micros(DAY), micros(DAY) + 3 * 86_400_000_000 - 1)[1] == {}
    assert codes() == set()


def test_an_altered_row_of_a_batch_taken_back_is_still_told(electricity, home):
    batch = batches.open_batch("live", "gate", "gate")
    appended(electricity, DAY, [1.0, 2.0], batch.pk)
    by_hand(home, "UPDATE observation SET value = 20.0 WHERE value = 2.0")
    batch.state = "live"
    batch.save()
    batches.undo(batch, "camille", "wrong sensor")
    assert journal.count() == 0
    assert codes() == {"journal_altered"}


# A day's 8 slots of two datastreams, three batches.
slots = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 7), st.integers(0, 2)), max_size=12)
deeds = st.lists(
    st.tuples(st.sampled_from(["append", "append", "delete", "delete batch", "let go"]), slots, st.integers(0, 2)),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=deeds, choice=st.randoms(use_true_random=False))
def test_the_tally_is_that_of_the_rows_whatever_was_done_and_tells_one_changed(
    db, tmp_path_factory, settings, deeds, choice
):
    settings.MITOYEN_HOME = tmp_path_factory.mktemp("home")
    for deed, some, batch in deeds:
        rows = [(d, micros(DAY) + s * 150_000_000, 60, float(v), 0) for d, s, v in some]
        if deed == "append":
            journal.append(rows, batch)
        elif deed == "delete":
            journal.delete([(row[1], row[0]) for row in rows])
        elif deed == "delete batch":
            journal.delete_batch(batch)
        else:
            _found, noted = journal.observed(micros(DAY), micros(DAY) + 86_400_000_000 - 1)
            for first, last, held in tally.steps(noted, 4)[: 1 + batch]:
                assert journal.delete_between(first, last, held)
        assert watch.differences() == []
    left = journal.rows_between(micros(DAY) - 1, micros(DAY) + 86_400_000_000)
    if len(left["time"]):
        at = choice.randrange(len(left["time"]))
        key = (int(left["time"][at]), int(left["datastream"][at]))
        change = choice.choice(["value = value + 1e-12", "quality = 2", "batch = batch + 1", "length = 59"])
        by_hand(settings.MITOYEN_HOME, f"UPDATE observation SET {change} WHERE time = ? AND datastream = ?", *key)
        assert watch.differences() != []


def removed(home) -> None:
    for file in home.glob("journal.sqlite3*"):
        file.unlink()


def test_a_journal_that_was_removed_is_missed(electricity, home):
    batches.open_batch("live", "gate", "gate")
    appended(electricity, DAY, [1.0])
    with journal.closed():
        removed(home)
    assert codes() == {"journal_missing"}
    assert not (home / "journal.sqlite3").exists()
    # Another one in its place does not hide it, even once it is written to.
    batches.open_batch("live", "gate", "gate")
    appended(electricity, DAY, [2.0])
    assert codes() == {"journal_missing"}
    assert len(watch.accept("camille", "the disk died")) == 1
    assert codes() == set()
    assert KeptJournal.objects.filter(given_up_at=None).count() == 1


def test_a_journal_removed_while_in_use_is_not_written_to_in_the_void(electricity, home):
    batches.open_batch("live", "gate", "gate")
    appended(electricity, DAY, [1.0])
    removed(home)
    appended(electricity, DAY, [2.0])
    with closing(sqlite3.connect(home / "journal.sqlite3")) as other:
        assert other.execute("SELECT value FROM observation").fetchall() == [(2.0,)]
    assert codes() == {"journal_missing"}


def test_an_older_copy_of_the_journal_is_told(electricity, home, tmp_path):
    batches.open_batch("live", "gate", "gate")
    appended(electricity, DAY, [1.0])
    with journal.closed():
        shutil.copy(home / "journal.sqlite3", tmp_path / "copy")
    appended(electricity, DAY, [1.0, 2.0])
    batches.open_batch("live", "gate", "gate")
    with journal.closed():
        removed(home)
        shutil.copy(tmp_path / "copy", home / "journal.sqlite3")
    assert codes() == {"journal_older"}
    # Nor is it forgotten once more was written than had been.
    batches.open_batch("live", "gate", "gate")
    for value in range(5):
        appended(electricity, DAY + timedelta(days=1, hours=value), [1.0])
    batches.open_batch("live", "gate", "gate")
    assert codes() == {"journal_older"}
    assert len(watch.accept("camille", "no newer copy")) == 1
    assert codes() == set()


def test_an_installation_that_never_had_live_readings_is_sound(electricity, home):
    brought(hours(electricity, DAY, [1.0]))
    assert codes() == set()
    removed(home)
    assert codes() == set()


def test_a_journal_of_before_the_tally_is_told_and_can_be_taken_as_it_stands(electricity, home):
    appended(electricity, DAY, [1.0, 2.0])
    with journal.closed():
        by_hand(home, "DROP TABLE tally")
        by_hand(home, "DROP TABLE identity")
    assert codes() == {"journal_altered"}
    assert len(watch.accept("camille", "upgraded")) == 1
    assert codes() == set()
    assert [one.rows for one in sealing.seal()] == [2]


def test_a_start_mends_what_it_can_though_the_journal_is_no_database(electricity, home):
    brought(hours(electricity, DAY, [1.0]))
    with journal.closed():
        (home / "journal.sqlite3").write_bytes(b"garbage " * 3000)
    assert batches.recover() == []
    assert codes() == {"journal_damaged"}
